// SPDX-License-Identifier: Apache-2.0
// The pages of one limit and of one breach.
#include "sinks/page_limit.h"

#include <catch2/catch.hpp>

#include "sinks/links.h"
#include "support/demo_fixture.h"
#include "support/html_checks.h"
#include "support/reader_api.h"

using namespace pilotwatch;
using Catch::Matchers::Contains;
using support::at;
using support::matches;

namespace {

constexpr const char* breach_route = "/breaches/{episode}";
constexpr const char* limit_route = "/pilots/{pilot}/limits/{limit}";

std::string get(const support::SnapshotFixture& fixture, const char* route, support::ReaderApi::Query query,
                unsigned status = 200) {
  support::ReaderApi api(fixture, [](const judge::LimitStatus&) { return at("2026-03-03T00:01:00Z"); });
  const auto answer = api.get(route, std::move(query));
  CHECK(answer.status == status);
  CHECK(answer.content_type == "text/html; charset=utf-8");
  CHECK_THAT(support::header(answer, "Content-Security-Policy"), Contains("default-src 'none'"));
  CHECK(support::unbalanced(answer.body) == "");
  const auto ids = matches(answer.body, " id=\"([^\"]*)\"");
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  CHECK(matches(answer.body, "<(script|iframe|form|img)\\b").empty());
  return answer.body;
}

std::string breach(const support::SnapshotFixture& fixture, const std::string& episode, unsigned status = 200) {
  return get(fixture, breach_route, {{"episode", episode}}, status);
}

std::string limit(const support::SnapshotFixture& fixture, const std::string& name, const std::string& group = "") {
  return get(fixture, limit_route, {{"pilot", "triage"}, {"limit", name}, {"group", group}});
}

/// Changes of state that belong to breaches, as the judge keeps them.
void remember(support::SnapshotFixture& fixture, std::vector<judge::Transition> changes) {
  for (auto& change : changes) change.started_wall = at("2026-03-02T06:00:00Z");
  fixture.snapshot.breaches = std::make_shared<const std::vector<judge::Transition>>(std::move(changes));
}

/// Decisions of a limit with a budget, up to an alarm.
void give_evidence(judge::LimitStatus& status) {
  status.evidence.emplace();
  status.evidence->s = 1234.5;
  status.evidence->threshold = 1000;
  status.evidence->observations = 77;
  for (int i = 0; i < 500; ++i) {
    status.course.push_back({at("2026-01-01T00:00:00Z") + Millis{3'600'000} * i, i == 100 ? 900.0 : 2.0});
  }
}

}  // namespace

TEST_CASE("The page of a running breach says what is beyond what, since when, and who is told next") {
  auto fixture = support::triage();
  fixture->settings.notify.dashboard_url = "https://grafana.example/d/x?orgId=1";
  auto& pilot = fixture->settings.pilots[0];
  pilot.limits[0].line = 12;
  pilot.limits[0].reason = "people wait";
  pilot.limits[0].runbook_url = "https://wiki.example/errors";
  fixture->snapshot.limits[0].acknowledged = {{"e1b2", at("2026-03-02T07:00:00Z"), "ana", "looked at"}};
  const auto html = breach(*fixture, "e1b2");
  CHECK_THAT(html, Contains("<h1>Pilot triage is beyond its limit errors.</h1>"));
  CHECK_THAT(html, Contains("Breach e1b2, since <time datetime=\"2026-03-02T06:00:00Z\">"));
  CHECK_THAT(html, Contains("Its value was 10\u00a0% as it began."));
  CHECK_THAT(html, Contains("10 % is above 8 %"));
  CHECK_THAT(html, Contains("pilotwatch.yml:12"));
  CHECK_THAT(html, Contains("people wait") && Contains("href=\"https://wiki.example/errors\""));
  CHECK_THAT(html, Contains("https://grafana.example/d/"
                            "x?orgId=1&amp;var-pilot=triage&amp;var-limit=errors&amp;from=1772344800000&amp;to=now"));
  CHECK_THAT(html,
             Contains("sent again <time datetime=\"2026-03-03T00:01:00Z\">") && Contains("to 1 Alertmanager</dd>"));
  CHECK_THAT(html, Contains("<th scope=\"row\">ana</th><td>looked at</td>"));
  CHECK_THAT(html, Contains("pilotwatch acknowledge e1b2"));
  CHECK_THAT(html, Contains("href=\"../metrics\"") && Contains("<a href=\"../\">Pilotwatch</a>"));
  CHECK_THAT(html, Contains("href=\"../api/v1/pilots/triage/explain?limit=errors\""));
  CHECK_THAT(html, Contains("Ends with the first judged day window"));
}

