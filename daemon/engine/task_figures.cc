// SPDX-License-Identifier: Apache-2.0
// The figures of each task, from its confusion counts and its Scored.
#include <algorithm>
#include <cmath>

#include "engine/scope_figures.h"
#include "stats/performance/confusion.h"
#include "stats/performance/delong.h"
#include "stats/performance/multiclass.h"
#include "stats/performance/multiclass_scores.h"
#include "stats/performance/probability.h"
#include "stats/performance/quantile_forecast.h"
#include "stats/performance/regression.h"

namespace pilotwatch::engine {
namespace {

/// Why a share has no value although there are outcomes; nullopt where it has one.
std::optional<stats::Undefined> why(const stats::Answer<double>& answer) {
  return answer ? std::nullopt : std::optional(answer.error());
}

}  // namespace

stats::ConfusionCounts one_against_rest(const SparseCounts& counts, std::uint32_t classes, std::uint32_t positive) {
  stats::ConfusionCounts out;
  for (const auto& [position, count] : counts.items())
    out.add(position / classes == positive, position % classes == positive, static_cast<std::int64_t>(count));
  return out;
}

std::uint32_t ScopeFigures::positive_index() const {
  const auto found = std::find(pilot_.classes.begin(), pilot_.classes.end(), pilot_.positive);
  return static_cast<std::uint32_t>(found - pilot_.classes.begin());
}

void ScopeFigures::binary() {
  const auto c = one_against_rest(tally_.confusion, 2, positive_index());
  const auto rate = [&](Metric metric, std::uint64_t part, std::uint64_t whole, const stats::Answer<double>& answer) {
    share(metric, stats::wilson_formula, part, whole, hide_outcomes_, Of::outcomes, why(answer));
  };
  rate(Metric::false_positive_rate, c.fp, c.negatives(), stats::false_positive_rate(c));
  rate(Metric::false_negative_rate, c.fn, c.positives(), stats::false_negative_rate(c));
  rate(Metric::false_discovery_rate, c.fp, c.predicted(), stats::false_discovery_rate(c));
  rate(Metric::false_omission_rate, c.fn, c.not_predicted(), stats::false_omission_rate(c));
  share(Metric::selection_rate, stats::wilson_formula, tally_.positives, tally_.predicted,
        hide_outcomes_ || hide_predicted_, Of::decisions);
  rate(Metric::accuracy, c.tp + c.tn, c.total(), stats::accuracy(c));
  rate(Metric::precision, c.tp, c.predicted(), stats::precision(c));
  rate(Metric::recall, c.tp, c.positives(), stats::recall(c));
  rate(Metric::specificity, c.tn, c.negatives(), stats::specificity(c));
  value(Metric::f1, stats::f1_formula, stats::f1(c), c.total(), hide_outcomes_);
  value(Metric::balanced_accuracy, stats::balanced_accuracy_formula, stats::balanced_accuracy(c), c.total(),
        hide_outcomes_);
  value(Metric::mcc, stats::mcc_formula, stats::mcc(c), c.total(), hide_outcomes_);
  value(Metric::cohen_kappa, stats::cohen_kappa_formula, stats::cohen_kappa(c), c.total(), hide_outcomes_);
  binary_scores();
}

/// Only where a decision with a score has an outcome: a pilot that sends no scores has none of these figures.
void ScopeFigures::binary_scores() {
  const auto* scored = tally_.scored.binary();
  if (scored == nullptr) return;
  const auto table = scored->by_score.table();
  const auto& p = scored->probabilities;
  const auto n = static_cast<std::uint64_t>(p.n());
  const bool hidden = hide_scored_;
  auc(table, n, hidden);
  bracketed(Metric::average_precision, stats::average_precision_formula, stats::average_precision_bracket_formula,
            table.exact, stats::average_precision(table), n, hidden);
  value(Metric::brier, stats::brier_formula, p.brier(), n, hidden);
  value(Metric::log_loss, stats::log_loss_formula, p.log_loss(), n, hidden);
  value(Metric::ece, stats::ece_width_formula, p.ece(), n, hidden);
  value(Metric::max_calibration_error, stats::mce_width_formula, p.mce(), n, hidden);
}

/// With DeLong's interval, which a limit looks at; where scores were put together also with the bracket of what is
/// certain. Too few cases of a class for an interval: the value alone.
void ScopeFigures::auc(const stats::ScoreTable& table, std::uint64_t n, bool hidden) {
  const auto answer = stats::roc_auc(table);
  const auto interval = stats::delong_interval(table, confidence);
  auto f = figure(Metric::roc_auc, interval ? stats::delong_formula : stats::roc_auc_formula);
  f.n = n;
  if (answer) f.value = answer->estimate;
  if (interval) {
    f.lower = interval->lower;
    f.upper = interval->upper;
  }
  push(std::move(f), hidden, Of::outcomes, answer ? std::nullopt : std::optional(answer.error()));
  if (table.exact) return;
  bracketed(Metric::roc_auc, stats::roc_auc_formula, stats::roc_auc_bracket_formula, false, answer, n, hidden);
}

/// Averages over classes are of a table that must not be shown where a class is small; shares of all cases may be.
void ScopeFigures::multiclass() {
  const auto classes = static_cast<std::uint32_t>(pilot_.classes.size());
  stats::ClassMatrix m(classes);
  for (const auto& [position, count] : tally_.confusion.items()) {
    if (position / classes >= classes) continue;
    m.add(position % classes, position / classes, static_cast<std::int64_t>(count));
  }
  const auto n = tally_.labelled, right = tally_.labelled - tally_.errors;
  const auto all = [&](Metric metric, const char* formula, const stats::Answer<double>& answer) {
    value(metric, formula, answer, n, hide_confusion_);
  };
  share(Metric::accuracy, stats::wilson_formula, right, n, hide_outcomes_, Of::outcomes);
  all(Metric::balanced_accuracy, stats::multiclass_balanced_accuracy_formula, stats::balanced_accuracy(m));
  all(Metric::macro_f1, stats::macro_f1_formula, stats::macro_f1(m));
  share(Metric::micro_f1, stats::wilson_formula, right, n, hide_outcomes_, Of::outcomes);
  all(Metric::weighted_f1, stats::weighted_f1_formula, stats::weighted_f1(m));
  all(Metric::macro_precision, stats::macro_precision_formula, stats::macro_precision(m));
  all(Metric::macro_recall, stats::macro_recall_formula, stats::macro_recall(m));
  all(Metric::mcc, stats::multiclass_mcc_formula, stats::mcc(m));
  all(Metric::cohen_kappa, stats::multiclass_kappa_formula, stats::cohen_kappa(m));
  multiclass_scores();
}

/// Only where a decision with a score for each class has an outcome.
void ScopeFigures::multiclass_scores() {
  const auto* scores = tally_.scored.classes();
  if (scores == nullptr) return;
  std::uint64_t n = 0;
  const bool hidden = hide_confusion_ || hide_scored_;
  bool exact = true;
  for (std::size_t k = 0; k < scores->classes(); ++k) n += static_cast<std::uint64_t>(scores->count(k));
  for (std::size_t k = 0; k < scores->classes(); ++k) exact = exact && scores->one_vs_rest(k).exact;
  value(Metric::log_loss, stats::multiclass_log_loss_formula, scores->log_loss(), n, hidden);
  bracketed(Metric::roc_auc_hand_till, stats::auc_hand_till_formula, stats::auc_hand_till_bracket_formula, exact,
            stats::auc_hand_till(*scores), n, hidden);
}

void ScopeFigures::regression() {
  const stats::RegressionState none;
  const auto* numbers = tally_.scored.numbers();
  const auto& sums = numbers == nullptr ? none : numbers->sums;
  const auto n = static_cast<std::uint64_t>(sums.n());
  value(Metric::mean_absolute_error, stats::mae_formula, sums.mae(), n, hide_outcomes_);
  value(Metric::mean_error, stats::bias_formula, sums.bias(), n, hide_outcomes_);
  value(Metric::mse, stats::mse_formula, sums.mse(), n, hide_outcomes_);
  value(Metric::rmse, stats::rmse_formula, sums.rmse(), n, hide_outcomes_);
  value(Metric::r2, stats::r2_formula, sums.r2(), n, hide_outcomes_);
  const auto not_zero = static_cast<std::uint64_t>(sums.mape_n());
  value(Metric::mape, stats::mape_formula, sums.mape(), not_zero, hide_scored_);
  value(Metric::smape, stats::smape_formula, sums.smape(), n, hide_outcomes_);
  value(Metric::rmsle, stats::rmsle_formula, sums.rmsle(), n, hide_outcomes_);
  const auto median =
      numbers == nullptr ? stats::Answer<stats::Bracketed>(stats::Undefined::no_data) : numbers->absolute.median();
  bracketed(Metric::median_absolute_error, stats::median_ae_formula, stats::median_ae_bracket_formula,
            !median || median->lower == median->upper, median, n, hide_outcomes_);
}

/// The share of each grade among the answers that were graded.
void ScopeFigures::verdicts() {
  for (std::uint32_t c = 0; c < pilot_.classes.size(); ++c) {
    share(Metric::verdict_rate, stats::wilson_formula, tally_.confusion.at(c), tally_.labelled, hide_confusion_,
          Of::outcomes, std::nullopt, pilot_.classes[c]);
  }
}

void ScopeFigures::forecasts() {
  const auto* scored = tally_.scored.forecasts();
  const auto mean = scored == nullptr ? stats::Answer<stats::QuantileScore>(stats::Undefined::no_data) : scored->mean();
  const auto n = scored == nullptr ? 0 : static_cast<std::uint64_t>(scored->n());
  const auto part = [&](Metric metric, const char* formula, double stats::QuantileScore::*member) {
    value(metric, formula, mean ? stats::Answer<double>((*mean).*member) : mean.error(), n, hide_outcomes_);
  };
  part(Metric::wis, stats::wis_formula, &stats::QuantileScore::wis);
  part(Metric::wis_overprediction, stats::wis_formula, &stats::QuantileScore::overprediction);
  part(Metric::wis_underprediction, stats::wis_formula, &stats::QuantileScore::underprediction);
  part(Metric::wis_dispersion, stats::wis_formula, &stats::QuantileScore::dispersion);
  part(Metric::quantile_bias, stats::quantile_bias_formula, &stats::QuantileScore::bias);
  part(Metric::mean_absolute_error, stats::ae_median_formula, &stats::QuantileScore::ae_median);
  interval_coverage(Metric::interval_coverage_50, 0.5);
  interval_coverage(Metric::interval_coverage_90, 0.9);
}

/// Undefined where the levels have no such central interval.
void ScopeFigures::interval_coverage(Metric metric, double share_inside) {
  const auto* scored = tally_.scored.forecasts();
  const auto covered =
      scored == nullptr ? stats::Answer<double>(stats::Undefined::no_data) : scored->coverage(share_inside);
  if (!covered)
    return value(metric, stats::interval_coverage_formula, covered,
                 scored == nullptr ? 0 : static_cast<std::uint64_t>(scored->n()), hide_outcomes_);
  const auto n = static_cast<std::uint64_t>(scored->n());
  const auto inside = static_cast<std::uint64_t>(std::llround(*covered * static_cast<double>(n)));
  share(metric, stats::wilson_formula, inside, n, hide_scored_, Of::outcomes);
}

}  // namespace pilotwatch::engine
