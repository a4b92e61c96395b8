// SPDX-License-Identifier: Apache-2.0
#include "engine/pilot.h"

#include <cmath>

#include <set>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;
using settings::WindowKind;

namespace {

std::string line(const std::string& type, int id, const std::string& time, const std::string& rest) {
  return R"({"type":")" + type + R"(","pilot":"p","id":")" + std::to_string(id) + R"(","time":")" + time + "\"," +
         rest + "}\n";
}
std::string day(int d, int hour = 12) {
  return format_rfc3339(at("2026-01-01T00:00:00Z") + std::chrono::hours{24 * d + hour});
}

}  // namespace

TEST_CASE("pilot: confusion counts and rates of a binary task, by version") {
  Scenario s(settings_of({binary_pilot()}));
  int id = 0;
  std::string text;
  const auto add = [&](int times, int predicted, int actual, const char* version) {
    for (int i = 0; i < times; ++i, ++id) {
      text += line("prediction", id, day(0),
                   R"("prediction":)" + std::to_string(predicted) + R"(,"model_version":")" + version + "\"");
      text += line("outcome", id, day(0), R"("actual":)" + std::to_string(actual));
    }
  };
  add(30, 1, 1, "v1");
  add(10, 1, 0, "v1");
  add(5, 0, 1, "v2");
  add(55, 0, 0, "v2");
  s.send(text);
  CHECK(s.figure("all", Metric::error_rate).value == 0.15);
  CHECK(s.figure("all", Metric::false_positive_rate).value == Approx(10.0 / 65));
  CHECK(s.figure("all", Metric::false_negative_rate).value == Approx(5.0 / 35));
  CHECK(s.figure("all", Metric::false_discovery_rate).value == 0.25);
  CHECK(s.figure("all", Metric::false_omission_rate).value == Approx(5.0 / 60));
  CHECK(s.figure("all", Metric::selection_rate).value == 0.4);
  CHECK(s.figure("all", Metric::error_rate, "", "", "v1").value == 0.25);
  CHECK(s.figure("all", Metric::error_rate, "", "", "v2").n == 60);
}

TEST_CASE("pilot: a binary score alone decides by the threshold") {
  auto pilot = binary_pilot();
  pilot.threshold = 0.8;
  Scenario s(settings_of({pilot}));
  s.send(line("prediction", 1, day(0), R"("score":0.8)") + line("prediction", 2, day(0), R"("score":0.79)"));
  CHECK(s.figure("all", Metric::selection_rate).value == 0.5);
}

TEST_CASE("pilot: regression errors beyond the tolerance, mean absolute and signed error") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::regression;
  pilot.classes.clear();
  pilot.tolerance = {2, 0.1};
  Scenario s(settings_of({pilot}));
  const std::pair<double, double> pairs[] = {{100, 109}, {100, 112}, {10, 12}, {10, 13}};  // tolerance 10.9, 11.2, 2, 2
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += line("prediction", i, day(0), R"("prediction":)" + std::to_string(pairs[i].first));
    text += line("outcome", i, day(0), R"("actual":)" + std::to_string(pairs[i].second));
  }
  s.send(text);
  CHECK(s.figure("all", Metric::error_rate).value == 0.5);
  CHECK(s.figure("all", Metric::mean_absolute_error).value == Approx(6.5));
  CHECK(s.figure("all", Metric::mean_error).value == Approx(-6.5));
}

