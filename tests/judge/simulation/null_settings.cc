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
  - {name: channel-moved, metric: linf, window: day, feature: channel, max: .1, evidence: budget}
  - {name: findings, metric: complaint_finding_rate, window: week, max: .4, evidence: budget}
  - {name: failures-by-ratio, metric: failure_rate, window: week, segment: region, compare: ratio, max: 1.25, evidence: budget}
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
  - {name: selection-by-ratio, metric: selection_rate, window: week, segment: region, compare: ratio, max: 1.05, evidence: budget}
  - {name: errors-by-difference, metric: error_rate, window: week, segment: region, compare: difference, max: .005, evidence: budget}
  - {name: brier, metric: brier, window: day, max: .045, evidence: budget}
  - {name: log-loss, metric: log_loss, window: day, max: .18, range: 5, evidence: budget}
  - {name: ranking, metric: roc_auc, window: day, min: .95, evidence: budget}
  - {name: calibration, metric: max_calibration_error, window: day, max: .02, evidence: budget}
  - {name: drift-of-score, metric: drift, window: day, feature: score, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .05, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .05, evidence: interval}
)";

constexpr const char* multiclass = R"(
  - {name: errors, metric: error_rate, window: day, max: .05, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .05, evidence: budget}
  - {name: accuracy, metric: accuracy, window: day, min: .95, evidence: budget}
  - {name: micro-f1, metric: micro_f1, window: day, min: .95, evidence: budget}
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
  - {name: bad-answers, metric: verdict_rate, feature: bad, window: day, max: .05, evidence: budget}
  - {name: errors, metric: error_rate, window: day, max: .05, evidence: budget}
  - {name: errors-by-region, metric: error_rate, window: day, segment: region, max: .05, evidence: budget}
  - {name: classical-point, metric: error_rate, window: day, max: .05, evidence: point}
  - {name: classical-interval, metric: error_rate, window: day, max: .05, evidence: interval}
)";

constexpr const char* regression = R"(
  - {name: squared-error, metric: mse, window: day, max: 112, range: 1600, evidence: budget}
  - {name: root-squared-error, metric: rmse, window: day, max: 10.6, range: 40, evidence: budget}
)";

/// The forecasts are the quantiles of what comes: 50 % lie between 0.25 and 0.75. The score of these five levels
/// is 5.2.
constexpr const char* quantile = R"(
  - {name: interval-score, metric: wis, window: day, max: 5.6, range: 60, evidence: budget}
  - {name: half, metric: interval_coverage_50, window: day, min: .47, evidence: budget}
  - {name: nine-in-ten, metric: interval_coverage_90, window: day, min: .88, evidence: budget}
)";

/// 8.6 % wrong in the mean of a week, from 2 to 24 % by the hour and the day. Eight weeks are the reference.
constexpr const char* seasonal = R"(
  task: binary
  reference: {first: 10080, bins: 10, strata: hour_of_week}
  limits:
  - {name: errors, metric: error_rate, window: week, max: .1, block: week, evidence: budget}
  - {name: failures-of-days, metric: failure_rate, window: day, max: .012, block: day, evidence: budget}
  - {name: complaints, metric: complaints_per_1000, window: week, max: 12, block: week, evidence: budget}
  - {name: drift-of-income, metric: drift, window: day, feature: income, evidence: budget}
  - {name: drift-of-age, metric: drift, window: day, feature: age, evidence: budget}
  - {name: drift-of-channel, metric: drift, window: day, feature: channel, evidence: budget}
)";
constexpr const char* unstratified = R"(
  task: binary
  reference: {first: 10080, bins: 10}
  limits:
  - {name: unstratified-errors, metric: error_rate, window: week, max: .1, evidence: budget}
  - {name: unstratified-failures, metric: failure_rate, window: day, max: .012, evidence: budget}
  - {name: unstratified-complaints, metric: complaints_per_1000, window: week, max: 12, evidence: budget}
  - {name: unstratified-drift-of-income, metric: drift, window: day, feature: income, evidence: budget}
  - {name: unstratified-drift-of-age, metric: drift, window: day, feature: age, evidence: budget}
  - {name: unstratified-drift-of-channel, metric: drift, window: day, feature: channel, evidence: budget}
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
      return read(yaml + "  tolerance: {absolute: 20}\n" + common + numbers +
                  (task == settings::Task::regression ? regression : quantile));
  }
}

settings::Settings seasonal_settings(bool stratified) {
  return read(std::string(head) + (stratified ? seasonal : unstratified));
}

}  // namespace pilotwatch::simulation
