// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/mean.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/sequential/rate.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

const Thresholds never{};

TEST_CASE("mean bet: worked by hand, null one half and odds 3 bet on three quarters") {
  const auto bet = mean_bet(.5, 3);
  CHECK(bet.alternative == Approx(.75));
  CHECK(bet.e(1) == Approx(1.5));  // likelihood ratios q/m and (1-q)/(1-m)
  CHECK(bet.e(0) == Approx(.5));
  CHECK(bet.growth_at_alternative() == Approx(.75 * std::log(1.5) + .25 * std::log(.5)));
}

TEST_CASE("mean bets: e-values are never negative and average at most 1 within the limit") {
  const auto seed = testing::seed_of("mean bets");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> unit(.001, .999);
  for (int round = 0; round < 10'000; ++round) {
    const double m = unit(rng), p = m * unit(rng);
    for (const double odds : odds_grid) {
      const auto bet = mean_bet(m, odds);
      REQUIRE(bet.e(0) >= 0);
      REQUIRE(p * bet.e(1) + (1 - p) * bet.e(0) <= 1 + 1e-12);
      REQUIRE(m * bet.e(1) + (1 - m) * bet.e(0) == Approx(1));
    }
    for (const double odds : {.8, .2}) {  // the other side: a mean at or above m
      const auto bet = mean_bet(m, odds);
      const double above = m + (1 - m) * unit(rng);
      REQUIRE(bet.e(1) >= 0);
      REQUIRE(above * bet.e(1) + (1 - above) * bet.e(0) <= 1 + 1e-12);
    }
  }
}

TEST_CASE("block mean: speaks only at the end of a block") {
  BlockMean detector(.05, 4, Thresholds{10});
  CHECK(detector.step(1) == Signal::none);
  CHECK(detector.step(1) == Signal::none);
  CHECK(detector.step(1) == Signal::none);
  CHECK(detector.watch().s() == 0);
  CHECK(detector.step(1) == Signal::alarm);  // mean 1 against .05: e = 1 + 19 f
  CHECK(detector.watch().alarmed().observations == 1);
}

TEST_CASE("block mean: the start weights of a block add up, whatever unit they have") {
  BlockMean days(.05, 3, never), events(.05, 3, never);
  for (const double w : {.5, .25, .25}) days.step(0, w);
  for (int i = 0; i < 3; ++i) events.step(0);
  CHECK(days.watch().s() * 3 == Approx(events.watch().s()));
}

TEST_CASE("block mean: the lower side is the upper side of 1 - x") {
  BlockMean gain(.9, 5, never, Side::below), loss(1 - .9, 5, never);
  for (const double x : {1., .5, .75, 0., 1.}) {
    gain.step(x);
    loss.step(1 - x);
  }
  CHECK(gain.watch().s() == Approx(loss.watch().s()));
}

TEST_CASE("blocks: any split and order merges to the same bits") {
  const auto seed = testing::seed_of("blocks");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> unit(0, 1);
  for (int round = 0; round < 10'000; ++round) {
    Block all, left, right;
    for (int i = 0; i < 20; ++i) {
      const double x = unit(rng);
      all.add(x, 1);
      (rng() % 2 == 0 ? left : right).add(x, 1);
    }
    right += left;
    REQUIRE(right == all);
    REQUIRE(all.mean() <= 1);
  }
}

TEST_CASE("mean detectors: more errors never mean less evidence") {
  const auto seed = testing::seed_of("monotone");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    EventMean fewer(.1, never), more(.1, never);
    BlockMean calm(.1, 5, never), worse(.1, 5, never);
    for (int t = 0; t < 20; ++t) {
      const double x = rng() % 10 == 0 ? 1 : 0, y = std::max(x, rng() % 20 == 0 ? 1. : 0.);
      fewer.step(x);
      more.step(y);
      calm.step(x);
      worse.step(y);
    }
    REQUIRE(more.watch().s() >= fewer.watch().s());
    REQUIRE(worse.watch().s() >= calm.watch().s());
  }
}

TEST_CASE("recovery: silence is no recovery, calm observations are, and clusters slow it down") {
  Recovery detector(.1, 1000), careful(.1, 1000, 4);
  int plain = 0, slow = 0;
  while (detector.step(0) != Signal::alarm) ++plain;
  while (careful.step(0) != Signal::alarm) ++slow;
  CHECK(plain > 20);
  CHECK(plain < 100);
  CHECK(slow > 2 * plain);
  Recovery still(.1, 1000);
  for (int t = 0; t < 10'000; ++t) REQUIRE(still.step(t % 5 == 0 ? 1 : 0) == Signal::none);  // a mean of .2
}

TEST_CASE("Poisson rate: e-values of a Poisson count at the limit average 1") {
  for (const double mean : {.3, 3., 30.}) {
    for (const double mu : rate_multipliers) {
      double sum = 0, log_probability = -mean;
      for (int c = 0; c < 2000; ++c) {
        sum += std::exp(log_probability + poisson_log_e(c, 100, mean / 100, mu));
        log_probability += std::log(mean / (c + 1));
      }
      CHECK(sum == Approx(1).epsilon(1e-9));
    }
  }
}

TEST_CASE("Poisson rate: an hour and a half is as much exposure as three half hours") {
  PoissonRate whole(.1, never), parts(.1, never);
  whole.step(0, 3);
  // e of the parts multiplies to that of the whole; only the start weights come at other times
  CHECK(poisson_log_e(4, 3, .1, 2) == Approx(poisson_log_e(1, 1, .1, 2) + poisson_log_e(3, 2, .1, 2)));
  CHECK(whole.watch().s() > 0);
}

}  // namespace
}  // namespace pilotwatch::stats
