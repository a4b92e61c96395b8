// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/category.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/sequential/bets.h"
#include "stats/sequential/tolerance.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("category bets: worked by hand, and fair for every share") {
  CHECK(category_e(true, .5, 3) == Approx(1.5));  // q1 = 3/4
  CHECK(category_e(false, .5, 3) == Approx(.5));
  for (const double q : {.001, .2, .97}) {
    for (const double odds : category_odds) {
      CHECK(q * category_e(true, q, odds) + (1 - q) * category_e(false, q, odds) == Approx(1).epsilon(1e-14));
    }
  }
}

TEST_CASE("category hits: of the category almost always, of the others almost never, q of all on average") {
  CHECK(category_hit(true, .1, .1, .5));
  CHECK_FALSE(category_hit(false, .1, .1, .9));
  int hits = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const double tie = tie_breaker(1, i);
    hits += category_hit(tie_breaker(2, i) < .2, .23, .2, tie) ? 1 : 0;  // p = the share of the bag
  }
  CHECK(hits / 100'000. == Approx(.23).margin(.006));
}

TEST_CASE("category drift: a category that doubles is seen and named, stable shares are not") {
  const CategoryReference reference{{700, 200, 100, 0}};
  std::mt19937_64 rng{11};
  CategoryDrift detector(reference, 20, Thresholds{1e5});
  std::discrete_distribution<std::size_t> before{70, 20, 10, 0}, after{60, 20, 20, 0}, unseen{65, 20, 10, 5};
  std::uint64_t t = 0;
  for (; t < 10'000; ++t) REQUIRE(detector.step(before(rng), tie_breaker(3, t), 1) != Signal::alarm);
  auto grown = detector;
  bool alarm = false;
  for (; t < 11'500 && !alarm; ++t) {
    const auto s = grown.by_category();
    alarm = grown.step(after(rng), tie_breaker(3, t), 1) == Signal::alarm;
    if (alarm) CHECK(std::max_element(s.begin(), s.end()) - s.begin() == 2);
  }
  CHECK(alarm);
  CHECK(grown.alarmed().change_point * 20 == Approx(10'000).margin(2000));  // an estimate
  CHECK(grown.s() == 0);
  alarm = false;
  for (t = 10'000; t < 10'700 && !alarm; ++t) alarm = detector.step(unseen(rng), tie_breaker(3, t), 1) == Signal::alarm;
  CHECK(alarm);
}

TEST_CASE("reference rate: a rise is seen, a fall is not") {
  std::mt19937_64 rng{13};
  ReferenceRate rises(50, 1000, 1, Thresholds{1e4}), falls(50, 1000, 1, Thresholds{1e4});
  bool alarm = false;
  for (std::uint64_t t = 0; t < 2000; ++t) {
    alarm |= rises.step(rng() % 100 < 20, tie_breaker(1, t), 1) == Signal::alarm;
    REQUIRE(falls.step(rng() % 100 < 1, tie_breaker(1, t), 1) != Signal::alarm);
  }
  CHECK(alarm);
}

TEST_CASE("tolerance: the reference error is Dvoretzky, Kiefer, Wolfowitz and Massart's") {
  CHECK(reference_error(5000, .05) == Approx(std::sqrt(std::log(40.) / 10'000)));
}

TEST_CASE("tolerance: check points are the quantiles nearest to .05 .. .95, bins know the points before them") {
  RankReference bins{std::vector<std::uint32_t>(64, 10)};
  const auto reference = CdfReference::of(bins, .1, 1e-3);
  REQUIRE(reference.at_or_below.size() == 19);
  for (std::size_t j = 0; j < 19; ++j) {
    CHECK(reference.at_or_below[j] == Approx(.05 * static_cast<double>(j + 1)).margin(.0079));
  }
  CHECK(reference.points_before.front() == 0);
  CHECK(reference.points_before.back() == 19);
  for (std::size_t b = 0; b < 64; ++b) {  // a bin's values are at or below a point iff its upper edge is
    for (std::size_t j = 0; j < 19; ++j) {
      const bool below = static_cast<double>(b + 1) / 64 <= reference.at_or_below[j] + 1e-12;
      CHECK((reference.points_before[b] <= j) == below);
    }
  }
  const auto constant = CdfReference::of(RankReference{{0, 500, 0}}, .1, 1e-3);
  CHECK(constant.at_or_below.empty());
}

TEST_CASE("tolerance: a shift within tau is never an alarm, one beyond it is, and the way back is recovery") {
  std::mt19937_64 rng{17};
  std::uniform_real_distribution<double> unit(0, 1);
  const auto bin = [](double x) { return static_cast<std::size_t>(std::clamp(x * 64, 0., 63.)); };
  RankReference bins{std::vector<std::uint32_t>(64, 0)};
  for (int i = 0; i < 20'000; ++i) ++bins.counts[bin(unit(rng))];
  const auto reference = CdfReference::of(bins, .1, 1e-3);
  CdfDrift small(reference, 5, Thresholds{1e5}), large = small;
  for (int t = 0; t < 50'000; ++t) REQUIRE(small.step(bin(unit(rng) * .9 + .08), 1) != Signal::alarm);  // KS about .08
  int delay = 0;
  while (large.step(bin(unit(rng) * .5 + .5), 1) != Signal::alarm && delay < 5000) ++delay;  // KS .5
  CHECK(delay < 500);
  const auto wider = CdfReference::of(bins, .15, 1e-3);
  CdfRecovery recovery(wider, 1000);
  for (int t = 0; t < 3000; ++t) REQUIRE(recovery.step(bin(unit(rng) * .5 + .5), 1) == Signal::none);
  int back = 0;
  while (recovery.step(bin(unit(rng)), 1) != Signal::alarm && back < 20'000) ++back;
  CHECK(back < 20'000);
}

TEST_CASE("category tolerance: within tau calm, beyond it an alarm") {
  const CategoryReference reference{{7000, 2000, 1000}};
  std::mt19937_64 rng{19};
  std::discrete_distribution<std::size_t> within{66, 22, 12}, beyond{40, 20, 40};
  const auto limits = category_limits(reference, .1, 1e-3);
  CategoryTolerance calm(limits, 20, Thresholds{1e5}), alarmed = calm;
  for (int t = 0; t < 30'000; ++t) REQUIRE(calm.step(within(rng), 1) != Signal::alarm);
  int delay = 0;
  while (alarmed.step(beyond(rng), 1) != Signal::alarm && delay < 5000) ++delay;
  CHECK(delay < 2000);
}

TEST_CASE("tolerance: shards that add up their counts step as one") {
  RankReference bins{std::vector<std::uint32_t>(64, 100)};
  const auto reference = CdfReference::of(bins, .05, 1e-3);
  std::mt19937_64 rng{23};
  CdfDrift whole(reference, 40, Thresholds{}), merged = whole;
  for (int tick = 0; tick < 100; ++tick) {
    CdfDrift::Counts a{}, b{};
    for (int i = 0; i < 40; ++i) {
      const auto x = rng() % 64;
      whole.step(x, 1);
      ++(rng() % 2 == 0 ? a : b)[reference.points_before[x]];
    }
    for (std::size_t j = 0; j < a.size(); ++j) a[j] = static_cast<std::uint16_t>(a[j] + b[j]);
    merged.step_block(a, 40);
    REQUIRE(whole.watch().s() == merged.watch().s());
  }
}

}  // namespace
}  // namespace pilotwatch::stats
