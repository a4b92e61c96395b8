// SPDX-License-Identifier: Apache-2.0
// /api/v1/pilots/{pilot}/explain over snapshots made by hand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sinks/explain_moved.h"
#include "support/reader_api.h"

using namespace pilotwatch;
using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

namespace {

using Query = support::ReaderApi::Query;

runtime::HttpResponse ask(const support::SnapshotFixture& fixture, Query query, sinks::NextSend next_send = {}) {
  return support::ReaderApi(fixture, std::move(next_send)).get("/api/v1/pilots/{pilot}/explain", std::move(query));
}

Json limits(const support::SnapshotFixture& fixture, Query query, sinks::NextSend next_send = {}) {
  query.insert(query.begin(), {"pilot", "triage"});
  const auto answer = ask(fixture, std::move(query), std::move(next_send));
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  return Json::parse(answer.body).at("data").at("limits");
}

}  // namespace

TEST_CASE("explain: what stands behind a breach is in one place") {
  auto fixture = support::triage();
  auto& limit = fixture->settings.pilots[0].limits[0];
  limit.line = 12;
  limit.preset = "fraud";
  limit.reason = "people wait";
  fixture->snapshot.recent.push_back(fixture->snapshot.recent[0]);
  fixture->snapshot.recent.back().to = judge::State::recovering;
  fixture->snapshot.recent.push_back(fixture->snapshot.recent[0]);
  fixture->snapshot.recent.back().limit = "missed";
  const auto all =
      limits(*fixture, {{"limit", "errors"}}, [](const auto&) { return support::at("2026-03-03T00:01:00Z"); });
  REQUIRE(all.size() == 1);
  const auto& it = all[0];
  CHECK(it.at("state") == "breach");
  CHECK(it.at("value") == .1);
  CHECK(it.at("lower") == .0435);
  CHECK(it.at("n") == 50);
  CHECK(it.at("threshold") == .08);
  CHECK(it.at("window") ==
        Json({{"kind", "day"}, {"start", "2026-03-01T00:00:00Z"}, {"end", "2026-03-02T00:00:00Z"}, {"mature", true}}));
  CHECK(it.at("set").at("file") == "pilotwatch.yml");
  CHECK(it.at("set").at("line") == 12);
  CHECK(it.at("set").at("preset") == "fraud");
  CHECK(it.at("owner") == "team-a");
  CHECK(it.at("why") == "people wait");
  CHECK(it.at("definition").at("metric") == "error_rate");
  CHECK(it.at("windows").size() == 2);
  CHECK(it.at("alert").at("episode") == "e1b2");
  CHECK(it.at("alert").at("firing") == true);
  CHECK(it.at("alert").at("next_send") == "2026-03-03T00:01:00Z");
  CHECK(it.at("alert").at("alertmanagers") == 1);
  REQUIRE(it.at("transitions").size() == 2);  // of this limit, the newest first
  CHECK(it.at("transitions")[0].at("to") == "recovering");
  CHECK(it.at("transitions")[1].at("to") == "breach");
  CHECK_THAT(it.at("clears").get<std::string>(), Contains("Ends with the first judged day window"));
}

TEST_CASE("explain: without an owner of its own a limit has the pilot's; one that no file says has no line") {
  auto fixture = support::triage();
  const auto it = limits(*fixture, {{"limit", "missed"}})[0];
  CHECK(it.at("owner") == "team-a");
  CHECK(it.at("set").at("line") == nullptr);
  CHECK(it.at("alert") == nullptr);
}

TEST_CASE("explain: a group that is hidden in a window is hidden here") {
  auto fixture = support::triage();
  const auto all = limits(*fixture, {{"limit", "missed"}, {"group", "m"}});
  REQUIRE(all.size() == 1);
  for (const auto& window : all[0].at("windows")) {
    CHECK(window.at("state") == "suppressed");
    CHECK(window.at("value") == nullptr);
    CHECK(window.at("n") == 0);
  }
  REQUIRE(all[0].at("moved").size() == 1);  // of the two groups the one that is shown
  CHECK(all[0].at("moved")[0].at("name") == "sex f");
  CHECK(all[0].at("moved")[0].at("before") == .25);
}

TEST_CASE("explain: parts of a feature beside the reference") {
  auto fixture = support::triage();
  auto& pilot = fixture->settings.pilots[0];
  pilot.limits.push_back(support::make_limit("age", settings::Metric::psi, .2));
  pilot.limits.back().feature = "age";
  auto status = fixture->snapshot.limits[0];
  auto day = support::triage_day(support::at("2026-03-01T00:00:00Z"));
  day->shifts = {{"pages", 10, 10, {{"any", 1, 1}}}, {"age", 100, 5000, {{"up to 30", .5, .2}}}};
  fixture->snapshot.pilots[0].windows.back() = day;
  for (std::size_t i = 0; i < fixture->snapshot.limits.size(); ++i)  // the vector of limits has moved
    fixture->snapshot.limits[i].limit = &pilot.limits[i];
  status.limit = &pilot.limits[2];
  fixture->snapshot.limits.push_back(status);
  const auto it = limits(*fixture, {{"limit", "age"}})[0];
  CHECK(it.at("moved") ==
        Json::array({{{"what", "feature"}, {"name", "up to 30"}, {"value", .5}, {"before", .2}, {"n", 100}}}));
}

TEST_CASE("explain: the course of evidence, as a part of its threshold") {
  auto fixture = support::triage();
  auto& status = fixture->snapshot.limits[0];
  status.evidence.emplace().threshold = 99;
  status.course = {{support::at("2026-03-01T10:00:00Z"), 9}, {support::at("2026-03-01T12:00:00Z"), 99}};
  const auto course = limits(*fixture, {{"limit", "errors"}})[0].at("course");
  REQUIRE(course.size() == 2);
  CHECK(course[0].at("ratio").get<double>() == Approx(.5));
  CHECK(course[1].at("ratio") == 1);
}

TEST_CASE("explain: what does not exist is said to be what it is") {
  auto fixture = support::triage();
  CHECK(ask(*fixture, {{"pilot", "nobody"}}).status == 404);
  CHECK(ask(*fixture, {{"pilot", "triage"}, {"limit", "none"}}).status == 404);
  CHECK(ask(*fixture, {{"pilot", "triage"}, {"limit", "missed"}, {"group", "x"}}).status == 404);
  CHECK(ask(*fixture, {{"pilot", "triage"}, {"limits", "errors"}}).status == 400);
  CHECK(limits(*fixture, {}).size() == 2);
}
