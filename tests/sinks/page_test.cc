// SPDX-License-Identifier: Apache-2.0
#include "sinks/page.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include "sinks/html.h"
#include "support/demo_fixture.h"
#include "support/html_checks.h"
#include "support/snapshot_fixture.h"

using namespace pilotwatch;
using Catch::Matchers::Contains;
using support::at;
using support::matches;
using support::unbalanced;

namespace {

std::string page(const support::SnapshotFixture& fixture, bool refresh = true) {
  return sinks::page_html(fixture.snapshot, fixture.self, refresh);
}

/// Relative luminance and contrast as WCAG 2.2 defines them, of "#rrggbb".
double luminance(const std::string& colour) {
  const auto channel = [&](std::size_t i) {
    const double c = static_cast<double>(std::stoi(colour.substr(i, 2), nullptr, 16)) / 255;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

double contrast(const std::string& a, const std::string& b) {
  const auto [low, high] = std::minmax({luminance(a), luminance(b)});  // by value: two temporaries
  return (high + 0.05) / (low + 0.05);
}

}  // namespace

TEST_CASE("The page says first how many pilots have a limit in breach") {
  CHECK_THAT(page(*support::demo()), Contains("<h1>2 of 5 pilots have a limit in breach.</h1>"));
  auto fixture = support::triage();
  CHECK_THAT(page(*fixture), Contains("<h1>1 of 1 pilot has a limit in breach.</h1>"));
  for (auto& limit : fixture->snapshot.limits) limit.state = judge::State::no_data;
  CHECK_THAT(page(*fixture), Contains("<h1>1 of 1 pilot has a limit in breach.</h1>") && Contains("breach not over"));
  fixture->snapshot.limits[0].episode.reset();
  for (auto& limit : fixture->snapshot.limits) limit.state = judge::State::warning;
  CHECK_THAT(page(*fixture), Contains("<h1>No limit is in breach; 1 of 1 pilot has a warning.</h1>"));
  for (auto& limit : fixture->snapshot.limits) limit.state = judge::State::ok;
  CHECK_THAT(page(*fixture), Contains("<h1>No limit is in breach.</h1>"));
}

TEST_CASE("The page is well-formed and its ids are unique") {
  for (const auto& fixture : {support::demo(), support::triage(), std::make_unique<support::SnapshotFixture>()}) {
    const auto html = page(*fixture);
    CHECK(unbalanced(html) == "");
    const auto ids = matches(html, " id=\"([^\"]*)\"");
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    for (const auto& target : matches(html, "href=\"#([^\"]*)\"")) CHECK(ids.contains(target));
    CHECK(matches(html, "<(script|iframe|form|img)\\b").empty());
    CHECK(matches(html, "((?:src|href)=\"(?:https?:)?//)").empty());
  }
}

TEST_CASE("Names from outside cannot become markup") {
  auto fixture = support::triage();
  const std::string hostile = "</title><script>alert(\"1\")</script>&'\xff";
  auto& pilot = fixture->settings.pilots[0];
  pilot.name = pilot.description = pilot.owner = pilot.model = pilot.limits[0].name = hostile;
  pilot.segments.attributes[0] = pilot.limits[1].segment = hostile;
  fixture->snapshot.limits[0].reason = fixture->snapshot.limits[1].group = hostile;
  fixture->snapshot.limits[0].episode->id = hostile;
  fixture->snapshot.recent[0].pilot = fixture->snapshot.recent[0].reason = hostile;
  fixture->snapshot.ingest.rows[0].source = fixture->self.ready_detail = hostile;
  auto window = support::triage_day(at("2026-03-01T00:00:00Z"));
  for (auto& counts : window->counts) counts.group = hostile;
  fixture->snapshot.pilots[0].windows.push_back(window);
  fixture->snapshot.pilots[0].changes = {{at("2026-03-01T00:00:00Z"), "model", hostile, hostile, false, ""}};
  fixture->snapshot.pilots[0].findings = {{engine::unannounced_version_change, hostile, at("2026-03-01T00:00:00Z")}};
  const auto html = page(*fixture);
  CHECK(unbalanced(html) == "");
  CHECK_THAT(html, !Contains("<script"));
  CHECK_THAT(html, !Contains("\xff"));
  CHECK_THAT(html, Contains("&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\ufffd"));
}

TEST_CASE("Where alerts go is said of each Alertmanager, with what it refuses, and nothing of it is markup") {
  auto fixture = support::triage();
  fixture->self.targets.clear();
  CHECK_THAT(page(*fixture), !Contains("Where alerts go"));
  fixture->self.lookups.push_back({});
  CHECK_THAT(page(*fixture), Contains("DNS has named no Alertmanager: nobody is told of breaches."));
  const std::string hostile = "<script>alert(\"1\")</script>&'\xff";
  sinks::TargetStats good, bad;
  good.target = "am-1";
  good.state = sinks::TargetState::ok;
  good.last_success = at("2026-03-01T10:00:00Z");
  bad.target = bad.url = bad.last_error = hostile;
  bad.lookups = {hostile, "second"};
  bad.state = sinks::TargetState::failing;
  bad.failing_since = bad.last_error_at = at("2026-03-01T11:00:00Z");
  bad.queue_length = 1'234;
  bad.dropped_rejected = 3;
  bad.skew_seconds = -90;
  bad.refused = {{{{hostile, hostile}}, at("2026-03-01T10:30:00Z"), at("2026-03-01T11:30:00Z"), 3, 400, hostile},
                 {{{"alertname", "older"}}, at("2026-03-01T10:00:00Z"), at("2026-03-01T10:00:00Z"), 1, 422, "no"}};
  fixture->self.targets = {good, bad};
  const auto html = page(*fixture);
  CHECK(unbalanced(html) == "");
  CHECK_THAT(html, !Contains("<script") && !Contains("\xff"));
  CHECK_THAT(html, Contains("Where alerts go") && Contains("never") && Contains("1,234") && Contains("its clock is 1\u00a0min 30\u00a0s behind"));
  CHECK_THAT(html, Contains("<use href=\"#m-breach\"/></svg>failing</span><small>since") && Contains("#m-ok\"/></svg>ok</span>"));
  CHECK_THAT(html, Contains("3 times since") && Contains("HTTP 400<small>&lt;script&gt;") && Contains(", second</small>"));
  CHECK(html.find("alertname=&quot;older&quot;") > html.find("3 times since"));  // newest first
}

TEST_CASE("Each state is said in words beside a shape of its own") {
  auto fixture = support::triage();
  const std::pair<judge::State, const char*> words[] = {
      {judge::State::collecting, "collecting"},     {judge::State::ok, "ok"},
      {judge::State::warning, "warning"},           {judge::State::breach, "breach"},
      {judge::State::recovering, "recovering"},     {judge::State::no_data, "no data"},
      {judge::State::insufficient, "too few cases"}};
  for (const auto& [state, word] : words) {
    fixture->snapshot.limits[0].state = state;
    const std::string name = judge::state_names[static_cast<std::size_t>(state)];
    CHECK_THAT(page(*fixture), Contains("<use href=\"#m-" + name + "\"/></svg>" + word + "</span>"));
  }
}

TEST_CASE("What people say and do is a table, where there is anything of it") {
  auto fixture = support::triage();
  CHECK_THAT(page(*fixture), !Contains("What people say and do"));
  auto window = support::triage_day(at("2026-03-02T00:00:00Z"));
  window->figures.push_back(support::make_figure(settings::Metric::override_rate, 0.15, 0.0571, 0.2984, 40));
  auto few = support::make_figure(settings::Metric::staff_stance, 0, 0, 0, 9);
  few.value = few.lower = few.upper = std::nullopt;
  few.reason = "fewer than 10 answers";
  window->figures.push_back(few);
  auto rude = support::make_figure(settings::Metric::complaints_per_1000, 2, 1, 3, 1000);
  rude.feature = "rude & loud";
  window->figures.push_back(rude);
  fixture->snapshot.pilots[0].windows.push_back(window);
  const auto html = page(*fixture);
  CHECK(unbalanced(html) == "");
  CHECK_THAT(html,
             Contains("<th scope=\"row\">override rate</th><td class=\"n\"><span class=\"nowrap\">15\u00a0%</span>") &&
                 Contains("n = 40") && Contains("none<small>fewer than 10 answers</small>"));
  CHECK_THAT(html, !Contains("<th scope=\"row\">public stance"));
  CHECK_THAT(html, Contains("<th scope=\"row\">complaints: rude &amp; loud</th>"));
}

TEST_CASE("Groups are shown beside all others as ratios, without an interval where it has none") {
  auto fixture = support::triage();
  CHECK_THAT(page(*fixture), !Contains("as a ratio to"));
  auto window = support::triage_day(at("2026-03-02T00:00:00Z"));
  for (const char* group : {"f", "m"}) {
    auto ratio = support::make_figure(settings::Metric::error_rate, 1.9, 1.41, 2.6, 40);
    ratio.attribute = "sex";
    ratio.group = group;
    ratio.compare = "ratio";
    ratio.against = "rest";
    if (ratio.group == "m") ratio.lower = ratio.upper = std::nullopt;
    window->figures.push_back(ratio);
  }
  fixture->snapshot.pilots[0].windows.push_back(window);
  const auto html = page(*fixture);
  CHECK(unbalanced(html) == "");
  CHECK_THAT(html, Contains("<caption>By sex, as a ratio to all others") &&
                       Contains("1.90</span><small class=\"nowrap\">1.41 to 2.60") &&
                       Contains("1.90</span><small>too few for an interval"));
}

TEST_CASE("Changes are shown newest first, with what nobody announced among them") {
  auto fixture = support::triage();
  CHECK_THAT(page(*fixture), !Contains("<caption>Changes"));
  auto& view = fixture->snapshot.pilots[0];
  view.changes = {{at("2026-03-01T08:00:00Z"), "model", "v2", "v3", true, ""},
                  {at("2026-03-02T08:00:00Z"), "policy", "", "", {}, ""}};
  view.findings = {{engine::unannounced_version_change, "v4", at("2026-03-03T08:00:00Z")}};
  const auto html = page(*fixture);
  CHECK(unbalanced(html) == "");
  CHECK_THAT(html, Contains("v2 to v3</td><td>announced</td>") && Contains("</td><td>not said</td>") &&
                       Contains("to v4</td><td><strong>found, nobody announced it</strong>"));
  CHECK(html.find("to v4") < html.find("policy"));
  CHECK(html.find("policy") < html.find("v2 to v3"));
}

TEST_CASE("A firing limit can be linked to by its episode") {
  CHECK_THAT(page(*support::triage()), Contains("<tr role=\"row\" class=\"firing\" id=\"e1b2\">"));
}

TEST_CASE("Suppressed cells are shown as suppressed") {
  const auto html = page(*support::triage());
  CHECK_THAT(html, Contains("<th scope=\"row\">m</th><td class=\"n hidden-cell\">suppressed</td>"));
}

TEST_CASE("Charts have a text alternative with the newest value, its interval and the limit") {
  const auto html = page(*support::triage());
  CHECK_THAT(html, Contains("<title id=\"pilot-1-c1-t\">Error rate by day</title>"));
  CHECK_THAT(html,
             Contains("2 windows, 28 Feb 2026 to 1 Mar 2026. Newest: 10\u00a0% (95 % interval 4.35 to 21.4\u00a0%). "
                      "Lowest 10\u00a0%, highest 10\u00a0%. Limit 8\u00a0%, with 2 beyond it.</desc>"));
}

TEST_CASE("Immature windows do not look like low error rates") {
  auto fixture = support::triage();
  auto young = support::triage_day(at("2026-03-02T00:00:00Z"));
  young->figures[0].state = "immature";
  young->figures[0].value = 0.01;
  fixture->snapshot.pilots[0].windows.push_back(young);
  CHECK_THAT(page(*fixture), Contains("<p class=\"now beyond\">10\u00a0%"));
}

TEST_CASE("Without records the page says how to send some") {
  auto fixture = support::triage();
  fixture->snapshot.ingest = {};
  fixture->snapshot.pilots[0].windows.clear();
  const auto html = page(*fixture);
  CHECK_THAT(html, Contains("No records yet: send some to POST /v1/records"));
  CHECK_THAT(html, Contains("No window has closed yet"));
}

TEST_CASE("Refreshing can be turned off") {
  const auto fixture = support::triage();
  CHECK_THAT(page(*fixture), Contains("http-equiv=\"refresh\" content=\"30\"") && Contains("href=\"?refresh=off\""));
  CHECK_THAT(page(*fixture, false), !Contains("http-equiv"));
}

TEST_CASE("Text and marks have enough contrast in both colour schemes") {
  const auto html = page(*support::triage());
  const auto dark_at = html.find("prefers-color-scheme: dark");
  for (const auto& css : {html.substr(0, dark_at), html.substr(dark_at, 700)}) {
    const auto colour = [&](const std::string& name) {
      std::smatch found;
      REQUIRE(std::regex_search(css, found, std::regex("--" + name + ": (#[0-9a-f]{6})")));
      return found[1].str();
    };
    for (const char* background : {"card", "paper", "faint", "breach-tint"}) {
      for (const char* text : {"ink", "soft", "accent", "ok", "warning", "breach", "recovering", "neutral"}) {
        INFO(text << " on " << background);
        CHECK(contrast(colour(text), colour(background)) >= 4.5);
      }
    }
    CHECK(contrast(colour("accent"), colour("band")) >= 3);
  }
}

TEST_CASE("Numbers are written with their unit and thousands separated") {
  using settings::Metric;
  CHECK(sinks::human_count(0) == "0");
  CHECK(sinks::human_count(1'284'003) == "1,284,003");
  CHECK(sinks::human_value(Metric::error_rate, 0.0841) == "8.41\u00a0%");
  CHECK(sinks::human_value(Metric::error_rate, 0.1) == "10\u00a0%");
  CHECK(sinks::human_value(Metric::psi, 0.2434) == "0.243");
  CHECK(sinks::human_value(Metric::psi, 0.2) == "0.2");
  CHECK(sinks::human_range(Metric::error_rate, 0.0435, 0.2136) == "4.35 to 21.4\u00a0%");
  CHECK(sinks::human_range(Metric::volume, 1000, 2000) == "1,000 to 2,000");
  CHECK(sinks::human_value(Metric::mean_error, -1234.5) == "-1,235");
  CHECK(sinks::human_value(Metric::complaints_per_1000, 0) == "0 per\u00a01,000");
  CHECK(sinks::human_duration(std::chrono::hours{52}) == "2\u00a0d 4\u00a0h");
  CHECK(sinks::human_duration(Millis{0}) == "0\u00a0s");
  CHECK(sinks::human_duration(std::chrono::hours{24} + std::chrono::seconds{5}) == "1\u00a0d");
}

// Writes the demo page for a look at it: PILOTWATCH_PAGE=/tmp/page.html test_sinks "[render]"
TEST_CASE("Render the demo page", "[.][render]") {
  if (const char* file = std::getenv("PILOTWATCH_PAGE")) std::ofstream(file) << page(*support::demo(), false);
}
