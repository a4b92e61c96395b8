// SPDX-License-Identifier: Apache-2.0

// What the defaults cost: measured false alarms, as documentation that fails when it stops being true. Seeds are fixed;
// margins are about five standard deviations of the measurement or more, so another seed would pass too.

#include <catch2/catch.hpp>

#include "stats/classical/zoo.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Tally;

/// 200 streams of 2,000 N(0, 1) without any change.
template <Detector D>
Tally on_normal(const D& detector) {
  std::mt19937_64 rng{20260601};
  std::normal_distribution<> normal;
  Tally out;
  for (int round = 0; round < 200; ++round) {
    Stream stream(2000);
    for (double& x : stream) x = normal(rng);
    out.add_stable(alarms_of(detector, stream), stream.size());
  }
  return out;
}

template <Detector D>
Tally on_errors(const D& detector, double rate, int streams) {
  std::mt19937_64 rng{20260602};
  std::bernoulli_distribution error(rate);
  Tally out;
  for (int round = 0; round < streams; ++round) {
    Stream stream(100'000);
    for (double& x : stream) x = error(rng) ? 1 : 0;
    out.add_stable(alarms_of(detector, stream), stream.size());
  }
  return out;
}

CusumChart cusum(double threshold) {
  CusumOptions options;
  options.threshold = threshold;
  return CusumChart(options);
}

TEST_CASE("classical: textbook CUSUM limits alarm on most stable streams of 2,000") {
  const Tally five = on_normal(cusum(5));  // 93 %, 4.7 alarms a stream
  CHECK(five.any().value() > 0.8);
  CHECK(five.false_alarms_per_100k().value() == Approx(4.7 / 2000 * 1e5).epsilon(0.35));
  CHECK(on_normal(cusum(8)).any().value() == Approx(0.53).margin(0.2));
  CHECK(on_normal(cusum(20)).any().value() < 0.2);  // 5 %
}

TEST_CASE("classical: so do Shewhart's three sigmas; EWMA alarms on a fifth") {
  const Tally shewhart = on_normal(ShewhartChart());  // 95 %, 4.4 alarms a stream
  CHECK(shewhart.any().value() > 0.8);
  CHECK(shewhart.false_alarms_per_100k().value() == Approx(4.4 / 2000 * 1e5).epsilon(0.35));
  CHECK(on_normal(EwmaChart()).any().value() == Approx(0.22).margin(0.15));
}

TEST_CASE(
    "classical: errors at 5 %, streams of 100,000: EDDM 40 false alarms each, DDM about two, others next to none") {
  CHECK(on_errors(EddmRiver(), 0.05, 100).false_alarms_per_100k().value() == Approx(40).epsilon(0.5));
  const double ddm = on_errors(DdmRiver(), 0.05, 100).false_alarms_per_100k().value();
  CHECK((0.4 < ddm && ddm < 3.5));
  CHECK(on_errors(PageHinkley(), 0.05, 20).false_alarms_per_100k().value() == 0);
  CHECK(on_errors(HddmWRiver(), 0.05, 20).false_alarms_per_100k().value() == 0);
  CHECK(on_errors(HddmARiver(), 0.05, 20).false_alarms_per_100k().value() <= 0.3);
  CHECK(on_errors(AdwinRiver(), 0.05, 20).false_alarms_per_100k().value() <= 0.3);
}

}  // namespace
}  // namespace pilotwatch::stats
