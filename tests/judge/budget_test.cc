// SPDX-License-Identifier: Apache-2.0
// Limits with a budget of false alarms, through the whole fold: records in, transitions with evidence out.
#include <algorithm>
#include <random>

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::State;
using settings::Metric;

namespace {

TEST_CASE("budget: calm is ok, a change is warned of, then a breach with its evidence, and its end is shown") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  for (const auto& c : cases(1, 9000, [](int i) { return i < 3000 || i >= 5000 ? .05 : .4; })) {
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{30}));
  }
  const auto seen = states(scenario, "errors");
  REQUIRE(seen.size() >= 4);
  CHECK(seen.front() == State::ok);
  CHECK(std::count(seen.begin(), seen.end(), State::breach) >= 1);
  CHECK(std::find(seen.begin(), seen.end(), State::warning) < std::find(seen.begin(), seen.end(), State::breach));
  CHECK(seen.back() == State::ok);
  const auto& breach = first_to(scenario, State::breach);
  REQUIRE(breach.evidence);
  CHECK(breach.evidence->s >= breach.evidence->threshold);
  CHECK(breach.evidence->threshold == Approx(100'000 / .01));  // one limit: the whole budget
  CHECK(breach.evidence->share == Approx(1));
  CHECK(breach.evidence->block == 10);
  CHECK(breach.evidence->formula == "e-sr-block-mean/v1");
  // The change was at decision 3000; it is seen 2 hours of horizon and a few dozen decisions later.
  CHECK(breach.at > at("2026-01-03T04:00:00Z"));
  CHECK(breach.at < at("2026-01-03T08:00:00Z"));
  REQUIRE(breach.evidence->change_point);
  CHECK(*breach.evidence->change_point > at("2026-01-03T00:00:00Z"));
  CHECK(*breach.evidence->change_point < at("2026-01-03T04:00:00Z"));
  CHECK(*breach.evidence->value_since == Approx(.4).margin(.2));
  CHECK(breach.reason.find("at most 1 % chance of a false alarm in 100000 decisions") != std::string::npos);
  CHECK_FALSE(breach.episode.empty());
}

TEST_CASE("budget: nothing wrong, nothing said") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  for (const auto& c : cases(2, 20'000, [](int) { return .09; })) {
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  CHECK(states(scenario, "errors") == std::vector{State::ok});
}

TEST_CASE("budget: outcomes in any order within the horizon give the same transitions to the letter") {
  const auto all = cases(3, 6000, [](int i) { return i < 2000 ? .05 : .3; });
  const auto run = [&](std::uint64_t seed) {
    std::mt19937_64 rng{seed};
    std::vector<std::pair<Instant, std::string>> lines;
    for (const auto& c : all) {
      lines.emplace_back(c.time, prediction(c));
      const Millis delay{static_cast<std::int64_t>(rng() % 7'100'000)};  // each outcome arrives within the 2 hours
      lines.emplace_back(c.time + delay, outcome(c, Millis{60'000}));
    }
    std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
    for (const auto& [time, line] : lines) scenario.send(line);
    scenario.fold.finish(Instant{});
    return transition_text(scenario);
  };
  const auto once = run(4);
  CHECK(once.find("|3|") != std::string::npos);  // a breach
  CHECK(once == run(5));
  CHECK(once == run(6));
}

TEST_CASE("budget: what comes after the horizon re-scores windows and is no evidence") {
  const auto all = cases(7, 4000, [](int) { return .5; });
  Scenario late(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  std::vector<std::pair<Instant, std::string>> lines;
  for (const auto& c : all) {
    lines.emplace_back(c.time, prediction(c));
    lines.emplace_back(c.time + std::chrono::hours{3}, outcome(c, std::chrono::hours{3}));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [time, line] : lines) late.send(line);
  CHECK(states(late, "errors").empty());
  CHECK(late.figure("day", Metric::error_rate).value == Approx(.5).margin(.05));
}

TEST_CASE("budget: a correction made in time counts, one made too late does not take its place") {
  auto pilot = watched({budget("errors", Metric::error_rate, .1)});
  pilot.clock = settings::PilotClock::wall;  // the outcomes' own times must not move it on
  Scenario scenario(settings_of({pilot}));
  std::vector<std::pair<Instant, std::string>> lines;
  for (const auto& c : cases(8, 3000, [](int) { return 0; })) {
    auto wrong = c;
    wrong.actual = !c.actual;
    lines.emplace_back(c.time, prediction(c));
    lines.emplace_back(c.time + std::chrono::minutes{5}, outcome(c, std::chrono::minutes{5}));  // right, and in time
    // Told at once, but dated after the horizon: it wins the window, not the evidence.
    lines.emplace_back(c.time + std::chrono::minutes{6}, outcome(wrong, std::chrono::minutes{125}));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [time, line] : lines) scenario.send(line, time);
  CHECK(states(scenario, "errors") == std::vector{State::ok});
  CHECK(scenario.figure("day", Metric::error_rate).value == 1.0);
}

TEST_CASE("budget: the state after a restart at any record is the state without one, to the byte") {
  auto limits = std::vector{budget("errors", Metric::error_rate, .1), budget("drift", Metric::drift, 1),
                            budget("kinds", Metric::drift, 1), budget("moved", Metric::ks, .1)};
  limits[1].feature = limits[3].feature = "x";
  limits[2].feature = "k";
  auto pilot = watched(limits);
  pilot.features = {{"x", settings::FeatureKind::numeric}, {"k", settings::FeatureKind::categorical}};
  pilot.reference.first = 400;
  std::mt19937_64 rng{9};
  std::vector<std::string> lines;
  for (auto c : cases(10, 1500, [](int i) { return i < 900 ? .05 : .5; })) {
    const bool later = lines.size() > 1000;
    c.rest = R"(,"features":{"x":)" + std::to_string(rng() % 100 + (later ? 60 : 0)) + R"(,"k":"k)" +
             std::to_string(rng() % (later ? 2 : 5)) + R"("})";
    lines.push_back(prediction(c) + outcome(c, std::chrono::minutes{20}));
  }
  Scenario whole(settings_of({pilot}));
  for (const auto& line : lines) whole.send(line);
  for (const char* name : {"errors", "drift", "kinds", "moved"}) {
    CAPTURE(name);
    const auto seen = states(whole, name);
    CHECK(std::count(seen.begin(), seen.end(), State::breach) >= 1);  // there is something to lose
  }
  for (int round = 0; round < 25; ++round) {
    const std::size_t cut = 1 + rng() % (lines.size() - 1);
    CAPTURE(cut);
    Scenario before(settings_of({pilot})), after(settings_of({pilot}));
    for (std::size_t i = 0; i < cut; ++i) before.send(lines[i]);
    std::map<std::string, std::string> parts;
    before.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
    after.fold.load(parts, before.fold.sequence(), Instant{});
    after.sequence = before.sequence;
    for (std::size_t i = cut; i < lines.size(); ++i) after.send(lines[i]);
    REQUIRE(after.saved() == whole.saved());
  }
}

TEST_CASE("budget: groups have shares that sum to the limit's however many they become") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.segment = "g";
  auto pilot = watched({limit});
  pilot.segments.attributes = {"g"};
  Scenario scenario(settings_of({pilot}));
  int i = 0;
  for (auto c : cases(11, 6000, [](int n) { return n % 3 == 2 && n > 3000 ? .6 : .02; })) {
    c.rest = R"(,"segments":{"g":")" + std::string(1, static_cast<char>('a' + i++ % 3)) + R"("})";
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  double shares = 0;
  for (const auto& status : scenario.fold.statuses()) {
    REQUIRE(status.evidence);
    shares += status.evidence->share;
    CHECK((status.state == State::breach || status.state == State::recovering) == (status.group == "c"));
  }
  CHECK(shares == Approx(1. / 2 + 1. / 6 + 1. / 12));
}

TEST_CASE("budget: who does not give the attribute is a group like others, by itself and beside them") {
  auto errors = budget("errors", Metric::error_rate, .1), gap = budget("gap", Metric::error_rate, .1);
  errors.segment = gap.segment = "g";
  gap.compare = settings::Compare::difference;
  auto pilot = watched({errors, gap});
  pilot.segments.attributes = {"g"};
  Scenario scenario(settings_of({pilot}));
  int i = 0;
  for (auto c : cases(21, 6000, [](int n) { return n % 3 == 2 && n > 3000 ? .6 : .02; })) {
    if (i % 3 < 2) c.rest = R"(,"segments":{"g":")" + std::string(1, static_cast<char>('a' + i % 3)) + R"("})";
    ++i;
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  CHECK(scenario.fold.statuses().size() == 6);
  for (const auto& status : scenario.fold.statuses()) {
    CAPTURE(status.limit->name, status.group);
    CHECK((status.state == State::breach || status.state == State::recovering) == (status.group == "unknown"));
  }
}

TEST_CASE("budget: complaints of one category are looked at by themselves, those made by the horizon") {
  auto all = budget("all", Metric::complaints_per_1000, 300), rude = budget("rude", Metric::complaints_per_1000, 100),
       slow = budget("slow", Metric::complaints_per_1000, 100), other = budget("other", Metric::complaints_per_1000, 100),
       late = budget("late", Metric::complaints_per_1000, 100);
  rude.feature = "rude";
  slow.feature = "slow";
  other.feature = "__other__";
  late.feature = "late";
  auto pilot = watched({all, rude, slow, other, late});
  pilot.complaints.categories = {"rude", "slow", "late"};
  Scenario scenario(settings_of({pilot}));
  // Four in ten are about rudeness from the middle on, and as many before as after about something else; those that
  // are too late, or without a category, are in no evidence of one.
  std::vector<std::pair<Instant, std::string>> arrivals;
  int n = 0;
  for (const auto& c : cases(22, 4000, [](int) { return 0.0; })) {
    const auto i = n++;
    const auto about = [&](const std::string& category, Millis after) {
      const auto time = c.time + after;
      arrivals.emplace_back(time, R"({"type":"complaint","pilot":"p","id":"c)" + c.id + category + R"(","time":")" +
                                      format_rfc3339(time) + R"(","prediction_id":")" + c.id + "\"" +
                                      (category.empty() ? "" : R"(,"category":")" + category + "\"") + "}\n");
    };
    arrivals.emplace_back(c.time, prediction(c));
    if (i % 10 < 4 && i > 2000) {
      about("rude", std::chrono::minutes{5});
      about("slow", std::chrono::hours{5});
    }
    if (i % 25 == 0) about("slow", std::chrono::minutes{5});
    if (i % 10 == 4) about("", std::chrono::minutes{5});
    if (i % 25 == 1) about("unheard-of", std::chrono::minutes{5});
    if (i % 2 == 0) about("late", std::chrono::minutes{121});
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& l, const auto& r) { return l.first < r.first; });
  for (const auto& [time, line] : arrivals) scenario.send(line);
  for (const auto& status : scenario.fold.statuses()) {
    CAPTURE(status.limit->name);
    CHECK((status.state == State::breach) == (status.limit->name == "rude" || status.limit->name == "all"));
  }
}

TEST_CASE("budget: records that stand for many cases are no observations, and the limit says so") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  for (auto c : cases(12, 200, [](int) { return .9; })) {
    c.rest = R"(,"weight":5)";
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  }
  CHECK(states(scenario, "errors") == std::vector{State::insufficient});
  CHECK(scenario.transitions.front().reason.find("aggregated") != std::string::npos);
}