TEST_CASE("The page of a breach that is over says so, and shows where its limit stands now") {
  auto fixture = support::triage();
  auto& status = fixture->snapshot.limits[0];
  status.state = judge::State::ok;
  status.episode->ended = at("2026-03-02T09:00:00Z");
  status.episode->ended_wall = at("2026-03-02T10:00:00Z");
  const auto html = breach(*fixture, "e1b2");
  CHECK_THAT(html, Contains("<h1>Pilot triage was beyond its limit errors.</h1>"));
  CHECK_THAT(html, Contains("from <time datetime=\"2026-03-02T06:00:00Z\">") &&
                       Contains(" to <time datetime=\"2026-03-02T10:00:00Z\">"));
  CHECK_THAT(html, Contains("</svg>ok</span>") && !Contains("pilotwatch acknowledge"));
}

TEST_CASE("Of a breach before the last one of its limit there are its changes and who saw it") {
  auto fixture = support::triage();
  auto& snapshot = fixture->snapshot;
  snapshot.limits[0].episode->id = "later";
  auto other = snapshot.recent[0];
  other.episode = "later";
  other.reason = "of the later one";
  remember(*fixture, {snapshot.recent[0], other});
  snapshot.recent.clear();  // other limits have changed since
  snapshot.acknowledgements = {{"e1b2", at("2026-03-02T07:00:00Z"), "ana", "looked at"},
                               {"later", at("2026-03-02T08:00:00Z"), "bo", "not this"}};
  const auto html = breach(*fixture, "e1b2");
  CHECK_THAT(html, Contains("Pilot triage was beyond its limit errors.") && Contains("10 % is above 8 %"));
  CHECK_THAT(html, Contains("href=\"../pilots/triage/limits/errors\"") &&
                       Contains("it began <time datetime=\"2026-03-02T06:00:00Z\">"));
  CHECK_THAT(html, Contains(">ana</th>") && !Contains(">bo</th>") && !Contains("of the later one"));
}

TEST_CASE("Of a limit that was taken out, or is another one now, the page says what was") {
  auto fixture = support::triage();
  auto& snapshot = fixture->snapshot;
  remember(*fixture, {snapshot.recent[0]});
  auto& status = snapshot.limits[0];
  status.state = judge::State::ok;
  status.episode->ended = status.episode->ended_wall = status.since_wall = at("2026-03-02T10:00:00Z");
  const auto changed = breach(*fixture, "e1b2");
  CHECK_THAT(changed, Contains("href=\"../pilots/triage/limits/errors\"") && Contains("or was changed."));
  CHECK_THAT(changed, !Contains("<h2 id=\"now\">"));  // of the limit that is in force now
  status.since_wall = at("2026-03-02T09:00:00Z");
  CHECK_THAT(breach(*fixture, "e1b2"), Contains("<h2 id=\"now\">"));
  snapshot.limits.clear();
  CHECK_THAT(breach(*fixture, "e1b2"), Contains("The limit is not watched any more.") && !Contains("limits/errors"));
}

TEST_CASE("A limit on decisions has no value of its own as its breach begins") {
  auto fixture = support::triage();
  for (const auto evidence : {settings::Evidence::budget, settings::Evidence::confidence_sequence}) {
    fixture->settings.pilots[0].limits[0].evidence = evidence;
    CHECK_THAT(breach(*fixture, "e1b2"), Contains("<h2 id=\"now\">") && !Contains("Its value was"));
  }
}

TEST_CASE("A breach that nobody remembers and a limit that is not there are 404, in words") {
  auto fixture = support::triage();
  CHECK_THAT(breach(*fixture, "<b>", 404), Contains("<h1>No breach &lt;b&gt; is remembered.</h1>"));
  const auto html = get(*fixture, limit_route, {{"pilot", "triage"}, {"limit", "none"}}, 404);
  CHECK_THAT(html, Contains("Pilot triage has no limit none.") && Contains("href=\"../../../\""));
  CHECK_THAT(get(*fixture, limit_route, {{"pilot", "triage"}, {"limit", "missed"}, {"group", "x"}}, 404),
             Contains("has no limit missed for x."));
}

