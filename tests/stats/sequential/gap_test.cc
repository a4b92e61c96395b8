// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/gap.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

const Thresholds never{};

TEST_CASE("gap bet: worked by hand, equal groups without a gap meet in the middle") {
  const auto bet = gap_bet(50, .2, 50, .4, GapLimit{1, 0});  // m is the pooled rate of the alternative
  CHECK(bet.m_a == Approx(.3));
  CHECK(bet.u == Approx(-.1 / .21));
  CHECK(bet.v == Approx(.1 / .21));
}

TEST_CASE("gap bets: for every pair of rates within the limit the expectation is at most 1") {
  const auto seed = testing::seed_of("gap bets");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> unit(.01, .99);
  for (int round = 0; round < 10'000; ++round) {
    const GapLimit limit = round % 2 == 0 ? GapLimit{1, .3 * unit(rng) - .1} : GapLimit{.5 + 1.5 * unit(rng), 0};
    const double theta_a = unit(rng), theta_b = unit(rng);
    if (theta_b <= limit.bound(theta_a) + 1e-6) continue;
    const double n_a = 1 + static_cast<double>(rng() % 200), n_b = 1 + static_cast<double>(rng() % 200);
    const auto bet = gap_bet(n_a, theta_a, n_b, theta_b, limit);
    REQUIRE(std::abs(n_a * bet.u + limit.ratio * n_b * bet.v) <= 1e-9 * (1 + n_b * std::abs(bet.v)));
    for (int k = 0; k < 10; ++k) {
      const double p_a = unit(rng);
      const double p_b = std::min(limit.bound(p_a) * (k == 0 ? 1 : unit(rng)), 1.);
      if (p_b < 0) continue;
      REQUIRE(bet.expectation(p_a, n_a, p_b, n_b) <= 1 + 1e-9);
    }
    // A block of outcomes: never negative, and the same as its expectation where rates are 0 or 1
    REQUIRE(std::isfinite(bet.log_e(0, n_a, n_b, n_b)));
    REQUIRE(bet.log_e(0, n_a, n_b, n_b) == Approx(std::log(bet.expectation(0, n_a, 1, n_b))));
  }
}

TEST_CASE("group gap: a block closes by labels and counts, never by outcomes") {
  GroupGap detector(GapLimit{1, .05}, 10, never);
  for (int i = 0; i < 12; ++i) detector.step(false, true, 1);
  CHECK(detector.watch().evidence().steps() == 0);  // group b has not come yet
  detector.step(true, false, 1);
  CHECK(detector.watch().evidence().steps() == 1);
  CHECK(detector.open_block() == GroupGap::Counts{});
}

TEST_CASE("group gap: one direction does not see the other, either sees both") {
  GroupGap over_a(GapLimit{1, .05}, 20, Thresholds{1e4}, Excess::of_b);
  GroupGap either(GapLimit{1, .05}, 20, Thresholds{1e4});
  int alarms_of_b = 0, alarms_of_either = 0;
  for (int t = 0; t < 4000; ++t) {  // a: 40 %, b: 10 %
    const bool b = t % 2 == 1, hit = b ? t % 20 == 1 : t % 5 < 2;
    alarms_of_b += over_a.step(b, hit, 1) == Signal::alarm ? 1 : 0;
    alarms_of_either += either.step(b, hit, 1) == Signal::alarm ? 1 : 0;
  }
  CHECK(alarms_of_b == 0);
  CHECK(alarms_of_either > 0);
}

TEST_CASE("group gap: a burden ratio of two is seen against a limit of 1.25, one of 1.2 is not") {
  const auto alarms = [](int one_in_a, int one_in_b) {
    GroupGap detector(GapLimit{1.25, 0}, 100, Thresholds{1e5}, Excess::of_b);
    int count = 0;
    std::mt19937_64 rng{7};
    for (int t = 0; t < 100'000; ++t) {
      const bool b = t % 2 == 1;
      count +=
          detector.step(b, rng() % 600 < 600U / static_cast<unsigned>(b ? one_in_b : one_in_a), 1) == Signal::alarm;
    }
    return count;
  };
  CHECK(alarms(10, 5) > 0);
  CHECK(alarms(12, 10) == 0);
}

TEST_CASE("group gap: alternatives that do not fit between 0 and 1 make no bet") {
  GroupGap detector(GapLimit{1, .9}, 4, never);
  for (int t = 0; t < 40; ++t) detector.step(t % 2 == 1, t % 4 == 1, 1);
  CHECK(std::isfinite(detector.watch().s()));
}

}  // namespace
}  // namespace pilotwatch::stats
