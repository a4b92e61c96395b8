// SPDX-License-Identifier: Apache-2.0
// What limits on decisions must not do: end by silence, count a day twice, speak for others, tell of few.
#include <algorithm>
#include <random>

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::State;
using settings::Compare;
using settings::Metric;

namespace {

constexpr Millis minute = std::chrono::minutes{1}, day = std::chrono::hours{24};
const auto start = at("2026-01-01T00:00:00Z");

std::size_t transitions_to(const Scenario& scenario, State to, const std::string& group = "") {
  return static_cast<std::size_t>(std::count_if(scenario.transitions.begin(), scenario.transitions.end(),
                                                [&](const auto& t) { return t.to == to && t.group == group; }));
}

TEST_CASE("watchers: half a year of silence and one more error do not end a breach") {
  auto pilot = watched({budget("errors", Metric::error_rate, .2)});
  pilot.guarantee.over_decisions = 0;  // the clock counts days
  Scenario scenario(settings_of({pilot}));
  for (const auto& c : cases(1, 4000, [](int) { return .5; })) scenario.send(prediction(c) + outcome(c, minute));
  REQUIRE(scenario.fold.statuses().front().state == State::breach);
  for (int i = 0; i < 30; ++i) {
    const Case c{start + day * (180 + i), "late" + std::to_string(i), true, false, ""};
    scenario.send(prediction(c) + outcome(c, minute));
  }
  CHECK(scenario.fold.statuses().front().state == State::breach);
  CHECK(transitions_to(scenario, State::ok) <= 1);          // the one before the breach
  CHECK(transitions_to(scenario, State::recovering) == 0);  // half of them wrong is no recovery
}

TEST_CASE("watchers: a day that has been looked at is not looked at again, whoever comes late") {
  auto limit = budget("errors", Metric::error_rate, .1);
  limit.period = settings::BlockPeriod::day;
  // Bad evenings, good days; half of the evenings' records come three days late.
  std::vector<std::pair<Instant, std::string>> lines;
  for (const auto& c : cases(2, 57'600, [](int i) { return i % 1440 >= 1080 ? .34 : .0; })) {
    const bool late = c.time.time_since_epoch() % day >= std::chrono::hours{18} && lines.size() % 2 == 0;
    lines.emplace_back(late ? c.time + day * 3 : c.time, prediction(c) + outcome(c, minute));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Scenario scenario(settings_of({watched({limit})}));
  for (const auto& [time, line] : lines) scenario.send(line);
  CHECK(transitions_to(scenario, State::breach) == 0);
  for (std::size_t i = 1; i < scenario.transitions.size(); ++i)
    CHECK(scenario.transitions[i - 1].at <= scenario.transitions[i].at);
}

TEST_CASE("watchers: a group without data is not ok because others have some") {
  auto gap = budget("gap", Metric::error_rate, .05);
  gap.compare = Compare::difference;
  gap.segment = "g";
  auto pilot = watched({gap});
  pilot.segments.attributes = {"g"};
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{3};
  for (int i = 0; i < 20'000; ++i) {
    const bool b = i < 10'000 && rng() % 3 == 0;
    Case c{start + minute * i, std::to_string(i), true, rng() % 10 != 0,
           std::string(R"(,"segments":{"g":")") + (b ? "b" : "a") + R"("})"};
    scenario.send(prediction(c) + outcome(c, minute));
  }
  for (const auto& status : scenario.fold.statuses()) {
    if (status.group == "b") CHECK(status.state == State::no_data);
  }
  CHECK(transitions_to(scenario, State::no_data, "b") == 1);
}

TEST_CASE("watchers: a new version does not change which scores a breach is about") {
  auto pilot = watched({budget("calibration", Metric::max_calibration_error, .1)});
  Scenario scenario(settings_of({pilot}));
  std::mt19937_64 rng{4};
  for (int i = 0; i < 30'000; ++i) {
    const double score = static_cast<double>(rng() % 1000) / 1000;
    const bool wrong_bin = score >= .8 && score < .9;
    Case c{start + minute * i, std::to_string(i), score >= .5, false,
           R"(,"score":)" + std::to_string(score) + R"(,"model_version":")" + (i < 15'000 ? "1" : "2") + '"'};
    c.actual = static_cast<double>(rng() % 1000) < 1000 * (wrong_bin ? .4 : score);
    scenario.send(prediction(c) + outcome(c, minute));
  }
  CHECK(transitions_to(scenario, State::breach) >= 1);
  CHECK(transitions_to(scenario, State::ok) <= 1);
  CHECK(firing(scenario.fold.statuses().front().state));
}

TEST_CASE("watchers: evidence of a group tells no count of few") {
  auto limit = budget("complaints", Metric::complaints_per_1000, 100);
  limit.segment = "g";
  auto pilot = watched({limit});
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  Scenario scenario(settings_of({pilot}));
  const auto run = [&](std::uint64_t complaint_of) {
    Scenario s(settings_of({pilot}));
    for (std::uint64_t i = 0; i < 400; ++i) {
      const Case c{start + minute * static_cast<std::int64_t>(i), std::to_string(i), true, true,
                   R"(,"segments":{"g":"a"})"};
      s.send(prediction(c));
      if (i == complaint_of) {
        s.send(R"({"type":"complaint","pilot":"p","id":"c","prediction_id":")" + c.id + R"(","time":")" +
               format_rfc3339(c.time) + "\"}\n");
      }
    }
    return s.fold.statuses().front();
  };
  const auto with = run(5), without = run(1000);
  REQUIRE(with.evidence);
  REQUIRE(without.evidence);
  CHECK_FALSE(with.evidence->value_since);
  CHECK_FALSE(with.evidence->mean);
  CHECK(with.evidence->s == without.evidence->s);  // one complaint among 400 is not to be seen
  CHECK(with.reason.find("mean") == std::string::npos);
}

TEST_CASE("watchers: aggregated records of others say nothing of a group") {
  auto gap = budget("gap", Metric::error_rate, .05);
  gap.compare = Compare::difference;
  gap.segment = "g";
  auto pilot = watched({gap});
  pilot.segments.attributes = {"g"};
  Scenario scenario(settings_of({pilot}));
  for (int i = 0; i < 3000; ++i) {
    Case c{start + minute * i, std::to_string(i), true, i % 10 != 0,
           std::string(R"(,"segments":{"g":")") + (i % 3 == 0 ? "b" : "a") + R"("})" + (i % 100 == 1 && i % 3 != 0 ? R"(,"weight":4)" : "")};
    scenario.send(prediction(c) + outcome(c, minute));
  }
  CHECK(transitions_to(scenario, State::insufficient, "b") == 0);
  CHECK(transitions_to(scenario, State::insufficient, "a") >= 1);
}

TEST_CASE("watchers: squares of great numbers stay numbers") {
  auto rmse = budget("rmse", Metric::rmse, 5e159);
  rmse.range = 1e160;
  auto pilot = watched({rmse});
  pilot.task = settings::Task::regression;
  pilot.classes.clear();
  Scenario scenario(settings_of({pilot}));
  for (int i = 0; i < 600; ++i) {
    const auto id = std::to_string(i), time = format_rfc3339(start + minute * i);
    scenario.send(R"({"type":"prediction","pilot":"p","id":")" + id + R"(","time":")" + time +
                  "\",\"prediction\":1e15}\n" + R"({"type":"outcome","pilot":"p","id":")" + id + R"(","time":")" +
                  time + "\",\"actual\":-1e15}\n");
  }
  CHECK(scenario.fold.statuses().front().state == State::ok);
}

TEST_CASE("watchers: one error in the first record is no warning of a confidence sequence") {
  auto limit = budget("errors", Metric::error_rate, .3);
  limit.evidence = settings::Evidence::confidence_sequence;
  limit.alpha = .1;
  Scenario scenario(settings_of({watched({limit})}));
  for (const auto& c : cases(5, 130, [](int i) { return i == 0 ? 1.0 : 0.0; })) {
    scenario.send(prediction(c) + outcome(c, minute));
  }
  CHECK(transitions_to(scenario, State::warning) == 0);
}

}  // namespace
