// SPDX-License-Identifier: Apache-2.0
#include "judge/question.h"

#include <algorithm>
#include <cmath>

#include "engine/pilot.h"
#include "stats/performance/probability.h"
#include "stats/performance/quantile_forecast.h"
#include "stats/sequential/reductions.h"

namespace pilotwatch::judge {
namespace {

using settings::Metric;
using settings::Task;

std::optional<stats::BinaryMetric> binary_metric(Metric metric) {
  switch (metric) {
    case Metric::error_rate:
      return stats::BinaryMetric::error_rate;
    case Metric::false_positive_rate:
      return stats::BinaryMetric::false_positive_rate;
    case Metric::false_negative_rate:
      return stats::BinaryMetric::false_negative_rate;
    case Metric::false_discovery_rate:
      return stats::BinaryMetric::false_discovery_rate;
    case Metric::false_omission_rate:
      return stats::BinaryMetric::false_omission_rate;
    case Metric::accuracy:
    case Metric::micro_f1:  // over all cases it is the accuracy
      return stats::BinaryMetric::accuracy;
    case Metric::precision:
      return stats::BinaryMetric::precision;
    case Metric::recall:
      return stats::BinaryMetric::recall;
    case Metric::specificity:
      return stats::BinaryMetric::specificity;
    case Metric::f1:
      return stats::BinaryMetric::f1;
    default:
      return std::nullopt;
  }
}

double clipped(double loss, double range) { return stats::clipped_loss(loss, range).x; }

/// -ln of the probability of what came out; nullopt without the scores of it.
std::optional<double> log_loss(const settings::Pilot& pilot, const engine::Decision& d) {
  constexpr double clip = 1e-15;  // as in the figure of a window
  if (pilot.task == Task::binary) {
    if (!d.has_score) return std::nullopt;
    return stats::log_loss_of(d.score, d.actual == positive_index(pilot), clip);
  }
  const auto index = static_cast<std::size_t>(d.actual);
  if (index >= d.values.size()) return std::nullopt;
  return stats::log_loss_of(d.values[index], true, clip);
}

/// 1 where the outcome is outside the central interval with that share; nullopt without such levels.
std::optional<double> outside(const settings::Pilot& pilot, const engine::Decision& d, double share) {
  const auto at = [&](double level) -> std::optional<double> {
    for (std::size_t i = 0; i < pilot.quantiles.size() && i < d.values.size(); ++i) {
      if (std::abs(pilot.quantiles[i] - level) < 1e-9) return d.values[i];
    }
    return std::nullopt;
  };
  const auto low = at((1 - share) / 2), high = at((1 + share) / 2);
  if (!low || !high) return std::nullopt;
  return d.actual >= *low && d.actual <= *high ? 0.0 : 1.0;
}

/// Whether a complaint of the category was made in time. `__other__`: of one that complaints.categories does not list.
bool has_complaint_about(const settings::Pilot& pilot, const std::string& category, const engine::Observation& seen) {
  const auto& listed = pilot.complaints.categories;
  return std::any_of(seen.complained_about.begin(), seen.complained_about.end(), [&](const std::string& name) {
    if (category != engine::other_value) return name == category;
    return std::find(listed.begin(), listed.end(), name) == listed.end();
  });
}

/// Of what is known by the horizon.
std::optional<double> loss_of_outcome(const settings::Pilot& pilot, const settings::Limit& limit,
                                      const engine::Decision& d) {
  if (!d.labelled()) return std::nullopt;  // known by the horizon or never: coverage shows how many
  if (const auto metric = binary_metric(limit.metric)) {
    if (*metric == stats::BinaryMetric::error_rate || *metric == stats::BinaryMetric::accuracy)
      return engine::is_error(pilot, d) ? 1.0 : 0.0;
    const double positive = positive_index(pilot);
    return stats::loss(*metric, {d.predicted == positive, d.actual == positive});
  }
  const double error = d.predicted - d.actual;
  switch (limit.metric) {
    case Metric::brier: {
      if (!d.has_score) return std::nullopt;
      const double off = d.score - (d.actual == positive_index(pilot) ? 1 : 0);
      return off * off;
    }
    case Metric::log_loss: {
      const auto loss = log_loss(pilot, d);
      return loss ? std::optional(clipped(*loss, *limit.range)) : std::nullopt;
    }
    case Metric::mean_absolute_error:
      return clipped(std::abs(error), *limit.range);
    case Metric::mse:
      return clipped(error * error, *limit.range);
    case Metric::rmse: {  // its square, as part of the square of the range
      const double part = std::min(std::abs(error) / *limit.range, 1.0);
      return part * part;
    }
    case Metric::wis: {
      const auto score = stats::score_quantiles(pilot.quantiles, d.values, d.actual);
      return score ? std::optional(clipped(score->wis, *limit.range)) : std::nullopt;
    }
    case Metric::interval_coverage_50:
      return outside(pilot, d, .5);
    case Metric::interval_coverage_90:
      return outside(pilot, d, .9);
    default:
      return std::nullopt;
  }
}

}  // namespace

Form form_of(const settings::Limit& limit) {
  switch (limit.metric) {
    case Metric::roc_auc:
      return Form::ranking;
    case Metric::max_calibration_error:
      return Form::calibration;
    case Metric::drift:
      return Form::changed;
    case Metric::ks:
      return Form::distribution;
    case Metric::linf:
      return Form::shares;
    default:
      return limit.compare == settings::Compare::none ? Form::mean : Form::comparison;
  }
}

engine::Stage stage_of(const settings::Limit& limit) {
  switch (limit.metric) {
    case Metric::failure_rate:
    case Metric::selection_rate:
    case Metric::ks:
    case Metric::linf:
    case Metric::drift:
      return engine::Stage::ordered;
    case Metric::complaint_finding_rate:
      return engine::Stage::finding;
    default:
      return engine::Stage::matured;
  }
}

MeanQuestion mean_question(const settings::Limit& limit) {
  using stats::Side;
  switch (limit.metric) {
    case Metric::coverage:  // of cases without an outcome
    case Metric::interval_coverage_50:
    case Metric::interval_coverage_90:  // of outcomes outside
      return {1 - *limit.min, Side::above};
    case Metric::complaints_per_1000:
      return {*limit.max / 1000, Side::above};
    case Metric::mean_absolute_error:
    case Metric::mse:
    case Metric::log_loss:
    case Metric::wis:
      return {*limit.max / *limit.range, Side::above};
    case Metric::rmse:
      return {*limit.max / *limit.range * (*limit.max / *limit.range), Side::above};
    case Metric::roc_auc:
      return {1 - *limit.min, Side::above};
    default:
      break;
  }
  if (const auto metric = binary_metric(limit.metric)) {
    return {stats::mean_limit(*metric, limit.max ? *limit.max : *limit.min)->m, Side::above};
  }
  return limit.max ? MeanQuestion{*limit.max, Side::above} : MeanQuestion{*limit.min, Side::below};
}

std::optional<double> loss_of(const settings::Pilot& pilot, const settings::Limit& limit,
                              const engine::Observation& seen) {
  const auto& d = seen.decision;
  switch (limit.metric) {
    case Metric::failure_rate:
      return d.failed ? 1.0 : 0.0;
    case Metric::coverage:
      return d.labelled() ? 0.0 : 1.0;
    case Metric::selection_rate:
      if (!d.has_predicted) return std::nullopt;
      return d.predicted == positive_index(pilot) ? 1.0 : 0.0;
    case Metric::complaints_per_1000:
      if (!limit.feature.empty()) return has_complaint_about(pilot, limit.feature, seen) ? 1.0 : 0.0;
      return d.complaints > 0 && d.first_complaint <= seen.due ? 1.0 : 0.0;
    case Metric::complaint_finding_rate:
      return seen.for_person ? 1.0 : 0.0;
    case Metric::verdict_rate: {  // grades are outcomes without a prediction
      if (!d.has_outcome) return std::nullopt;
      const auto found = std::find(pilot.classes.begin(), pilot.classes.end(), limit.feature);
      return d.actual == static_cast<double>(found - pilot.classes.begin()) ? 1.0 : 0.0;
    }
    default:
      return loss_of_outcome(pilot, limit, d);
  }
}

double metric_of_mean(const settings::Limit& limit, double mean) {
  switch (limit.metric) {
    case Metric::complaints_per_1000:
      return 1000 * mean;
    case Metric::f1:  // the inverse of m = 2 (1 - f)/(2 - f)
      return 2 * (1 - mean) / (2 - mean);
    case Metric::coverage:
    case Metric::accuracy:
    case Metric::micro_f1:
    case Metric::precision:
    case Metric::recall:
    case Metric::specificity:
    case Metric::interval_coverage_50:
    case Metric::interval_coverage_90:
      return 1 - mean;
    default:
      return mean;
  }
}

std::uint16_t positive_index(const settings::Pilot& pilot) {
  return static_cast<std::uint16_t>(std::find(pilot.classes.begin(), pilot.classes.end(), pilot.positive) -
                                    pilot.classes.begin());
}

}  // namespace pilotwatch::judge
