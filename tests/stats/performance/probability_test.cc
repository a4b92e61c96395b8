// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/probability.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/performance/calibration.h"
#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("probabilities: Brier score, log loss, ECE and MCE worked by hand") {
  ProbabilityState state;
  state.add(0.9, true);    // bin 9
  state.add(0.95, false);  // bin 9
  state.add(0.2, false, 2);
  CHECK(state.n() == 4);
  CHECK(state.brier().value() == Approx((0.01 + 0.9025 + 2 * 0.04) / 4).epsilon(1e-14));
  CHECK(state.log_loss().value() == Approx(-(std::log(0.9) + std::log(0.05) + 2 * std::log(0.8)) / 4).epsilon(1e-14));
  CHECK(state.ece().value() == Approx((std::abs(1 - 1.85) + 0.4) / 4).epsilon(1e-14));
  CHECK(state.mce().value() == Approx(0.425).epsilon(1e-14));  // of bin 9: |.5 - .925|
  CHECK(state.bin(9).n == 2);
  CHECK(state.bin(9).positive_rate == 0.5);
  CHECK(state.bin(9).mean_score == Approx(0.925));
  CHECK(state.bin(2).mean_score == Approx(0.2));
  CHECK(state.bin(0).n == 0);
}

TEST_CASE("probabilities: nothing counted is undefined, a sure and wrong case costs what the clip allows") {
  ProbabilityState state;
  for (const auto& figure : {state.brier(), state.log_loss(), state.log_loss_machine(), state.ece(), state.mce()}) {
    CHECK(figure.error() == Undefined::no_data);
  }
  state.add(0, true);
  CHECK(state.brier().value() == 1);
  CHECK(state.log_loss().value() == Approx(15 * std::log(10.)));
  CHECK(state.log_loss_machine().value() == Approx(52 * std::log(2.)));
  CHECK(state.ece().value() == 1);
  state.add(1, true);
  CHECK(state.bin(9).n == 1);  // p = 1 belongs to the last bin
}

TEST_CASE("probabilities: order, grouping and take-backs change no bit; figures stay in range") {
  const auto seed = testing::seed_of("probabilities");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<ScoredCase> rows(1 + rng() % 20);
    for (auto& row : rows) row = {rng() % 4 == 0 ? static_cast<double>(rng() % 11) / 10 : uniform(rng), rng() % 2 == 0};
    ProbabilityState whole, shuffled, first, second;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      whole.add(rows[i].score, rows[i].positive);
      (i % 3 == 0 ? first : second).add(rows[i].score, rows[i].positive);
    }
    std::shuffle(rows.begin(), rows.end(), rng);
    for (const auto& row : rows) shuffled.add(row.score, row.positive);
    REQUIRE(shuffled == whole);
    auto merged = second;
    merged += first;
    REQUIRE(merged == whole);
    merged -= second;
    REQUIRE(merged == first);
    for (const auto& row : rows) shuffled.add(row.score, row.positive, -1);
    REQUIRE(shuffled == ProbabilityState{});
    REQUIRE(testing::read_back(ProbabilityState{}, testing::bytes_of(whole)) == whole);

    REQUIRE((0 <= *whole.brier() && *whole.brier() <= 1));
    REQUIRE((0 <= *whole.ece() && *whole.ece() <= *whole.mce() + 1e-15 && *whole.mce() <= 1));
    REQUIRE(*whole.log_loss() <= *whole.log_loss_machine() + 1e-15);
    REQUIRE(*whole.log_loss() >= *whole.brier() - 1e-12);  // -ln(1 - d) >= d >= d^2
  }
}

TEST_CASE("probabilities: damaged bytes are refused") {
  ProbabilityState state;
  state.add(0.3, true);
  testing::check_cuts_refused(ProbabilityState{}, testing::bytes_of(state));
  ProbabilityState none;  // a count without its bin
  auto bytes = testing::bytes_of(none);
  bytes[0] = 2;  // zigzag of 1
  ByteReader in(bytes);
  CHECK_THROWS_AS(none.read(in), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
