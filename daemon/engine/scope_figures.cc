// SPDX-License-Identifier: Apache-2.0
// What every task has, and how a figure gets its state. The figures of each task: task_figures.cc.
#include "engine/scope_figures.h"

#include "engine/figure_state.h"

namespace pilotwatch::engine {

using settings::Task;

ScopeFigures::ScopeFigures(const WindowInput& input, const Tally& tally, Scope scope, WindowResult& out)
    : input_(input), pilot_(input.settings), tally_(tally), scope_(std::move(scope)), out_(out) {
  if (tally_.decisions > 0) coverage_ = static_cast<double>(tally_.labelled) / static_cast<double>(tally_.decisions);
}

void ScopeFigures::hide(const GroupScope& scope) {
  hide_all_ = scope.hidden;
  hide_outcomes_ = scope.outcomes_hidden;
  hide_confusion_ = scope.confusion_hidden;
  hide_failures_ = scope.failures_hidden;
  hide_predicted_ = scope.predicted_hidden;
  hide_scored_ = scope.scored_hidden;
  hide_complaints_ = scope.complaints_hidden;
  side_hidden_ = {scope.incidents_hidden, scope.findings_hidden, scope.reviews_hidden, scope.kinds_hidden,
                  scope.progress_hidden};
  if (scope.outcomes_hidden) coverage_.reset();
}

void ScopeFigures::write() {
  auto volume = figure(Metric::volume, "count/v1");
  volume.value = static_cast<double>(tally_.decisions);
  volume.n = tally_.decisions;
  push(std::move(volume), hide_all_, Of::decisions);
  share(Metric::failure_rate, stats::wilson_formula, tally_.failures, tally_.decisions, hide_failures_, Of::decisions);
  share(Metric::coverage, stats::wilson_formula, tally_.labelled, tally_.decisions, hide_outcomes_, Of::outcomes);
  share(Metric::error_rate, stats::wilson_formula, tally_.errors, tally_.labelled, hide_outcomes_, Of::outcomes);
  share(Metric::error_rate, stats::clopper_pearson_formula, tally_.errors, tally_.labelled, hide_outcomes_,
        Of::outcomes);
  if (pilot_.task == Task::binary) binary();
  if (pilot_.task == Task::multiclass) multiclass();
  if (pilot_.task == Task::regression) regression();
  if (pilot_.task == Task::quantile) forecasts();
  if (pilot_.task == Task::generative) verdicts();
  complaints();
  side_figures(input_, tally_, {scope_.model_version, scope_.attribute, scope_.group, side_hidden_}, out_);
  counts();
}

Figure ScopeFigures::figure(Metric metric, const char* formula) const {
  Figure f;
  f.model_version = scope_.model_version;
  f.attribute = scope_.attribute;
  f.group = scope_.group;
  f.metric = metric;
  f.formula = formula;
  f.coverage = coverage_;
  return f;
}

void ScopeFigures::push(Figure f, bool hidden, Of of, std::optional<stats::Undefined> why) {
  const bool outcomes = of == Of::outcomes;
  if (pilot_.outcomes_known == settings::OutcomesKnown::selected && !settings::needs_only_selected(f.metric)) {
    f.value = f.lower = f.upper = std::nullopt;
    why = stats::Undefined::selective_labels;
  }
  settle(f, input_, {hidden, outcomes, outcomes ? "no outcome known" : "no decisions", why});
  out_.figures.push_back(std::move(f));
}

void ScopeFigures::share(Metric metric, const char* formula, std::uint64_t part, std::uint64_t whole, bool hidden,
                         Of of, std::optional<stats::Undefined> why, const std::string& feature) {
  auto f = figure(metric, formula);
  f.feature = feature;
  f.n = whole;
  const bool exact = f.formula == stats::clopper_pearson_formula;
  const auto interval =
      exact ? stats::clopper_pearson(part, whole, confidence) : stats::wilson(part, whole, confidence);
  if (interval) {
    f.value = static_cast<double>(part) / static_cast<double>(whole);
    f.lower = interval->lower;
    f.upper = interval->upper;
  }
  push(std::move(f), hidden, of, why);
}

void ScopeFigures::value(Metric metric, const char* formula, const stats::Answer<double>& answer, std::uint64_t n,
                         bool hidden) {
  auto f = figure(metric, formula);
  f.value = stats::optional(answer);
  f.n = n;
  push(std::move(f), hidden, Of::outcomes, answer ? std::nullopt : std::optional(answer.error()));
}

void ScopeFigures::bracketed(Metric metric, const char* exact, const char* bracket, bool is_exact,
                             const stats::Answer<stats::Bracketed>& answer, std::uint64_t n, bool hidden) {
  auto f = figure(metric, is_exact ? exact : bracket);
  f.n = n;
  if (answer) {
    f.value = answer->estimate;
    if (!is_exact) {
      f.lower = answer->lower;
      f.upper = answer->upper;
    }
  }
  push(std::move(f), hidden, Of::outcomes, answer ? std::nullopt : std::optional(answer.error()));
}

void ScopeFigures::complaints() {
  auto f = figure(Metric::complaints_per_1000, stats::garwood_formula);
  f.n = tally_.decisions;
  const double exposure = static_cast<double>(tally_.decisions) / 1000;
  const auto interval = stats::garwood(tally_.complaints, exposure, confidence);
  if (interval) {
    f.value = static_cast<double>(tally_.complaints) / exposure;
    f.lower = interval->lower;
    f.upper = interval->upper;
  }
  push(std::move(f), hide_complaints_, Of::decisions);
}

void ScopeFigures::counts() {
  Counts row;
  row.model_version = scope_.model_version;
  row.attribute = scope_.attribute;
  row.group = scope_.group;
  row.suppressed = hide_outcomes_;
  if (!row.suppressed) {
    row.predictions = tally_.decisions;
    row.outcomes = tally_.labelled;
    row.errors = tally_.errors;
    if (!hide_failures_) row.failures = tally_.failures;
    row.positives = tally_.positives;
    if (!hide_complaints_) row.complaints = tally_.complaints;
  }
  out_.counts.push_back(std::move(row));
  if (pilot_.task == Task::binary) confusion(positive_index());
  if (pilot_.task == Task::multiclass) {
    for (std::uint32_t c = 0; c < pilot_.classes.size(); ++c) confusion(c);
  }
}

void ScopeFigures::confusion(std::uint32_t positive) {
  Confusion row;
  if (hide_confusion_) {
    row.suppressed = true;
  } else {
    const auto c = one_against_rest(tally_.confusion, static_cast<std::uint32_t>(pilot_.classes.size()), positive);
    row.tp = c.tp;
    row.fp = c.fp;
    row.fn = c.fn;
    row.tn = c.tn;
  }
  row.model_version = scope_.model_version;
  row.attribute = scope_.attribute;
  row.group = scope_.group;
  row.label = pilot_.classes[positive];
  out_.confusions.push_back(std::move(row));
}

}  // namespace pilotwatch::engine
