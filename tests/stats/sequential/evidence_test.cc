// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/evidence.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("evidence: worked by hand, two bets over three observations") {
  Evidence<2> evidence;
  evidence.step({2, .5}, 1);  // R = (0+1)2, (0+1).5
  CHECK(evidence.r() == Evidence<2>::Values{2, .5});
  CHECK(evidence.s() == 1.25);
  evidence.step({2, .5}, 3);  // (2+3)2, (.5+3).5
  CHECK(evidence.r() == Evidence<2>::Values{10, 1.75});
  CHECK(evidence.s({.9, .1}) == Approx(9.175));
  evidence.step({0, 1}, 0);  // a sure loss ends a bet, until a start weight revives it
  CHECK(evidence.r() == Evidence<2>::Values{0, 1.75});
  CHECK(evidence.steps() == 3);
}

TEST_CASE("evidence: CUSUM and the test since the start, worked by hand") {
  Evidence<1> cusum(Growth::cusum), process(Growth::process);
  for (const double e : {.5, 2., 2.}) {
    cusum.step({e}, 1);
    process.step({e}, 1);
  }
  CHECK(cusum.s() == 4);    // max(.5, 1) 2 = 2, then 4
  CHECK(process.s() == 2);  // 1 * .5 * 2 * 2
}

TEST_CASE("evidence: the change point is where the climb of the greatest R began") {
  Evidence<2> evidence;
  for (int t = 0; t < 10; ++t) evidence.step({.9, .5}, 1);
  for (int t = 0; t < 5; ++t) evidence.step({1.1, 3}, 1);
  CHECK(evidence.r()[1] > evidence.r()[0]);
  CHECK(evidence.change_point() == 10);
}

TEST_CASE("evidence: an absurd e-value is bounded, so that nothing becomes infinite or NaN") {
  Evidence<1> evidence;
  for (int t = 0; t < 10; ++t) evidence.step({1e300}, 1);
  CHECK(std::isfinite(evidence.s()));
  evidence.step({0}, 1);
  CHECK(evidence.s() == 0);
}

TEST_CASE("watch: alarms at the threshold, remembers what it saw, starts anew") {
  Watch<1> watch(Thresholds{100, 10, 2});
  CHECK(watch.step({9}, 1) == Signal::none);       // 9
  CHECK(watch.step({1.5}, 0) == Signal::warning);  // 13.5
  CHECK(watch.step({.5}, 0) == Signal::warning);   // 6.75: below the warning, not below clear
  CHECK(watch.step({.2}, 0) == Signal::none);      // 1.35
  CHECK(watch.step({6}, 0) == Signal::none);       // 8.1: a new warning needs the whole way
  CHECK(watch.step({20}, 0) == Signal::alarm);
  CHECK(watch.alarmed().s == Approx(162));
  CHECK(watch.alarmed().observations == 6);
  CHECK(watch.s() == 0);
  CHECK(watch.now() == Signal::none);
}

TEST_CASE("evidence_ratio: 0 without evidence, 1 at the alarm") {
  CHECK(evidence_ratio(0, 1e5) == 0);
  CHECK(evidence_ratio(1e5, 1e5) == 1);
  CHECK(evidence_ratio(1e9, 1e5) == 1);
  CHECK(evidence_ratio(std::sqrt(1e5), 1e5) == Approx(.5).epsilon(.01));
}

TEST_CASE("evidence: S minus the start weights is a supermartingale, here on average over fair bets") {
  const auto seed = testing::seed_of("evidence");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::bernoulli_distribution heads(.5);
  double sum = 0;
  constexpr int runs = 10'000, length = 50;
  for (int run = 0; run < runs; ++run) {
    Evidence<2> evidence;
    for (int t = 0; t < length; ++t) {
      const bool x = heads(rng);
      evidence.step({x ? 1.1 : .9, x ? .9 : 1.1}, 1);
    }
    sum += evidence.s();
  }
  // E[S] = length exactly; sd of one S is about 20 at this bet, so of the mean about .2.
  CHECK(sum / runs == Approx(length).margin(1.5));
}

}  // namespace
}  // namespace pilotwatch::stats
