// SPDX-License-Identifier: Apache-2.0
#include "support/detection_score.h"

#include <catch2/catch.hpp>
#include <limits>

#include "stats/classical/shewhart.h"

namespace pilotwatch::testing {
namespace {

using Changes = std::vector<Change>;

StreamScore score_of(const Indices& alarms, const Indices& changes, std::uint64_t n = 1000, Tolerance within = {50}) {
  Changes abrupt;
  for (const auto at : changes) abrupt.push_back({at, at});
  return score(alarms, abrupt, n, within);
}

TEST_CASE("score: worked by hand and published, alarms 110 400 700, changes 100 900, late 50: mean time ratio 15") {
  const auto got = score_of({110, 400, 700}, {100, 900});
  CHECK(got.hits == 1);
  CHECK(got.detected == 1);
  CHECK(got.time_between_false_alarms == 300.0);  // 400 to 700
  CHECK(got.delay == 10.0);                       // 110 - 100; 900 is missed and left out
  CHECK(got.delay_share == 0.2);
  CHECK(got.missed == 0.5);
  CHECK(got.mean_time_ratio == 15.0);  // 300/10 * (1 - 1/2)
  CHECK(got.precision == 1.0 / 3);
  CHECK(got.false_alarms_per_100k == 200.0);  // two in 1,000
}

TEST_CASE("score: windows include both ends, and open early only when asked to") {
  CHECK(score_of({150}, {100}).hits == 1);
  CHECK(score_of({151}, {100}).hits == 0);
  CHECK(score_of({100}, {100}).hits == 1);
  CHECK(score_of({99}, {100}).hits == 0);
  CHECK(score_of({90}, {100}, 1000, {50, 10}).hits == 1);
  CHECK(score_of({89}, {100}, 1000, {50, 10}).hits == 0);
  CHECK(score_of({95}, {100}, 1000, {50, 10}).delay == -5.0);
  CHECK(score_of({3}, {5}, 1000, {50, 10}).hits == 1);  // the window begins before the stream
}

TEST_CASE("score: a gradual change is detected from its first to its last observation and `late` more") {
  const Changes gradual{{100, 200}};
  CHECK(score(Indices{250}, gradual, 1000, {50}).hits == 1);
  CHECK(score(Indices{251}, gradual, 1000, {50}).hits == 0);
  CHECK(score(Indices{250}, gradual, 1000, {50}).delay == 150.0);
}

TEST_CASE("score: an alarm in two windows belongs to the earlier one") {
  const auto matching = match(Indices{130}, Changes{{100, 100}, {120, 120}}, {50});
  CHECK(matching.hits == std::vector<Indices>{{130}, {}});
  CHECK(matching.false_alarms.empty());
}

TEST_CASE("score: recall counts every alarm in a window, episode recall each change once") {
  const auto got = score_of({110, 130}, {100, 500});
  CHECK(got.recall == 2.0 / 3);
  CHECK(got.episode_recall == 0.5);
  CHECK(got.delay == 10.0);
}

TEST_CASE("score: f1 is the harmonic mean of precision and episode recall, 0 where both are") {
  CHECK(score_of({110, 900}, {100, 500}).f1 == 0.5);
  CHECK(score_of({300}, {100}).f1 == 0.0);
  CHECK_FALSE(score_of({}, {100}).f1);
}

TEST_CASE("score: delays are averaged over the detected changes only") {
  CHECK(score_of({110, 530}, {100, 500, 900}).delay == 20.0);
}

TEST_CASE("score: what cannot be computed is nothing, not 0") {
  CHECK_FALSE(score_of({}, {100}).precision);
  CHECK_FALSE(score_of({}, {100}).delay);
  CHECK_FALSE(score_of({}, {100}).delay_share);
  CHECK_FALSE(score_of({}, {}).recall);
  CHECK_FALSE(score_of({}, {}).missed);
  CHECK_FALSE(score_of({200}, {}).time_between_false_alarms);
  CHECK_FALSE(score_of({110, 200}, {100}).mean_time_ratio);
  CHECK_FALSE(score_of({200, 300}, {100}).mean_time_ratio);
  CHECK_FALSE(score_of({}, {}, 0).false_alarms_per_100k);
  CHECK(score_of({100, 200, 300}, {100}).mean_time_ratio == std::numeric_limits<double>::infinity());
  CHECK(score_of({200, 300, 500}, {}).time_between_false_alarms == 150.0);
}

TEST_CASE("tally: worked by hand, three stable streams of 1,000") {
  Tally tally;
  tally.add_stable(Indices{5, 10, 999}, 1000);
  tally.add_stable(Indices{}, 1000);
  tally.add_stable(Indices{0}, 1000);
  CHECK(tally.false_alarms_per_100k().value() == Approx(4.0 / 3000 * 1e5));
  CHECK(tally.any() == 2.0 / 3);
  CHECK(tally.time_per_false_alarm() == 750.0);
  CHECK_FALSE(tally.missed());
  CHECK_FALSE(tally.median_delay());
}

TEST_CASE("tally: worked by hand, delays count observations from the change on, misses are longer than any") {
  Tally tally;
  tally.add_changed(Indices{20, 99}, 100);    // only before: missed
  tally.add_changed(Indices{50, 100}, 100);   // at once: 1
  tally.add_changed(Indices{119}, 100);       // 20
  tally.add_changed(Indices{109, 110}, 100);  // 10
  CHECK(tally.missed() == 0.25);
  CHECK(tally.delay_quantile(0.25) == 1U);
  CHECK(tally.median_delay() == 10U);
  CHECK(tally.delay_quantile(0.51) == 20U);
  CHECK(tally.delay_quantile(0.75) == 20U);
  CHECK_FALSE(tally.delay_quantile(0.76));
  CHECK_FALSE(tally.delay_quantile(1));
  CHECK_FALSE(tally.any());
  CHECK_FALSE(tally.false_alarms_per_100k());
  CHECK_FALSE(tally.time_per_false_alarm());
}

TEST_CASE("tally: parts add up to the whole") {
  Tally a, b, whole;
  for (Tally* tally : {&a, &whole}) {
    tally->add_stable(Indices{5}, 100);
    tally->add_changed(Indices{60}, 50);
  }
  for (Tally* tally : {&b, &whole}) {
    tally->add_stable(Indices{}, 300);
    tally->add_changed(Indices{}, 50);
    tally->add_changed(Indices{50}, 50);
  }
  a += b;
  CHECK(a.false_alarms_per_100k() == whole.false_alarms_per_100k());
  CHECK(a.any() == whole.any());
  CHECK(a.time_per_false_alarm() == whole.time_per_false_alarm());
  CHECK(a.missed() == whole.missed());
  for (const double q : {0.1, 0.5, 0.6, 0.9}) CHECK(a.delay_quantile(q) == whole.delay_quantile(q));
}

TEST_CASE("alarms_of: the indices at which a detector alarms") {
  stats::ShewhartOptions options;
  options.min_instances = 2;
  const std::vector<double> stream{0, 2, 10, 0, 2, 3, 10};
  CHECK(alarms_of(stats::ShewhartChart(options), stream) == Indices{2, 6});
}

}  // namespace
}  // namespace pilotwatch::testing
