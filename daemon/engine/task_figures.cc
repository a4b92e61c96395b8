// SPDX-License-Identifier: Apache-2.0
// The figures of each task, from its confusion counts and its Scored.
#include <algorithm>

#include "engine/scope_figures.h"
#include "stats/performance/confusion.h"
#include "stats/performance/delong.h"
#include "stats/performance/probability.h"
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
  share(Metric::selection_rate, stats::wilson_formula, tally_.positives, tally_.predicted, hide_outcomes_,
        Of::decisions);
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
  const bool hidden = hide_outcomes_ || small_part_of_outcomes(n, static_cast<std::uint64_t>(table.positives));
  auc(table, n, hidden);
  bracketed(Metric::average_precision, stats::average_precision_formula, stats::average_precision_bracket_formula,
            table.exact, stats::average_precision(table), n, hidden);
  value(Metric::brier, stats::brier_formula, p.brier(), n, hidden);
  value(Metric::log_loss, stats::log_loss_formula, p.log_loss(), n, hidden);
  value(Metric::ece, stats::ece_width_formula, p.ece(), n, hidden);
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

void ScopeFigures::regression() {
  const stats::RegressionState none;
  const auto* numbers = tally_.scored.numbers();
  const auto& sums = numbers == nullptr ? none : numbers->sums;
  const auto n = static_cast<std::uint64_t>(sums.n());
  value(Metric::mean_absolute_error, stats::mae_formula, sums.mae(), n, hide_outcomes_);
  value(Metric::mean_error, stats::bias_formula, sums.bias(), n, hide_outcomes_);
}

}  // namespace pilotwatch::engine
