// SPDX-License-Identifier: Apache-2.0
// Decisions come to the judge in runs, as many as time has passed over at once: how they are cut changes nothing.
#include <random>
#include <set>

#include "support/budget_scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Compare;
using settings::Metric;

namespace {

constexpr Millis minute = std::chrono::minutes{1};
const auto start = at("2026-01-01T00:00:00Z");
constexpr int decisions = 6000;

settings::Settings many_limits() {
  auto gap = budget("gap", Metric::error_rate, .05);
  gap.compare = Compare::difference;
  auto selected = budget("selected", Metric::selection_rate, .5);
  gap.segment = selected.segment = "g";
  settings::Limit drift;
  drift.name = "income";
  drift.metric = Metric::drift;
  drift.feature = "income";
  drift.evidence = settings::Evidence::budget;
  drift.window = {settings::WindowKind::day, 0};
  // Limits with one question speak at the same decisions: each time all of them, in their order.
  auto pilot = watched({budget("errors", Metric::error_rate, .2), gap, selected, drift, budget("again", Metric::error_rate, .2),
                        budget("once more", Metric::error_rate, .2)});
  pilot.clock = settings::PilotClock::wall;
  pilot.segments.attributes = {"g"};
  pilot.features = {{"income", settings::FeatureKind::numeric}};
  pilot.reference.first = 500;
  return settings_of({pilot});
}

/// Errors and income rise after a while, a second version comes later.
std::string lines(std::uint64_t seed) {
  std::mt19937_64 rng{seed};
  std::string out;
  for (auto& c : cases(seed, decisions, [](int i) { return i > 3000 ? .95 : .1; })) {
    const int i = std::stoi(c.id);
    c.rest = R"(,"segments":{"g":")" + std::string(1, static_cast<char>('a' + rng() % 3)) + R"("},"features":{"income":)" +
             std::to_string(rng() % 1000 + (i > 2500 ? 400 : 0)) + R"(},"model_version":")" + (i > 4500 ? "2" : "1") + R"(")";
    out += prediction(c) + outcome(c, minute);
  }
  return out;
}

std::string said(const Scenario& scenario) {
  std::string out = transition_text(scenario);
  for (const auto& status : scenario.fold.statuses()) {
    out += status.limit->name + '|' + status.group + '|' + status.reason;
    if (status.evidence) out += '|' + std::to_string(status.evidence->s) + '|' + std::to_string(status.evidence->observations);
    out += '\n';
  }
  return out;
}

}  // namespace

TEST_CASE("runs: one long run says what many short ones say, in the same order") {
  const auto seed = GENERATE(take(3, random(0u, 1u << 30)));
  CAPTURE(seed);
  const auto all = lines(seed);
  const auto end = start + minute * (decisions + 3 * 24 * 60);
  Scenario at_once(many_limits()), by_and_by(many_limits());
  for (auto* scenario : {&at_once, &by_and_by}) scenario->send(all, start - minute);
  std::mt19937_64 rng{seed};
  for (auto now = start; now < end; now += minute * static_cast<int>(rng() % 150)) by_and_by.send("", now);
  for (auto* scenario : {&at_once, &by_and_by}) scenario->send("", end);
  std::set<std::string> breached;
  for (const auto& t : at_once.transitions) {
    if (t.to == judge::State::breach) breached.insert(t.limit);
  }
  REQUIRE(breached.size() >= 2);
  CHECK(said(at_once) == said(by_and_by));
}
