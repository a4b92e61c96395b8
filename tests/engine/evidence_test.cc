// SPDX-License-Identifier: Apache-2.0
// What the evidence of limits with a budget is shown of each decision: once, with what was known by its horizon.
#include <algorithm>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using engine::Extent;
using settings::Metric;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis horizon = hours{2};

settings::Settings watched() {
  auto pilot = binary_pilot();
  pilot.outcome_horizon = horizon;
  pilot.guarantee.over_decisions = 100'000;
  settings::Limit limit;
  limit.name = "coverage";
  limit.metric = Metric::coverage;
  limit.min = .9;
  limit.evidence = settings::Evidence::budget;
  limit.window = {settings::WindowKind::day, 0};
  pilot.limits = {limit};
  return settings_of({pilot});
}

Instant made(int i) { return at("2026-01-01T00:00:00Z") + hours{3 * i}; }
std::string prediction(int i) {
  return R"({"type":"prediction","pilot":"p","id":")" + std::to_string(i) + R"(","time":")" + format_rfc3339(made(i)) +
         R"(","prediction":1})" + "\n";
}
std::string outcome(int i, Millis after, int actual = 1) {
  return R"({"type":"outcome","pilot":"p","id":")" + std::to_string(i) + R"(","time":")" +
         format_rfc3339(made(i) + after) + R"(","actual":)" + std::to_string(actual) + "}\n";
}

/// A pilot's state without the judge: what it hands out as matured is kept.
class Seen {
 public:
  Seen() : scenario_(watched()), state_(std::make_unique<engine::PilotState>(scenario_.settings->pilots[0])) {}

  std::vector<engine::Disposition> send(const std::string& lines) {
    std::vector<engine::Disposition> out;
    const auto entry = scenario_.entry(lines);
    const auto& batch = entry.submissions.front().batch;
    for (const auto& record : batch.records) out.push_back(state_->apply(batch, record));
    return out;
  }
  void advance(Instant now) { state_->advance(now, {ignore, keep(), {}}); }
  void finish() { state_->finish({ignore, keep(), {}}); }
  void restart() {
    std::map<std::string, std::string> parts;
    state_->save(Extent::everything, [&](std::string name, std::string bytes) { parts[std::move(name)] = std::move(bytes); });
    state_ = std::make_unique<engine::PilotState>(scenario_.settings->pilots[0]);
    state_->load(parts);
  }
  /// Of decision 0, long after its horizon: 0 or 1, or -1 where no outcome was known by then.
  double verdict() {
    advance(made(10));
    REQUIRE(matured.size() == 1);
    return matured[0].decision.has_outcome ? matured[0].decision.actual : -1;
  }

  std::vector<engine::Observation> matured;

 private:
  static void ignore(const engine::Closing&) {}
  engine::Observe keep() {
    return [this](std::span<const engine::Observation> run) {
      std::copy_if(run.begin(), run.end(), std::back_inserter(matured),
                   [](const auto& seen) { return seen.stage == engine::Stage::matured; });
    };
  }

  Scenario scenario_;
  std::unique_ptr<engine::PilotState> state_;
};

/// The verdict on decision 0 as of its horizon, from these lines in this order.
double verdict(const std::vector<std::string>& lines) {
  Seen s;
  for (const auto& line : lines) s.send(line);
  return s.verdict();
}

}  // namespace

TEST_CASE("evidence: an outcome known in time stays known when it is repeated after the horizon") {
  Seen s;
  for (int i = 0; i < 20; ++i) {
    s.send(prediction(i) + outcome(i, minutes{1}));
    const auto again = s.send(outcome(i, horizon + seconds{1}));
    REQUIRE(again.size() == 1);
    CHECK(again[0].duplicate);
    s.restart();  // what is remembered of it is in the checkpoint
    s.advance(made(i) + horizon + seconds{1});
  }
  REQUIRE(s.matured.size() == 20);
  CHECK(std::all_of(s.matured.begin(), s.matured.end(), [](const auto& seen) { return seen.decision.has_outcome; }));
}