TEST_CASE("pilot: many classes; a generated answer is judged by its verdict") {
  auto routing = binary_pilot();
  routing.task = settings::Task::multiclass;
  routing.classes = {"a", "b", "c"};
  Scenario s(settings_of({routing}));
  s.send(line("prediction", 1, day(0), R"("score":{"a":0.2,"b":0.7,"c":0.1})") +
         line("outcome", 1, day(0), R"("actual":"c")") + line("prediction", 2, day(0), R"("prediction":"a")") +
         line("outcome", 2, day(0), R"("actual":"a")"));
  CHECK(s.figure("all", Metric::error_rate).value == 0.5);
  const auto snapshot = s.fold.snapshot(Instant{});
  const auto& confusions = snapshot->pilots[0].windows.back()->confusions;
  REQUIRE(confusions.size() == 3);
  CHECK(confusions[1].label == "b");
  CHECK(confusions[1].fp == 1);
  CHECK(confusions[2].fn == 1);

  auto chatbot = binary_pilot();
  chatbot.task = settings::Task::generative;
  chatbot.classes = {"ok", "bad"};
  Scenario g(settings_of({chatbot}));
  g.send(line("prediction", 1, day(0), R"("latency_ms":5)") + line("outcome", 1, day(0), R"("actual":"bad")") +
         line("prediction", 2, day(0), R"("latency_ms":5)") + line("outcome", 2, day(0), R"("actual":"ok")"));
  CHECK(g.figure("all", Metric::error_rate).value == 0.5);
}

TEST_CASE("pilot: complaints per 1,000 decisions with Garwood's interval") {
  Scenario s(settings_of({binary_pilot()}));
  s.send(line("prediction", 1, day(0), R"("weight":2000)") + line("complaint", 1, day(0), R"("severity":2)") +
         line("complaint", 2, day(0), R"("severity":2)") + line("complaint", 3, day(0), R"("prediction_id":"1")"));
  const auto f = s.figure("all", Metric::complaints_per_1000);
  CHECK(f.value == 1.5);
  CHECK(f.lower == Approx(0.618672 / 2).epsilon(1e-5));  // Garwood for 3 events: 0.6187 to 8.7673
  CHECK(f.upper == Approx(8.767273 / 2).epsilon(1e-5));
}

TEST_CASE("pilot: windows close `lateness` after their end, mature after the outcome horizon, each once and in order") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.lateness = std::chrono::hours{1};
  pilot.outcome_horizon = std::chrono::hours{48};
  Scenario s(settings_of({pilot}));
  s.send(line("prediction", 1, day(0), R"("prediction":1)") + line("prediction", 2, day(1, 0), R"("prediction":1)"));
  CHECK(s.closings.empty());  // day 0 ended this very hour
  s.send(line("prediction", 3, day(1, 1), R"("prediction":1)"));
  REQUIRE(s.closings.size() == 1);
  CHECK_FALSE(s.closings[0].mature);
  CHECK(s.closings[0].due == at("2026-01-02T01:00:00Z"));
  CHECK(s.figure("day", Metric::error_rate).state == "insufficient");
  s.send(line("outcome", 1, day(1, 2), R"("actual":0)"));
  CHECK(s.figure("day", Metric::error_rate).state == "immature");
  s.send(line("prediction", 4, day(5), R"("prediction":1)"));
  std::vector<std::pair<Instant, bool>> looks;
  for (const auto& c : s.closings) looks.emplace_back(c.due, c.mature);
  CHECK(std::is_sorted(looks.begin(), looks.end()));
  CHECK(std::adjacent_find(looks.begin(), looks.end()) == looks.end());
  CHECK(s.figure("day", Metric::error_rate).state == "ok");
}

TEST_CASE("pilot: windows follow the calendar of the pilot's zone") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.time_zone = *Zone::find("Asia/Kolkata");
  Scenario s(settings_of({pilot}));
  s.send(line("prediction", 1, "2026-01-01T18:29:59Z", R"("prediction":1)") +
         line("prediction", 2, "2026-01-01T18:30:00Z", R"("prediction":1)"));
  s.fold.finish(Instant{});
  CHECK(s.figure("day", Metric::volume, "", "", "", 0).value == 1.0);
  CHECK(s.figure("day", Metric::volume, "", "", "", 1).value == 1.0);
}

