// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <random>

#include "support/scenario.h"

/// Pilots with limits that have a budget, the decisions to try them on, and what was said of them.
namespace pilotwatch::testing {

inline settings::Limit budget(std::string name, settings::Metric metric, double max) {
  settings::Limit limit;
  limit.name = std::move(name);
  limit.metric = metric;
  limit.max = max;
  limit.evidence = settings::Evidence::budget;
  limit.window = {settings::WindowKind::day, 0};
  return limit;
}

inline settings::Pilot watched(std::vector<settings::Limit> limits) {
  auto pilot = binary_pilot();
  pilot.outcome_horizon = std::chrono::hours{2};
  pilot.guarantee.over_decisions = 100'000;
  pilot.limits = std::move(limits);
  return pilot;
}

struct Case {
  Instant time;
  std::string id;
  bool predicted = false, actual = false;
  std::string rest;
};

inline std::string prediction(const Case& c) {
  return R"({"type":"prediction","pilot":"p","id":")" + c.id + R"(","time":")" + format_rfc3339(c.time) +
         R"(","prediction":)" + (c.predicted ? "1" : "0") + c.rest + "}\n";
}
inline std::string outcome(const Case& c, Millis after) {
  return R"({"type":"outcome","pilot":"p","id":")" + c.id + R"(","time":")" + format_rfc3339(c.time + after) +
         R"(","actual":)" + (c.actual ? "1" : "0") + "}\n";
}

/// One decision a minute; wrong with probability rate(i).
template <class Rate>
std::vector<Case> cases(std::uint64_t seed, int n, Rate rate) {
  std::mt19937_64 rng{seed};
  std::vector<Case> out;
  for (int i = 0; i < n; ++i) {
    const bool predicted = rng() % 2 == 0;
    const bool wrong = static_cast<double>(rng() % 10'000) < 10'000 * rate(i);
    out.push_back(
        {at("2026-01-01T00:00:00Z") + std::chrono::minutes{i}, std::to_string(i), predicted, predicted != wrong, ""});
  }
  return out;
}

inline std::vector<judge::State> states(const Scenario& scenario, const std::string& limit) {
  std::vector<judge::State> out;
  for (const auto& t : scenario.transitions) {
    if (t.limit == limit && (out.empty() || out.back() != t.to)) out.push_back(t.to);
  }
  return out;
}

inline const judge::Transition& first_to(const Scenario& scenario, judge::State to) {
  const auto found =
      std::find_if(scenario.transitions.begin(), scenario.transitions.end(), [&](const auto& t) { return t.to == to; });
  REQUIRE(found != scenario.transitions.end());
  return *found;
}

inline std::string transition_text(const Scenario& scenario) {
  std::string out;
  for (const auto& t : scenario.transitions) {
    out += t.limit + '|' + t.group + '|' + std::to_string(static_cast<int>(t.to)) + '|' + format_rfc3339(t.at) + '|' +
           t.reason + '\n';
  }
  return out;
}

}  // namespace pilotwatch::testing