TEST_CASE("evidence: repeats and corrections in any order of arrival are the same verdict as of the horizon") {
  const auto p = prediction(0);
  const auto late = horizon + seconds{1};
  struct Example {
    const char* name;
    std::vector<std::string> outcomes;
    double verdict;
  };
  const std::vector<Example> examples{
      {"repeated late", {outcome(0, minutes{1}), outcome(0, late)}, 1},
      {"late only", {outcome(0, late), outcome(0, late + minutes{1})}, -1},
      {"repeated late, corrected between", {outcome(0, minutes{1}), outcome(0, minutes{2}, 0), outcome(0, late)}, 0},
      {"corrected late, then repeated",
       {outcome(0, minutes{1}), outcome(0, late, 0), outcome(0, late + minutes{1})},
       1},
      {"a late correction is repeated",
       {outcome(0, minutes{1}), outcome(0, late, 0), outcome(0, late + minutes{1}, 0)},
       1},
  };
  for (const auto& example : examples) {
    INFO(example.name);
    std::vector<std::string> lines{p};
    lines.insert(lines.end(), example.outcomes.begin(), example.outcomes.end());
    std::sort(lines.begin(), lines.end());
    do {
      CHECK(verdict(lines) == example.verdict);  // also where the outcomes come before the prediction
    } while (std::next_permutation(lines.begin(), lines.end()));
  }
}

TEST_CASE("evidence: a repeat after the horizon does not bring back what was overruled in time") {
  const auto late = horizon + seconds{1};
  const std::vector<std::string> known{prediction(0), outcome(0, minutes{1}), outcome(0, minutes{2}, 0),
                                       outcome(0, minutes{3})};
  auto repeated = known;
  repeated.push_back(outcome(0, late));
  CHECK(verdict(known) == 1);
  CHECK(verdict(repeated) == 1);
}

TEST_CASE("evidence: where records end, decisions whose horizon has not passed are not looked at") {
  Seen s;
  s.send(prediction(0) + outcome(0, minutes{1}) + prediction(1) + prediction(2));
  s.finish();
  REQUIRE(s.matured.size() == 2);  // the third was made when the records end: its outcome could still have come
  CHECK(s.matured[0].decision.has_outcome);
  CHECK_FALSE(s.matured[1].decision.has_outcome);
}

TEST_CASE("evidence: records that end before the horizon of all decisions break no limit on coverage") {
  auto settings = watched();
  settings.pilots[0].outcome_horizon = hours{24 * 10};
  settings.pilots[0].guarantee.over_decisions = 1000;  // so that what is missing would be enough for a breach
  Scenario s(std::move(settings));
  for (int i = 0; i < 400; ++i) {
    s.send(prediction(i));
    if (i >= 72) s.send(outcome(i - 72, hours{9 * 24}));
  }
  s.fold.finish(Instant{});
  CHECK_FALSE(s.transitions.empty());
  for (const auto& t : s.transitions) CHECK(t.to != judge::State::breach);
}

TEST_CASE("evidence: the categories of complaints made by the horizon, each once, whatever comes first") {
  const auto complaint = [](const std::string& id, Millis after, const std::string& category) {
    return R"({"type":"complaint","pilot":"p","id":")" + id + R"(","prediction_id":"0","time":")" +
           format_rfc3339(made(0) + after) + "\"" + (category.empty() ? "" : R"(,"category":")" + category + "\"") +
           "}\n";
  };
  std::vector<std::string> lines{prediction(0),
                                 complaint("a", minutes{1}, "rude"),
                                 complaint("b", horizon, "slow"),
                                 complaint("c", minutes{2}, "rude"),
                                 complaint("d", minutes{3}, ""),
                                 complaint("e", horizon + seconds{1}, "late")};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(i);
    std::rotate(lines.begin(), lines.begin() + 1, lines.end());
    Seen s;
    for (const auto& line : lines) {
      s.send(line);
      s.restart();
    }
    s.advance(made(10));
    REQUIRE(s.matured.size() == 1);
    CHECK(s.matured[0].complained_about == std::vector<std::string>{"rude", "slow"});
  }
}