TEST_CASE("pilot: count windows hold every N decisions in the order of decision, outcomes and complaints with them") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::count, 3}};
  pilot.lateness = Millis{0};
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 6; i >= 0; --i)
    text += line("prediction", i, format_rfc3339(at("2026-01-01T00:00:00Z") + Millis{i}), R"("prediction":1)");
  s.send(text);
  s.send(line("outcome", 4, day(0), R"("actual":0)") + line("complaint", 9, day(0), R"("prediction_id":"1")"));
  s.send(line("prediction", 7, day(1), R"("prediction":1)") + line("prediction", 8, day(1), R"("prediction":1)") +
         line("prediction", 9, day(2), R"("prediction":1)"));
  CHECK(s.figure("count:3", Metric::volume, "", "", "", 0).value == 3.0);
  CHECK(s.figure("count:3", Metric::volume, "", "", "", 2).value == 3.0);
}

TEST_CASE("pilot: drift against the first N decisions; the reference never moves") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.lateness = Millis{0};
  pilot.features = {{"x", settings::FeatureKind::numeric}, {"c", settings::FeatureKind::categorical}};
  pilot.reference.first = 100;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const int shift = i < 200 ? 0 : 100;  // the third day is all new
    text += line("prediction", i, day(i / 100, i % 100 / 10),
                 R"("prediction":1,"features":{"x":)" + std::to_string(i % 100 + shift) + R"(,"c":")" +
                     (shift != 0 ? "new" : "old") + "\"}");
  }
  s.send(text);
  s.fold.finish(Instant{});
  const auto snapshot = s.fold.snapshot(Instant{});
  CHECK(snapshot->pilots[0].reference.n == 100);
  CHECK(s.figure("day", Metric::ks, "", "x", "", 0).value == 0.0);
  CHECK(s.figure("day", Metric::ks, "", "x", "", 1).value == 0.0);
  CHECK(s.figure("day", Metric::ks, "", "x", "", 2).value == 1.0);
  CHECK(s.figure("day", Metric::psi, "", "x", "", 1).value == Approx(0.0).margin(1e-12));
  CHECK(*s.figure("day", Metric::psi, "", "x", "", 2).value > 1);
  CHECK(*s.figure("day", Metric::psi, "", "c", "", 2).value > 1);
  CHECK(s.figure("day", Metric::ks, "", "x", "", 2).n == 100);
  // Nothing in common: what has a greatest value shows it. 64 quantile bins of 100 values, and one above.
  for (const auto metric : {Metric::js_distance, Metric::hellinger, Metric::tvd})
    CHECK(s.figure("day", metric, "", "x", "", 2).value == Approx(1.0));
  for (const auto metric : {Metric::js_distance, Metric::tvd, Metric::linf})
    CHECK(s.figure("day", metric, "", "c", "", 2).value == Approx(1.0));
  CHECK(s.figure("day", Metric::chi2, "", "c", "", 2).value == Approx(200.0));  // two samples of 100, two columns
  CHECK(s.figure("day", Metric::chi2, "", "c", "", 2).noise_floor == 1.0);
  CHECK(s.figure("day", Metric::psi, "", "x", "", 1).noise_floor == Approx(63 * 0.02));
  CHECK(s.figure("day", Metric::psi, "", "x", "", 2).noise_floor == Approx(64 * 0.02));
  CHECK(s.figure("day", Metric::ks, "", "x", "", 1).noise_floor == Approx(0.8687 * std::sqrt(0.02)).epsilon(1e-4));
  CHECK(s.figure("day", Metric::chi2, "", "c", "", 1).state == "undefined");  // one column
  CHECK(s.figure("day", Metric::chi2, "", "c", "", 1).reason == "constant");
  CHECK(s.figure("day", Metric::wasserstein1, "", "x", "", 1).value == 0.0);
  // All above: 49.5 to the greatest of the reference, and how far beyond does not show; in sd of 0 .. 99.
  CHECK(s.figure("day", Metric::wasserstein1, "", "x", "", 2).value == Approx(49.5 / std::sqrt(9999 / 12.0)));
}

