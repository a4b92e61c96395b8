// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/dle.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Live = std::vector<std::uint64_t>;

TEST_CASE("dle: worked by hand, errors 1 3 below the edge and 2 2 above it") {
  DleReference reference({10});
  reference.add(1, 2);
  reference.add(13, 10);  // f = 10 is still in the first bin
  reference.add(18, 20);
  reference.add(22, 20);
  const auto low = reference.bin(0).value(), high = reference.bin(1).value();
  CHECK(low.mean_absolute == 2);
  CHECK(low.variance_absolute == Approx(2));
  CHECK(low.mean_square == 5);
  CHECK(low.variance_square == Approx(32));  // squares 1 and 9
  CHECK(high.variance_absolute == 0);
  // three live predictions below, one above
  const auto mae = dle_mae(reference, Live{3, 1}).value();
  CHECK(mae.estimate() == 2);
  CHECK(mae.standard_error() == Approx(std::sqrt(0.75 * 2 / 4 + 0.75 * 0.75 * 2 / 2)));
  const auto rmse = dle_rmse(reference, Live{3, 1}).value();
  CHECK(rmse.estimate() == Approx(std::sqrt(0.75 * 5 + 0.25 * 4)));
  CHECK(rmse.standard_error() == Approx(std::sqrt(0.75 * 32 / 4 + 0.75 * 0.75 * 32 / 2) / (2 * std::sqrt(4.75))));
  CHECK(dle_rmse(reference, Live{0, 5}).value().estimate() == 2);
}

TEST_CASE("dle: undefined without live predictions or without reference cases where they fall") {
  DleReference reference({10});
  CHECK(dle_mae(reference, Live{0, 0}).error() == Undefined::no_data);
  CHECK(dle_mae(reference, Live{1, 0}).error() == Undefined::no_reference);
  reference.add(1, 2);
  CHECK(dle_rmse(reference, Live{1, 0}).error() == Undefined::too_few);
  reference.add(1, 2);
  CHECK(dle_mae(reference, Live{1, 0}).value().estimate() == 1);
  CHECK(dle_mae(reference, Live{1, 1}).error() == Undefined::no_reference);
  CHECK_FALSE(DleReference::fits(0, 2 * DleReference::max_error));
  CHECK_FALSE(DleReference::fits(std::nan(""), 0));
  CHECK(DleReference::fits(1e15, 1e15 + 8));
  DleReference exact({});
  exact.add(3, 3, 2);
  CHECK(dle_rmse(exact, Live{4}).value().estimate() == 0);
  CHECK(dle_rmse(exact, Live{4}).value().standard_error() == 0);
}

TEST_CASE("dle: order, grouping and take-backs change no bit") {
  const auto seed = testing::seed_of("dle states");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<double> normal;
  for (int round = 0; round < 10'000; ++round) {
    DleReference whole({-1, 0, 1}), first = whole, second = whole;
    for (int i = 0; i < 12; ++i) {
      const double f = normal(rng), y = f + normal(rng);
      const auto times = static_cast<std::int64_t>(1 + rng() % 3);
      whole.add(y, f, times);
      (i % 2 == 0 ? first : second).add(y, f, times);
    }
    auto merged = second;
    merged += first;
    REQUIRE(merged == whole);
    merged -= second;
    REQUIRE(merged == first);
    REQUIRE(testing::read_back(DleReference({-1, 0, 1}), testing::bytes_of(whole)) == whole);
    for (std::size_t i = 0; i < whole.bins(); ++i) {
      if (const auto bin = whole.bin(i)) {
        REQUIRE((bin->variance_absolute >= 0 && bin->variance_square >= 0));
        REQUIRE(bin->mean_square >= bin->mean_absolute * bin->mean_absolute - 1e-12);
      }
    }
  }
  DleReference some({0});
  some.add(1, 2);
  testing::check_cuts_refused(DleReference({0}), testing::bytes_of(some));
  const auto bytes = testing::bytes_of(some);
  DleReference other({1});
  ByteReader in(bytes);
  CHECK_THROWS_AS(other.read(in), CorruptBytes);
}

TEST_CASE("dle: follows a shift of the predictions, and its standard error is the scatter of what comes out") {
  // the error grows with the prediction: sd 1 + f on [0, 4]
  const auto seed = testing::seed_of("dle against outcomes");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  std::normal_distribution<double> normal;
  std::vector<double> edges;
  for (int i = 1; i < 40; ++i) edges.push_back(i / 10.);
  constexpr int rounds = 2000, live_n = 200;
  double mae_sum = 0, mae_squares = 0, mae_se = 0, rmse_squares = 0, rmse_se = 0, shifted = 0, level = 0;
  for (int round = 0; round < rounds; ++round) {
    DleReference reference(edges);
    for (int i = 0; i < 1000; ++i) {
      const double f = 4 * uniform(rng);
      reference.add(f + (1 + f) * normal(rng), f);
    }
    Live live(reference.bins());
    double absolute = 0, square = 0;
    for (int i = 0; i < live_n; ++i) {
      const double f = 2 + 2 * uniform(rng), error = (1 + f) * normal(rng);  // only the upper half is seen live
      ++live[reference.bin_of(f)];
      absolute += std::abs(error) / live_n;
      square += error * error / live_n;
    }
    const auto mae = dle_mae(reference, live).value(), rmse = dle_rmse(reference, live).value();
    const double d = absolute - mae.estimate(), e = std::sqrt(square) - rmse.estimate();
    mae_sum += d / rounds;
    mae_squares += d * d / rounds;
    mae_se += mae.standard_error() / rounds;
    rmse_squares += e * e / rounds;
    rmse_se += rmse.standard_error() / rounds;
    shifted += mae.estimate() / rounds;
    level += dle_mae(reference, Live(reference.bins(), 1)).value().estimate() / rounds;
  }
  CHECK(std::abs(mae_sum) < 5 * mae_se / std::sqrt(rounds) + 0.005);
  CHECK(std::sqrt(mae_squares) == Approx(mae_se).epsilon(0.1));
  CHECK(std::sqrt(rmse_squares) == Approx(rmse_se).epsilon(0.12));
  CHECK(shifted == Approx(4 * std::sqrt(2 / M_PI)).epsilon(0.01));  // mean sd 4 on the upper half
  CHECK(level == Approx(3 * std::sqrt(2 / M_PI)).epsilon(0.01));    // 3 on the whole
}

}  // namespace
}  // namespace pilotwatch::stats
