// SPDX-License-Identifier: Apache-2.0

// CUSUM, EWMA and Shewhart charts.

#include <catch2/catch.hpp>

#include "stats/classical/zoo.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;

template <class Options>
Options reference_of_two(Direction direction = Direction::both) {
  Options out;
  out.min_instances = 2;
  out.direction = direction;
  return out;
}

TEST_CASE("cusum: worked by hand, reference 0 2, then fives") {
  // m = 1, s = sqrt(2); slack .7071, limit 7.0711. U = 2 - 1 - .7071 = .2929, then 3.2929 more
  // each: 3.5858, 6.8787, 10.1716
  const auto options = reference_of_two<CusumOptions>();
  CHECK(alarms_of(CusumChart(options), Stream{0, 2, 5, 5, 5}) == Indices{4});
  CHECK(alarms_of(CusumChart(options), Stream{0, 2, 5, 5, 1.9}) == Indices{4});  // 6.8787 + .9 - .7071 = 7.0716
  CHECK(alarms_of(CusumChart(options), Stream{0, 2, 5, 5, 1.899}).empty());      // 7.0706
}

TEST_CASE("cusum: each direction sees its own") {
  const Stream up{0, 2, 5, 5, 5}, down{2, 0, -3, -3, -3};
  CHECK(alarms_of(CusumChart(reference_of_two<CusumOptions>(Direction::up)), up) == Indices{4});
  CHECK(alarms_of(CusumChart(reference_of_two<CusumOptions>(Direction::down)), up).empty());
  CHECK(alarms_of(CusumChart(reference_of_two<CusumOptions>(Direction::down)), down) == Indices{4});
  CHECK(alarms_of(CusumChart(reference_of_two<CusumOptions>(Direction::up)), down).empty());
}

TEST_CASE("cusum: takes a new reference after an alarm") {
  Stream stream{0, 2, 5, 5, 5};
  for (int i = 0; i < 100; ++i) stream.push_back(i % 2 == 0 ? 100 : 102);  // the new normal
  CHECK(alarms_of(CusumChart(reference_of_two<CusumOptions>()), stream) == Indices{4});
}

TEST_CASE("shewhart: worked by hand, reference 0 2") {
  // m = 1, 3 s = 4.2426: outside of (-3.2426, 5.2426)
  const auto options = reference_of_two<ShewhartOptions>();
  CHECK(alarms_of(ShewhartChart(options), Stream{0, 2, 5.2, -3.2, 5.3}) == Indices{4});
  CHECK(alarms_of(ShewhartChart(options), Stream{0, 2, -3.3}) == Indices{2});
  CHECK(alarms_of(ShewhartChart(reference_of_two<ShewhartOptions>(Direction::up)), Stream{0, 2, -3.3}).empty());
  CHECK(alarms_of(ShewhartChart(reference_of_two<ShewhartOptions>(Direction::down)), Stream{0, 2, 5.3}).empty());
}

TEST_CASE("charts: after a constant reference the first other value alarms") {
  Stream stream(200, 3.0);
  stream.push_back(3 + 1e-9);
  CHECK(alarms_of(CusumChart(), stream) == Indices{200});
  CHECK(alarms_of(ShewhartChart(), stream) == Indices{200});
}

TEST_CASE("ewma: worked by hand, a jump of any size after 1,000 times the same alarms at its sixth value") {
  // In units of the jump, after k values of it: z = p = 1 - .9^k, v = p (1 - p), m = k/(1000 + k);
  // alarm: p - m > 4 sqrt(.1/1.9) sqrt(v) = .91766 sqrt(v).  k = 5: .4045 < .4513;  k = 6: .4626 > .4579
  for (const double jump : {1.0, -1.0, 1e-3, 1e6}) {
    CAPTURE(jump);
    Stream stream(1000, 5.0);
    stream.resize(1006, 5.0 + jump);
    CHECK(alarms_of(EwmaChart(), stream) == Indices{1005});
    EwmaOptions up, down;
    up.direction = Direction::up;
    down.direction = Direction::down;
    CHECK(alarms_of(EwmaChart(up), stream).empty() == (jump < 0));
    CHECK(alarms_of(EwmaChart(down), stream).empty() == (jump > 0));
  }
}

TEST_CASE("ewma: the chart's first limits are narrower, by 1 - (1 - alpha)^(2n)") {
  // alpha 1/2, L 1/2, stream 0 0 1: z = 1/2, m = 1/3, v = 1/4; limit = 1/2 * 1/2 * sqrt(1/3 (1 - 1/64)) = .14321 < 1/6
  EwmaOptions options;
  options.alpha = 0.5;
  options.min_instances = 3;
  options.threshold = 0.5;
  CHECK(alarms_of(EwmaChart(options), Stream{0, 0, 1}) == Indices{2});
  options.threshold = 0.5 * 0.1666 / 0.14321;  // without the factor the limit would be over 1/6 here
  CHECK(alarms_of(EwmaChart(options), Stream{0, 0, 1}) == Indices{2});
  options.threshold = 0.5 * 0.1668 / 0.14321;
  CHECK(alarms_of(EwmaChart(options), Stream{0, 0, 1}).empty());
}

}  // namespace
}  // namespace pilotwatch::stats