TEST_CASE("pilot: missing values, and values outside the reference, are bins of their own") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  pilot.lateness = Millis{0};
  pilot.features = {{"x", settings::FeatureKind::numeric}};
  pilot.reference.first = 100;
  pilot.reference.bins = 2;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += line("prediction", i, day(0, i / 5), R"("features":{"x":)" + std::to_string(i) + "}");
  // 40 in range (20 a bin), 20 below, 10 above, 30 missing
  for (int i = 0; i < 100; ++i) {
    const std::string x = i < 40 ? std::to_string(i < 20 ? 10 : 90) : i < 60 ? "-5" : i < 70 ? "500" : "null";
    text += line("prediction", 100 + i, day(1, i / 5), R"("features":{"x":)" + x + "}");
  }
  s.send(text);
  s.fold.finish(Instant{});
  CHECK(s.figure("day", Metric::tvd, "", "x", "", 0).value == 0.0);
  const auto tvd = s.figure("day", Metric::tvd, "", "x", "", 1);
  CHECK(tvd.value == Approx((0.3 + 0.3 + 0.2 + 0.1 + 0.3) / 2));
  CHECK(tvd.n == 100);
  CHECK(s.figure("day", Metric::psi, "", "x", "", 1).noise_floor == Approx(4 * 0.02));  // five bins hold something
  CHECK(s.figure("day", Metric::ks, "", "x", "", 1).n == 70);
}

TEST_CASE("pilot: groups in `all` are counted by closed days only, unless nothing needs protection") {
  for (const std::uint64_t min_n : {1, 10}) {
    auto pilot = binary_pilot();
    pilot.segments.attributes = {"g"};
    pilot.segments.min_n = min_n;
    Scenario s(settings_of({pilot}));
    std::string text;
    for (int i = 0; i < 60; ++i) text += line("prediction", i, day(i / 40), R"("prediction":1,"segments":{"g":"a"})");
    s.send(text);
    CHECK(s.figure("all", Metric::volume, "a").value == (min_n == 1 ? 60.0 : 40.0));
    CHECK(s.figure("all", Metric::volume).value == (min_n == 1 ? 60.0 : 40.0));
  }
}

TEST_CASE("pilot: segment values and versions beyond the bound share one name and are counted") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.max_values = 2;
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 40; ++i) {
    const auto n = std::to_string(i);
    text += line("prediction", i, day(0),
                 R"("prediction":1,"model_version":"v)" + n + R"(","segments":{"g":"x)" + n + "\"}");
  }
  s.send(text);
  CHECK(s.figure("all", Metric::volume, "__other__").value == 38.0);
  const auto snapshot = s.fold.snapshot(Instant{});
  const auto& overflows = snapshot->pilots[0].counters.label_overflows;
  CHECK(overflows == std::vector<std::pair<std::string, std::uint64_t>>{{"g", 38}, {"model_version", 20}});
}

TEST_CASE("pilot: of named segment values the order of arrival decides nothing") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.max_values = 1;
  pilot.segments.values["g"] = {"b", "c"};
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) {
    lines.push_back(line("prediction", i, day(0),
                         std::string(R"("prediction":1,"segments":{"g":")") + "abcd"[i % 4] + "\"}"));
  }
  for (const bool backwards : {false, true}) {
    CAPTURE(backwards);
    Scenario s(settings_of({pilot}));
    if (backwards) std::reverse(lines.begin(), lines.end());
    for (const auto& one : lines) s.send(one);
    CHECK(s.figure("all", Metric::volume, "b").value == 10.0);
    CHECK(s.figure("all", Metric::volume, "c").value == 10.0);
    CHECK(s.figure("all", Metric::volume, "__other__").value == 20.0);
  }
}