TEST_CASE("The page of a limit leads to its breach; one on groups to them") {
  auto fixture = support::triage();
  CHECK_THAT(limit(*fixture, "errors"), Contains("href=\"../../../breaches/e1b2\">this breach</a>"));
  const auto groups = limit(*fixture, "missed");
  CHECK_THAT(groups, Contains("href=\"?group=m\""));
  auto early = support::triage();
  early->snapshot.limits.pop_back();
  CHECK_THAT(limit(*early, "missed"), Contains("no group of it has come"));
  const auto group = limit(*fixture, "missed", "m");
  CHECK_THAT(group, Contains("No breach is running.") && Contains("href=\"?group=m&amp;refresh=off\""));
}

TEST_CASE("The page of a limit shows no figure of a group that is hidden") {
  auto fixture = support::triage();
  const auto html = limit(*fixture, "missed", "m");
  CHECK_THAT(html, Contains("<td class=\"n\">none</td><td class=\"n\"></td><td class=\"n\">0</td><td>suppressed</td>"));
  const auto windows = html.find("<h2 id=\"windows\">");
  REQUIRE(windows != std::string::npos);
  CHECK(matches(html.substr(windows), "<td class=\"n\">([0-9.]+\u00a0%)</td>").empty());
  CHECK_THAT(html, !Contains("<svg class=\"chart\""));
}

TEST_CASE("Evidence is drawn with its peak, however long its course is") {
  auto fixture = support::triage();
  give_evidence(fixture->snapshot.limits[0]);
  const auto html = breach(*fixture, "e1b2");
  CHECK_THAT(html, Contains("1,235 of 1,000 that a breach takes, 77 observations"));
  CHECK_THAT(html, Contains("60 looks, ") && Contains("highest 900."));
}

TEST_CASE("Names from outside become no markup in pages of limits") {
  auto fixture = support::triage();
  const std::string hostile = "</title><script>alert(\"1\")</script>&'\xff";
  auto& pilot = fixture->settings.pilots[0];
  pilot.owner = pilot.limits[0].reason = pilot.limits[0].action = pilot.limits[0].source = hostile;
  pilot.limits[0].name = pilot.limits[1].segment = fixture->snapshot.limits[1].group = hostile;
  auto& status = fixture->snapshot.limits[0];
  status.reason = status.episode->id = fixture->snapshot.recent[0].reason = hostile;
  status.acknowledged = {{hostile, at("2026-03-02T07:00:00Z"), hostile, hostile}};
  for (const auto& html : {breach(*fixture, hostile), limit(*fixture, hostile), limit(*fixture, "missed", hostile)}) {
    CHECK_THAT(html, !Contains("<script") && !Contains("\xff"));
  }
  CHECK_THAT(breach(*fixture, hostile), Contains("pilotwatch explain triage &#39;&lt;/title&gt;"));
}

TEST_CASE("Each limit and each change of the page at / leads to a page that is there") {
  for (const auto& fixture : {support::demo(), support::triage()}) {
    support::ReaderApi api(*fixture);
    const auto html = api.get("/").body;
    CHECK(matches(html, "href=\"(pilots/[^\"]*)\"").size() >= fixture->snapshot.limits.size());
    for (const auto& status : fixture->snapshot.limits) {
      const auto path = sinks::limit_path(status.pilot->name, status.limit->name, status.group).substr(1);
      CHECK_THAT(html, Contains("href=\"" + path + "\""));
    }
    for (const auto& episode : matches(html, "href=\"breaches/([^\"]*)\"")) breach(*fixture, episode);
    fixture->snapshot.recent[0].episode.clear();
    CHECK_THAT(api.get("/").body, Contains("<small><a href=\"pilots/"));
    fixture->snapshot.recent[0].limit = "taken-out";
    CHECK_THAT(api.get("/").body, Contains("<small>taken-out"));
  }
}

TEST_CASE("Links to pages and dashboards hold what names hold") {
  CHECK(sinks::breach_path("3f0a9c1e5b7d2846") == "/breaches/3f0a9c1e5b7d2846");
  CHECK(sinks::limit_path("a b", "x/y", "") == "/pilots/a%20b/limits/x%2Fy");
  CHECK(sinks::limit_path("a", "x", "m&n") == "/pilots/a/limits/x?group=m%26n");
  CHECK(sinks::dashboard_url("", "a", "l", at("2026-03-02T06:00:00Z")).empty());
  CHECK(sinks::dashboard_url("https://g/d/x", "a b", "l", std::nullopt) == "https://g/d/x?var-pilot=a%20b&var-limit=l");
  CHECK(sinks::dashboard_url("https://g/d/x?y=1", "a", "l", at("2026-03-02T06:00:00Z")) ==
        "https://g/d/x?y=1&var-pilot=a&var-limit=l&from=1772344800000&to=now");
}
