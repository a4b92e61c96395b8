// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/page_hinkley.h"

#include <catch2/catch.hpp>

#include "stats/classical/zoo.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;

PageHinkleyOptions options(double delta, double threshold, double alpha) {
  PageHinkleyOptions out;
  out.min_instances = 1;
  out.delta = delta;
  out.threshold = threshold;
  out.alpha = alpha;
  return out;
}

TEST_CASE("page-hinkley: worked by hand, 0 0 3") {
  // means 0, 0, 1; S = 0, 0, 0 + 3 - 1 = 2: an alarm at S >= 2
  CHECK(alarms_of(PageHinkley(options(0, 2, 1)), Stream{0, 0, 3}) == Indices{2});
  CHECK(alarms_of(PageHinkley(options(0, 2.01, 1)), Stream{0, 0, 3}).empty());
  CHECK(alarms_of(PageHinkley(options(0.25, 1.75, 1)), Stream{0, 0, 3}) == Indices{2});
  CHECK(alarms_of(PageHinkley(options(0.25, 1.76, 1)), Stream{0, 0, 3}).empty());
}

TEST_CASE("page-hinkley: worked by hand, fading by a half, 0 2 3") {
  // means 0, 1, 5/3; S = 0, 1, 1/2 + 4/3 = 11/6 = 1.8333
  CHECK(alarms_of(PageHinkley(options(0, 1.833, 0.5)), Stream{0, 2, 3}) == Indices{2});
  CHECK(alarms_of(PageHinkley(options(0, 1.834, 0.5)), Stream{0, 2, 3}).empty());
}

TEST_CASE("page-hinkley two-sided: worked by hand, 0 0 3 and 0 0 -3") {
  // delta 1/2: U = -1/2, -1, -1 + 2 - 1/2 = 1/2, least -1: 1.5;  D = 1/2, 1, 1 + 2 + 1/2 = 3.5 = most: 0. Alarm at >
  // threshold.
  const Stream up{0, 0, 3}, down{0, 0, -3};
  for (const auto& [stream, seen, unseen] :
       {std::tuple(up, Direction::up, Direction::down), std::tuple(down, Direction::down, Direction::up)}) {
    CHECK(alarms_of(PageHinkleyTwoSided(options(0.5, 1.49, 1)), stream) == Indices{2});
    CHECK(alarms_of(PageHinkleyTwoSided(options(0.5, 1.49, 1), seen), stream) == Indices{2});
    CHECK(alarms_of(PageHinkleyTwoSided(options(0.5, 1.49, 1), unseen), stream).empty());
    CHECK(alarms_of(PageHinkleyTwoSided(options(0.5, 1.5, 1)), stream).empty());
  }
}

TEST_CASE("page-hinkley: first looks at observation 29, two-sided at observation 30") {
  Stream stream(27, 0.0);
  stream.push_back(1000);
  stream.resize(40, 0.0);
  CHECK(alarms_of(PageHinkley(), stream) == Indices{28});
  CHECK(alarms_of(PageHinkleyTwoSided(), stream) == Indices{29});
}

TEST_CASE("page-hinkley: a decrease is seen by the two-sided form only") {
  Stream stream(500, 1.0);
  stream.resize(1000, 0.0);
  CHECK(alarms_of(PageHinkley(), stream).empty());
  CHECK(alarms_of(PageHinkleyTwoSided(), stream).size() == 1);
  CHECK(alarms_of(PageHinkleyTwoSided({}, Direction::up), stream).empty());
}

}  // namespace
}  // namespace pilotwatch::stats