TEST_CASE("pilot: who does not give an attribute is in its group `unknown`, which takes no place and never overflows") {
  const char* given[] = {R"(,"segments":{"g":"a"})", R"(,"segments":{"g":"b"})", "",
                         R"(,"segments":{"g":null})", R"(,"segments":{"g":"unknown"})"};
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) {
    // Twenty of them with an error, and every group has some.
    lines.push_back(line("prediction", i, day(0), std::string(R"("prediction":1)") + given[i % 5]));
    lines.push_back(line("outcome", i, day(0), i < 20 ? R"("actual":0)" : R"("actual":1)"));
  }
  for (const bool named : {false, true}) {
    for (const bool backwards : {false, true}) {
      CAPTURE(named, backwards);
      auto pilot = binary_pilot();
      pilot.segments.attributes = {"g"};
      pilot.segments.max_values = 1;
      if (named) pilot.segments.values["g"] = {"a"};
      Scenario s(settings_of({pilot}));
      if (backwards) std::reverse(lines.begin(), lines.end());
      for (const auto& one : lines) s.send(one);
      CHECK(s.figure("all", Metric::volume, "unknown").value == 30.0);
      CHECK(s.figure("all", Metric::error_rate, "unknown").value == 12.0 / 30);
      CHECK(s.figure("all", Metric::volume, "__other__").value == 10.0);
      CHECK(s.figure("all", Metric::volume, named || !backwards ? "a" : "b").value == 10.0);
      const auto snapshot = s.fold.snapshot(Instant{});
      CHECK(snapshot->pilots[0].counters.label_overflows ==
            std::vector<std::pair<std::string, std::uint64_t>>{{"g", 10}});
      if (backwards) std::reverse(lines.begin(), lines.end());
    }
  }
}

TEST_CASE("pilot: pairs of attributes have groups as an attribute has, and a bound of their own") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g", "h", "i"};
  pilot.segments.pairs = {{"g", "h"}, {"i", "g"}};
  pilot.segments.max_values = 5;
  Scenario s(settings_of({pilot}));
  std::string text;
  const auto decide = [&](int i, const std::string& segments) {
    text += line("prediction", i, day(0), R"("prediction":1,"segments":{)" + segments + "}");
    text += line("outcome", i, day(0), i % 4 == 0 ? R"("actual":0)" : R"("actual":1)");
  };
  for (int i = 0; i < 8; ++i) decide(i, R"("g":"a","h":"x")");
  for (int i = 8; i < 10; ++i) decide(i, R"("g":"a","h":"y")");
  decide(10, R"("g":"a")");
  decide(11, R"("g":"c*x","h":"\\")");
  decide(12, R"("g":"a","h":"x*\\")");
  decide(13, R"("g":"b","h":"z")");
  s.send(text + line("complaint", 1, day(0), R"("segments":{"g":"a"})") +
         line("complaint", 2, day(0), R"("segments":{"g":"a","h":"x"})"));
  CHECK(s.figure("all", Metric::volume, "a*x").value == 8.0);
  CHECK(s.figure("all", Metric::error_rate, "a*x").value == .25);
  CHECK(s.figure("all", Metric::volume, "a*y").value == 2.0);
  CHECK(s.figure("all", Metric::volume, "a*unknown").value == 1.0);
  CHECK(s.figure("all", Metric::volume, "c\\*x*\\\\").value == 1.0);
  CHECK(s.figure("all", Metric::volume, "a*x\\*\\\\").value == 1.0);
  CHECK(s.figure("all", Metric::volume, "__other__").value == 1.0);  // b*z
  CHECK(s.figure("all", Metric::volume, "unknown*a").value == 12.0);
  CHECK(s.figure("all", Metric::complaints_per_1000, "a*x").value == 1000. / 8);
  const auto snapshot = s.fold.snapshot(Instant{});
  CHECK(snapshot->pilots[0].counters.label_overflows ==
        std::vector<std::pair<std::string, std::uint64_t>>{{"g*h", 1}});
  std::set<std::string> compared;
  for (const auto& window : snapshot->pilots[0].windows) {
    for (const auto& f : window->figures) {
      if (f.attribute == "g*h" && !f.compare.empty()) compared.insert(f.group);
    }
  }
  CHECK(compared.size() == 6);
}

