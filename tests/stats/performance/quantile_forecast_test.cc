// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/quantile_forecast.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Numbers = std::vector<double>;
const Numbers levels{0.1, 0.25, 0.5, 0.75, 0.9};

TEST_CASE("quantile forecast: parts, WIS and bias worked by hand, below, inside and above") {
  const Numbers q{2, 4, 6, 9, 13};  // K = 2.5
  const double dispersion = (0.1 * 11 + 0.25 * 5) / 2.5;
  const auto inside = score_quantiles(levels, q, 7).value();
  CHECK(inside.dispersion == Approx(dispersion));
  CHECK(inside.overprediction == 0);
  CHECK(inside.underprediction == Approx(0.5 * 1 / 2.5));
  CHECK(inside.wis == Approx(dispersion + 0.2));
  CHECK(inside.bias == Approx(1 - 2 * 0.75));  // the first quantile that reaches 7 is at .75
  CHECK(inside.ae_median == 1);
  const auto below = score_quantiles(levels, q, 3).value();
  CHECK(below.overprediction == Approx((1 + 0.5 * 3) / 2.5));
  CHECK(below.underprediction == 0);
  CHECK(below.bias == Approx(1 - 2 * 0.1));
  const auto above = score_quantiles(levels, q, 20).value();
  CHECK(above.underprediction == Approx((11 + 7 + 0.5 * 14) / 2.5));
  CHECK(above.bias == -1);
  CHECK(score_quantiles(levels, q, 1).value().bias == 1);
  CHECK(score_quantiles(levels, q, 6).value().bias == 0);
  CHECK(score_quantiles(levels, q, 2).value().bias == Approx(0.8));  // on a quantile
  CHECK(score_quantiles(levels, q, 13).value().bias == Approx(-0.8));
}

TEST_CASE("quantile forecast: the median alone gives the absolute error") {
  const auto one = score_quantiles(Numbers{0.5}, Numbers{4}, 7).value();
  CHECK(one.wis == 3);
  CHECK(one.underprediction == 3);
  CHECK(one.bias == -1);
}

TEST_CASE("quantile forecast: coverage counts both ends of an interval") {
  QuantileForecastState state(levels);
  const Numbers q{2, 4, 6, 9, 13};
  for (const double y : {1.0, 2.0, 4.0, 6.0, 9.0, 9.5, 13.0, 14.0}) REQUIRE(state.add(q, y));
  CHECK(state.coverage(0.5).value() == 3 / 8.);                // 4 6 9
  CHECK(state.interval_coverage(0.1, 0.9).value() == 6 / 8.);  // all but 1 and 14
  CHECK(state.interval_coverage(0.25, 0.9).value() == 5 / 8.);
  CHECK(state.quantile_coverage(0.1).value() == 2 / 8.);
  CHECK(state.quantile_coverage(0.5).value() == 4 / 8.);
  CHECK(state.pinball(0.9).value() == Approx((1.2 + 1.1 + 0.9 + 0.7 + 0.4 + 0.35 + 0 + 0.9) / 8));
}