TEST_CASE("budget: a new version starts the evidence anew, a breach stays") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  int i = 0;
  for (auto c : cases(13, 1500, [](int n) { return n < 1000 ? .5 : .05; })) {
    c.rest = R"(,"model_version":"v)" + std::to_string(i++ < 800 ? 1 : 2) + R"(")";
    scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
    if (i == 800) CHECK(scenario.fold.statuses().front().state == State::breach);
  }
  const auto status = scenario.fold.statuses().front();
  CHECK(status.evidence->observations < 700);
}

TEST_CASE("budget: the other metrics that reduce to a mean are seen too") {
  auto complaints = budget("complaints", Metric::complaints_per_1000, 10);
  auto failures = budget("failures", Metric::failure_rate, .05);
  auto selection = budget("selection", Metric::selection_rate, .6);
  auto coverage = budget("coverage", Metric::coverage, 0);
  coverage.max.reset();
  coverage.min = .5;
  auto pilot = watched({complaints, failures, selection, coverage});
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{14};
  for (auto c : cases(15, 4000, [](int) { return .05; })) {
    if (c.time > at("2026-01-02T12:00:00Z")) {
      c.predicted = rng() % 10 < 9;
      if (rng() % 5 == 0) c.rest = R"(,"failed":true)";
      scenario.send(prediction(c));
      if (rng() % 10 == 0) {
        scenario.send(R"({"type":"complaint","pilot":"p","id":"c)" + c.id + R"(","prediction_id":")" + c.id +
                      R"(","time":")" + format_rfc3339(c.time + std::chrono::minutes{10}) + "\"}\n");
      }
    } else {
      scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
    }
  }
  for (const char* name : {"complaints", "failures", "selection", "coverage"}) {
    CAPTURE(name);
    const auto seen = states(scenario, name);
    CHECK(std::count(seen.begin(), seen.end(), State::breach) == 1);
  }
  CHECK(first_to(scenario, State::breach).at > at("2026-01-02T12:00:00Z"));
}

TEST_CASE("budget: without data the evidence stands still and is no ok") {
  Scenario scenario(settings_of({watched({budget("errors", Metric::error_rate, .1)})}));
  const auto all = cases(16, 300, [](int) { return .05; });
  for (const auto& c : all) scenario.send(prediction(c) + outcome(c, std::chrono::minutes{1}));
  Case later = all.back();
  later.id = "later";
  later.time += std::chrono::hours{24 * 5};
  scenario.send(prediction(later));
  CHECK(scenario.fold.statuses().front().state == State::no_data);
}

}  // namespace