TEST_CASE("pilot: complaints that name no decision are in no group that they do not give") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  Scenario s(settings_of({pilot}));
  s.send(line("prediction", 1, day(0), R"("prediction":1,"weight":1000)") +
         line("complaint", 1, day(0), R"("prediction_id":1)") + line("complaint", 2, day(0), R"("channel":"mail")") +
         line("complaint", 3, day(0), R"("segments":{"g":"unknown"})"));
  CHECK(s.figure("all", Metric::complaints_per_1000).value == 3.0);
  CHECK(s.figure("all", Metric::complaints_per_1000, "unknown").value == 2.0);
}

TEST_CASE("pilot: hour windows close `lateness` after their end; an empty hour is looked at, too") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::hour, 0}};
  pilot.outcome_horizon = std::chrono::hours{2};
  Scenario s(settings_of({pilot}));
  s.send(line("prediction", 1, "2026-01-01T12:10:00Z", R"("prediction":1)") +
         line("prediction", 2, "2026-01-01T12:59:59Z", R"("prediction":1)") +
         line("prediction", 3, "2026-01-01T14:00:00Z", R"("prediction":0)"));
  REQUIRE(s.closings.size() == 1);  // 12; 13 is closed a minute later
  CHECK(s.closings[0].due == at("2026-01-01T13:01:00Z"));
  s.send(line("prediction", 4, "2026-01-01T15:30:00Z", R"("prediction":1)"));
  REQUIRE(s.closings.size() == 4);  // 13 (empty) and 14 closed, 12 matured
  CHECK(s.closings[1].result->figures.empty());
  CHECK(s.figure("hour", Metric::volume, "", "", "", 0).value == 2.0);
  CHECK(s.figure("hour", Metric::volume, "", "", "", 1).value == 1.0);
  s.send(line("outcome", 1, "2026-01-01T15:31:00Z", R"("actual":0)"));
  CHECK(s.figure("hour", Metric::error_rate, "", "", "", 0).value == 1.0);  // late, and shown

  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  Scenario back(settings_of({pilot}));
  back.fold.load(parts, s.sequence, Instant{});
  CHECK(back.saved() == s.saved());
  CHECK(back.figure("hour", Metric::error_rate, "", "", "", 0).value == 1.0);
  s.fold.finish(Instant{});
  CHECK(s.figure("hour", Metric::volume, "", "", "", 2).value == 1.0);
}

TEST_CASE("pilot: {days: N} is the N days that end with each closed day, and a late outcome changes all that hold it") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::days, 3}};
  Scenario s(settings_of({pilot}));
  std::string text;
  int id = 0;
  for (int d = 0; d < 6; ++d) {
    for (int i = 0; i <= d; ++i) text += line("prediction", id++, day(d), R"("prediction":1)");  // 1 2 3 4 5 6
  }
  s.send(text);
  const auto volume = [&](std::size_t window) { return s.figure("days:3", Metric::volume, "", "", "", window).value; };
  CHECK(volume(0) == 1.0);
  CHECK(volume(1) == 3.0);
  CHECK(volume(2) == 6.0);
  CHECK(volume(3) == 9.0);
  CHECK(volume(4) == 12.0);
  const auto snapshot = s.fold.snapshot(Instant{});
  const auto& windows = snapshot->pilots[0].windows;
  REQUIRE(windows.size() == 5);  // the sixth day has not closed
  CHECK(windows[2]->start == at("2026-01-01T00:00:00Z"));
  CHECK(windows[2]->end == at("2026-01-04T00:00:00Z"));
  s.send(line("outcome", 1, day(5), R"("actual":0)"));  // of the second day
  const auto outcomes = [&](std::size_t window) {
    return s.figure("days:3", Metric::error_rate, "", "", "", window).n;
  };
  CHECK(std::vector{outcomes(0), outcomes(1), outcomes(2), outcomes(3), outcomes(4)} ==
        std::vector<std::uint64_t>{0, 1, 1, 1, 0});
}