TEST_CASE("quantile forecast: undefined and unusable forecasts") {
  CHECK_FALSE(scorable_levels(Numbers{}));
  CHECK_FALSE(scorable_levels(Numbers{0.25, 0.75}));       // no median
  CHECK_FALSE(scorable_levels(Numbers{0.1, 0.5, 0.8}));    // not symmetric
  CHECK_FALSE(scorable_levels(Numbers{0.25, 0.5, 0.5}));   // twice
  CHECK_FALSE(scorable_levels(Numbers{0, 0.5, 1}));        // no quantiles
  CHECK_FALSE(scorable_levels(Numbers{0.75, 0.5, 0.25}));  // descending
  CHECK(scorable_levels(levels));
  CHECK(score_quantiles(Numbers{0.25, 0.75}, Numbers{1, 2}, 1).error() == Undefined::out_of_domain);
  CHECK(score_quantiles(levels, Numbers{1, 2, 3, 5, 4}, 1).error() == Undefined::out_of_domain);
  QuantileForecastState state(levels);
  CHECK(state.mean().error() == Undefined::no_data);
  CHECK(state.coverage(0.5).error() == Undefined::no_data);
  CHECK(state.pinball(0.5).error() == Undefined::no_data);
  CHECK(state.quantile_coverage(0.5).error() == Undefined::no_data);
  CHECK_FALSE(state.add(Numbers{1, 2, 3, 5, 4}, 1));
  CHECK_FALSE(state.add(Numbers{1, 2, 3, 4, 5}, std::nan("")));
  CHECK_FALSE(state.add(Numbers{1, 2, 3, std::nan(""), 5}, 1));
  CHECK_FALSE(state.add(Numbers{1, 2, 3, 4, 1e300}, 1));
  CHECK(state.n() == 0);
  REQUIRE(state.add(Numbers{1, 2, 3, 4, 5}, 1));
  CHECK(state.coverage(0.95).error() == Undefined::out_of_domain);
  CHECK(state.pinball(0.05).error() == Undefined::out_of_domain);
  CHECK(state.quantile_coverage(0.3).error() == Undefined::out_of_domain);
}

TEST_CASE("quantile forecast: WIS is twice the mean pinball loss; scores scale, mirror and merge") {
  const auto seed = testing::seed_of("quantile forecasts");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<double> normal;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    QuantileForecastState whole(levels), first(levels), second(levels);
    for (int i = 0; i < 5; ++i) {
      Numbers q(levels.size());
      for (auto& value : q) value = round % 2 == 0 ? normal(rng) : static_cast<double>(rng() % 6);
      std::sort(q.begin(), q.end());
      const double y = round % 2 == 0 ? normal(rng) : static_cast<double>(rng() % 6);
      const auto score = score_quantiles(levels, q, y).value();
      double pinball = 0;
      for (std::size_t a = 0; a < q.size(); ++a) {
        pinball += 2 * ((y <= q[a] ? 1 : 0) - levels[a]) * (q[a] - y) / static_cast<double>(q.size());
      }
      REQUIRE(score.wis == Approx(pinball).margin(1e-14));
      REQUIRE((score.dispersion >= 0 && score.overprediction >= 0 && score.underprediction >= 0));
      REQUIRE((-1 <= score.bias && score.bias <= 1));

      Numbers mirrored(q.size()), scaled(q.size());
      for (std::size_t a = 0; a < q.size(); ++a) {
        mirrored[a] = -q[q.size() - 1 - a];
        scaled[a] = 8 * q[a];
      }
      const auto mirror = score_quantiles(levels, mirrored, -y).value();
      REQUIRE(mirror.overprediction == score.underprediction);
      REQUIRE(mirror.wis == Approx(score.wis).margin(1e-14));
      REQUIRE(mirror.bias == Approx(-score.bias).margin(1e-15));
      REQUIRE(score_quantiles(levels, scaled, 8 * y).value().wis == 8 * score.wis);

      REQUIRE(whole.add(q, y));
      REQUIRE((i % 2 == 0 ? first : second).add(q, y));
    }
    auto merged = second;
    merged += first;
    REQUIRE(merged == whole);
    merged -= second;
    REQUIRE(merged == first);
    REQUIRE(testing::read_back(QuantileForecastState(levels), testing::bytes_of(whole)) == whole);
    const auto wide = whole.interval_coverage(0.1, 0.9).value(), narrow = whole.coverage(0.5).value();
    REQUIRE((0 <= narrow && narrow <= wide && wide <= 1));
  }
}

TEST_CASE("quantile forecast: damaged or foreign bytes are refused") {
  QuantileForecastState state(levels);
  REQUIRE(state.add(Numbers{1, 2, 3, 4, 5}, 1));
  const auto bytes = testing::bytes_of(state);
  testing::check_cuts_refused(QuantileForecastState(levels), bytes);
  for (const auto& others : {Numbers{0.5}, Numbers{0.05, 0.25, 0.5, 0.75, 0.95}}) {
    QuantileForecastState other(others);
    ByteReader in(bytes);
    CHECK_THROWS_AS(other.read(in), CorruptBytes);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
