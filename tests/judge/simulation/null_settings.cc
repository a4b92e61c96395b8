// SPDX-License-Identifier: Apache-2.0
// The configurations of the nulls. Each bound holds, and most of them not by much.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "judge/simulation/null_pilot.h"

namespace pilotwatch::simulation {
namespace {

constexpr const char* head = R"(
pilots:
- name: p
  clock: event
  outcome_horizon: 2d
  windows: [day, week]
  features: [{name: income, kind: numeric}, {name: age, kind: numeric}, {name: channel, kind: categorical}]
  segments: {attributes: [region]}
)";

/// Of every task: 90 % of the outcomes known, 1 % failed, 10 complaints in 1,000 decisions, three in ten found right.
constexpr const char* common = R"(
  reference: {first: 1500, bins: 10}
  limits:
  - {name: failures, metric: failure_rate, window: day, max: .012, evidence: budget}
  - {name: coverage, metric: coverage, window: day, min: .85, evidence: budget}
  - {name: complaints, metric: complaints_per_1000, window: day, max: 12, evidence: budget}
  - {name: drift-of-income, metric: drift, window: day, feature: income, evidence: budget}
  - {name: drift-of-age, metric: drift, window: day, feature: age, evidence: budget}
  - {name: drift-of-channel, metric: drift, window: day, feature: channel, evidence: budget}
  - {name: income-moved, metric: ks, window: day, feature: income, max: .1, evidence: budget}
  - {name: classical-psi, metric: psi, window: day, feature: income, max: .2, evidence: point}
)";

/// 4 % wrong, at any score: 1.8 % of the negatives, 8.9 % of the positives, 4 % of those selected.
constexpr const char* binary = R"(
  - {name: errors, metric: error_rate, window: day, max: .05, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .05, evidence: budget}
  - {name: false-positives, metric: false_positive_rate, window: day, max: .03, evidence: budget}
  - {name: false-negatives, metric: false_negative_rate, window: day, max: .11, evidence: budget}
  - {name: false-discoveries, metric: false_discovery_rate, window: day, max: .05, evidence: budget}
  - {name: false-omissions, metric: false_omission_rate, window: day, max: .05, evidence: budget}
  - {name: selection, metric: selection_rate, window: day, max: .32, evidence: budget}
  - {name: selection-low, metric: selection_rate, window: day, min: .28, evidence: budget}
  - {name: accuracy, metric: accuracy, window: day, min: .95, evidence: budget}
  - {name: precision, metric: precision, window: day, min: .95, evidence: budget}
  - {name: recall, metric: recall, window: day, min: .89, evidence: budget}
  - {name: specificity, metric: specificity, window: day, min: .97, evidence: budget}
  - {name: f1, metric: f1, window: day, min: .92, evidence: budget}
  - {name: drift-of-score, metric: drift, window: day, feature: score, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .05, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .05, evidence: interval}
)";

constexpr const char* multiclass = R"(
  - {name: errors, metric: error_rate, window: day, max: .05, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .05, evidence: budget}
  - {name: accuracy, metric: accuracy, window: day, min: .95, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .05, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .05, evidence: interval}
)";

/// Errors are normal with standard deviation 10: mean absolute error 7.98, 4.55 % beyond the tolerance of 20.
constexpr const char* numbers = R"(
  - {name: errors, metric: error_rate, window: day, max: .055, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .055, evidence: budget}
  - {name: mean-error, metric: mean_absolute_error, window: day, max: 8.5, range: 40, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .055, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .055, evidence: interval}
)";

constexpr const char* generative = R"(
  - {name: errors, metric: error_rate, window: day, max: .05, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .05, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .05, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .05, evidence: interval}
)";

/// 8.6 % wrong in the mean of a week, from 2 to 24 % by the hour and the day.
constexpr const char* seasonal = R"(
  task: binary
  reference: {first: 5040, bins: 10}
  limits:
  - {name: failures, metric: failure_rate, window: day, max: .012, evidence: budget}
  - {name: unstratified-errors, metric: error_rate, window: week, max: .1, evidence: budget}
  - {name: unstratified-drift-of-income, metric: drift, window: day, feature: income, evidence: budget}
  - {name: unstratified-drift-of-channel, metric: drift, window: day, feature: channel, evidence: budget}
  - {name: unstratified-income-moved, metric: ks, window: day, feature: income, max: .1, evidence: budget}
)";

settings::Settings read(const std::string& yaml) {
  auto parsed = settings::parse(yaml, "null.yml");
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&parsed)) {
    for (const auto& problem : *problems) std::printf("%s\n", settings::to_string(problem).c_str());
    std::exit(2);
  }
  return std::get<settings::Settings>(std::move(parsed));
}

}  // namespace

settings::Settings null_settings(settings::Task task) {
  const std::string name = settings::task_names[static_cast<std::size_t>(task)];
  std::string yaml = std::string(head) + "  task: " + name + "\n";
  switch (task) {
    case settings::Task::binary:
      return read(yaml + common + binary);
    case settings::Task::multiclass:
      return read(yaml + "  classes: [a, b, c]\n" + common + multiclass);
    case settings::Task::generative:
      return read(yaml + common + generative);
    default:
      return read(yaml + "  tolerance: {absolute: 20}\n" + common + numbers);
  }
}

settings::Settings seasonal_settings() { return read(std::string(head) + seasonal); }

}  // namespace pilotwatch::simulation
