// SPDX-License-Identifier: Apache-2.0
#include "judge/course.h"

#include <algorithm>

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

judge::CoursePoint point(int i) { return {Instant{Millis{i}}, static_cast<double>(i)}; }

judge::Course course_of(int looks) {
  judge::Course out;
  for (int i = 1; i <= looks; ++i) out.add(point(i));
  return out;
}

const judge::LimitStatus& status_of(const judge::Snapshot& snapshot, const std::string& group = "") {
  const auto found = std::ranges::find(snapshot.limits, group, &judge::LimitStatus::group);
  REQUIRE(found != snapshot.limits.end());
  return *found;
}

}  // namespace

TEST_CASE("course: the last looks are all there, older ones ever fewer, and it stays small") {
  CHECK(course_of(0).points().empty());
  CHECK(course_of(5).points().size() == 5);
  const auto points = course_of(100'000).points();
  CHECK(points.size() <= 4 * 17);
  CHECK(points.back().s == 100'000);
  for (std::size_t i = 1; i < points.size(); ++i) {
    CHECK(points[i - 1].time < points[i].time);
    const double age = 100'001 - points[i].s;
    CHECK(points[i].s - points[i - 1].s <= std::max(1.0, age));  // no gap longer than what came after it
  }
  CHECK(points.front().s <= 100'000 / 2);
}

TEST_CASE("course: alarms are not displaced by what comes after them") {
  auto course = course_of(10);
  course.add_alarm({Instant{Millis{11}}, 500});
  for (int i = 12; i < 50'000; ++i) course.add(point(i));
  const auto points = course.points();
  CHECK(std::ranges::count(points, 500.0, &judge::CoursePoint::s) == 1);
}

TEST_CASE("course: what was read goes on as what was written") {
  auto course = course_of(1000);
  course.add_alarm(point(1001));
  ByteWriter out;
  course.write(out);
  judge::Course other;
  ByteReader in(out.bytes());
  other.read(in);
  CHECK(in.at_end());
  for (int i = 1002; i < 1100; ++i) {
    course.add(point(i));
    other.add(point(i));
  }
  ByteWriter first, second;
  course.write(first);
  other.write(second);
  CHECK(first.bytes() == second.bytes());
}

TEST_CASE("course: a limit's evidence climbs to the alarm, which is in it") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  for (const auto& c : cases(1, 4000, [](int i) { return i < 3000 ? .05 : .5; }))
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  const auto& breach = first_to(scenario, judge::State::breach);
  const auto snapshot = scenario.fold.snapshot(Instant{});
  const auto& status = status_of(*snapshot);
  REQUIRE(status.evidence);
  REQUIRE(status.course.size() > 10);
  const auto alarm =
      std::ranges::find_if(status.course, [&](const auto& p) { return p.s >= status.evidence->threshold; });
  REQUIRE(alarm != status.course.end());
  CHECK(breach.at - alarm->time >= Millis{0});
  CHECK(breach.at - alarm->time < std::chrono::hours{24});
  CHECK(status.course.front().time < at("2026-01-03T00:00:00Z"));
}

TEST_CASE("course: of groups that are protected there is none, of open data there is one for each") {
  for (const std::uint64_t min_n : {10U, 1U}) {
    auto limit = budget("errors", Metric::error_rate, .1);
    limit.segment = "g";
    auto pilot = watched({limit});
    pilot.segments.attributes = {"g"};
    pilot.segments.min_n = min_n;
    Scenario scenario(settings_of({pilot}));
    for (auto c : cases(2, 2000, [](int) { return .05; })) {
      c.rest = R"(,"segments":{"g":"a"})";
      scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
    }
    CAPTURE(min_n);
    const auto snapshot = scenario.fold.snapshot(Instant{});
    const auto& status = status_of(*snapshot, "a");
    REQUIRE(status.evidence);
    CHECK(status.course.empty() == (min_n > 1));
  }
}
