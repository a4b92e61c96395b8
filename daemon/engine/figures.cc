// SPDX-License-Identifier: Apache-2.0
#include "engine/figures.h"

#include <algorithm>
#include <map>

#include "engine/side_figures.h"
#include "engine/suppression.h"
#include "stats/distance/binned.h"
#include "stats/distance/ks.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::engine {
namespace {

using settings::Metric;
using settings::Task;

/// Binary confusion with `positive` against the rest.
Confusion one_against_rest(const SparseCounts& counts, std::uint32_t classes, std::uint32_t positive) {
  Confusion out;
  for (const auto& [position, count] : counts.items()) {
    const bool predicted = position / classes == positive, actual = position % classes == positive;
    (predicted ? (actual ? out.tp : out.fp) : (actual ? out.fn : out.tn)) += count;
  }
  return out;
}

/// Writes the figures of one scope (whole pilot, version, or group) in a fixed order.
class ScopeFigures {
 public:
  ScopeFigures(const WindowInput& input, const Tally& tally, std::string version, std::string attribute,
               std::string group, WindowResult& out)
      : input_(input),
        pilot_(input.settings),
        tally_(tally),
        version_(std::move(version)),
        attribute_(std::move(attribute)),
        group_(std::move(group)),
        out_(out) {
    if (tally_.decisions > 0) coverage_ = static_cast<double>(tally_.labelled) / static_cast<double>(tally_.decisions);
  }

  void hide(const GroupScope& scope) {
    hide_all_ = scope.hidden;
    hide_outcomes_ = scope.outcomes_hidden;
    hide_confusion_ = scope.confusion_hidden;
    hide_failures_ = scope.failures_hidden;
    hide_complaints_ = scope.complaints_hidden;
    if (scope.outcomes_hidden) coverage_.reset();
    side_hidden_ = {scope.incidents_hidden, scope.findings_hidden, scope.reviews_hidden};
  }

  void write() {
    plain(Metric::volume, "count/v1", static_cast<double>(tally_.decisions), tally_.decisions, hide_all_);
    share(Metric::failure_rate, stats::wilson_formula, tally_.failures, tally_.decisions, hide_failures_, false);
    share(Metric::coverage, stats::wilson_formula, tally_.labelled, tally_.decisions, hide_outcomes_, true);
    share(Metric::error_rate, stats::wilson_formula, tally_.errors, tally_.labelled, hide_outcomes_, true);
    share(Metric::error_rate, stats::clopper_pearson_formula, tally_.errors, tally_.labelled, hide_outcomes_, true);
    if (pilot_.task == Task::binary) binary();
    if (pilot_.task == Task::regression) regression();
    complaints();
    side_figures(input_, tally_, {version_, attribute_, group_, side_hidden_}, out_);
    counts();
  }

 private:
  Figure figure(Metric metric, const char* formula) const {
    Figure f;
    f.model_version = version_;
    f.attribute = attribute_;
    f.group = group_;
    f.metric = metric;
    f.formula = formula;
    f.coverage = coverage_;
    return f;
  }

  void push(Figure f, bool hidden, bool of_outcomes) {
    if (hidden) {
      f.value = f.lower = f.upper = f.coverage = std::nullopt;
      f.n = 0;
      f.state = "suppressed";
      f.reason = "a count from 1 to " + std::to_string(pilot_.segments.min_n - 1) +
                 " is behind it, or could be worked out from it (segments.min_n " +
                 std::to_string(pilot_.segments.min_n) + ")";
    } else if (!f.value) {
      f.state = "insufficient";
      f.reason = of_outcomes ? "no outcome known" : "no decisions";
    } else if (of_outcomes && !input_.mature) {
      f.state = "immature";
      f.reason =
          "the outcome horizon (" + format_duration(pilot_.outcome_horizon) + ") of its decisions has not passed";
    } else {
      f.state = "ok";
    }
    out_.figures.push_back(std::move(f));
  }

  void plain(Metric metric, const char* formula, std::optional<double> value, std::uint64_t n, bool hidden,
             bool of_outcomes = false) {
    auto f = figure(metric, formula);
    f.value = value;
    f.n = n;
    push(std::move(f), hidden, of_outcomes);
  }

  void share(Metric metric, const char* formula, std::uint64_t part, std::uint64_t whole, bool hidden,
             bool of_outcomes) {
    auto f = figure(metric, formula);
    f.n = whole;
    const bool exact = f.formula == stats::clopper_pearson_formula;
    const auto interval =
        exact ? stats::clopper_pearson(part, whole, confidence) : stats::wilson(part, whole, confidence);
    if (interval) {
      f.value = static_cast<double>(part) / static_cast<double>(whole);
      f.lower = interval->lower;
      f.upper = interval->upper;
    }
    push(std::move(f), hidden, of_outcomes);
  }

  void binary() {
    const auto c = one_against_rest(tally_.confusion, 2, positive_index());
    share(Metric::false_positive_rate, stats::wilson_formula, c.fp, c.fp + c.tn, hide_outcomes_, true);
    share(Metric::false_negative_rate, stats::wilson_formula, c.fn, c.fn + c.tp, hide_outcomes_, true);
    share(Metric::false_discovery_rate, stats::wilson_formula, c.fp, c.fp + c.tp, hide_outcomes_, true);
    share(Metric::false_omission_rate, stats::wilson_formula, c.fn, c.fn + c.tn, hide_outcomes_, true);
    share(Metric::selection_rate, stats::wilson_formula, tally_.positives, tally_.predicted, hide_outcomes_, false);
  }

  [[nodiscard]] std::uint32_t positive_index() const {
    const auto found = std::find(pilot_.classes.begin(), pilot_.classes.end(), pilot_.positive);
    return static_cast<std::uint32_t>(found - pilot_.classes.begin());
  }

  void regression() {
    const auto mean = [&](const FixedSum& sum) -> std::optional<double> {
      if (tally_.labelled == 0) return std::nullopt;
      return sum.value() / static_cast<double>(tally_.labelled);
    };
    plain(Metric::mean_absolute_error, "mean/v1", mean(tally_.absolute_error), tally_.labelled, hide_outcomes_, true);
    plain(Metric::mean_error, "mean/v1", mean(tally_.error), tally_.labelled, hide_outcomes_, true);
  }

  void complaints() {
    auto f = figure(Metric::complaints_per_1000, stats::garwood_formula);
    f.n = tally_.decisions;
    const double exposure = static_cast<double>(tally_.decisions) / 1000;
    const auto interval = stats::garwood(tally_.complaints, exposure, confidence);
    if (interval) {
      f.value = static_cast<double>(tally_.complaints) / exposure;
      f.lower = interval->lower;
      f.upper = interval->upper;
    }
    push(std::move(f), hide_complaints_, false);
  }

  void counts() {
    Counts row;
    row.model_version = version_;
    row.attribute = attribute_;
    row.group = group_;
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

  void confusion(std::uint32_t positive) {
    auto row = one_against_rest(tally_.confusion, static_cast<std::uint32_t>(pilot_.classes.size()), positive);
    if (hide_confusion_) {
      row = {};
      row.suppressed = true;
    }
    row.model_version = version_;
    row.attribute = attribute_;
    row.group = group_;
    row.label = pilot_.classes[positive];
    out_.confusions.push_back(std::move(row));
  }

  const WindowInput& input_;
  const settings::Pilot& pilot_;
  const Tally& tally_;
  std::string version_, attribute_, group_;
  WindowResult& out_;
  std::optional<double> coverage_;
  bool hide_all_ = false, hide_outcomes_ = false, hide_confusion_ = false, hide_failures_ = false,
       hide_complaints_ = false;
  SideHidden side_hidden_;
};

Figure drift_figure(const std::string& version, const std::string& feature, Metric metric, const char* formula) {
  Figure f;
  f.model_version = version;
  f.feature = feature;
  f.metric = metric;
  f.formula = formula;
  return f;
}

void finish_drift(Figure f, WindowResult& out) {
  f.state = f.value ? "ok" : "insufficient";
  if (!f.value) f.reason = f.n == 0 ? "no value in the window" : "no value in the reference";
  out.figures.push_back(std::move(f));
}

/// Numeric: PSI over the reference's quantile bins and KS against its sample.
void numeric_drift(const WindowInput& input, const std::string& version, const std::string& name,
                   const FrozenFeature& frozen, const Histogram& live, WindowResult& out) {
  auto psi = drift_figure(version, name, Metric::psi, stats::psi_jeffreys_formula);
  auto ks = drift_figure(version, name, Metric::ks,
                         frozen.sample.exact ? stats::ks_exact_formula : stats::ks_bracket_formula);
  psi.n = ks.n = live.positions.total();
  if (psi.n > 0 && frozen.n > 0) {
    const auto edges = stats::quantile_edges(frozen.sample, input.settings.reference.bins);
    const auto reference_bins = stats::reference_bin_counts(frozen.sample, edges);
    const auto live_bins = stats::bin_counts(frozen.sample, edges, live.positions.items());
    if (reference_bins.size() >= 2) psi.value = stats::optional(stats::psi_jeffreys(reference_bins, live_bins));
    if (const auto d = stats::ks(frozen.sample, live.positions.items())) {
      ks.value = d->d;
      if (!frozen.sample.exact) {
        ks.lower = d->lower;
        ks.upper = d->upper;
      }
    }
  }
  finish_drift(std::move(psi), out);
  finish_drift(std::move(ks), out);
}

/// Categorical: PSI over the reference's categories and one bin for all others.
void categorical_drift(const std::string& version, const std::string& name, const FrozenFeature& frozen,
                       const Histogram& live, WindowResult& out) {
  auto psi = drift_figure(version, name, Metric::psi, stats::psi_jeffreys_formula);
  psi.n = live.positions.total();
  if (psi.n > 0 && frozen.n > 0) {
    std::vector<std::uint64_t> reference = frozen.category_counts, current(frozen.categories.size(), 0);
    reference.push_back(0);
    current.push_back(live.positions.at(unseen_category));
    for (std::uint32_t i = 0; i < frozen.categories.size(); ++i) current[i] = live.positions.at(i);
    psi.value = stats::optional(stats::psi_jeffreys(reference, current));
  }
  finish_drift(std::move(psi), out);
}

void drift(const WindowInput& input, const std::string& version, const std::vector<Histogram>& live,
           WindowResult& out) {
  if (input.reference == nullptr) return;
  const auto columns = feature_list(input.settings);
  const Histogram none;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& frozen = input.reference->features[i];
    if (columns[i].name == score_feature && i + 1 == columns.size() && frozen.n == 0)
      continue;  // this pilot has no score
    const auto& histogram = i < live.size() ? live[i] : none;
    if (columns[i].kind == settings::FeatureKind::numeric) {
      numeric_drift(input, version, columns[i].name, frozen, histogram, out);
    } else {
      categorical_drift(version, columns[i].name, frozen, histogram, out);
    }
  }
}

/// All versions together, then each by name; the nameless one only as part of the whole.
std::map<std::string, Cell> by_version(const WindowInput& input) {
  std::map<std::string, Cell> out;
  auto& all = out[""];
  for (const auto& [version, cell] : input.cells) {
    all += cell;
    if (!input.versions[version].empty()) out[input.versions[version]] += cell;
  }
  return out;
}

/// What the total has beyond the sum of an attribute's groups: the cases that did not give it.
Tally without(const Cell& cell, std::size_t attribute) {
  Tally rest = cell.overall;
  for (const auto& [key, group] : cell.groups) {
    if (key.first != attribute) continue;
    rest.decisions -= group.decisions;
    rest.failures -= group.failures;
    rest.positives -= group.positives;
    rest.predicted -= group.predicted;
    rest.labelled -= group.labelled;
    rest.errors -= group.errors;
    rest.complaints -= group.complaints;
    rest.side -= group.side;
    for (const auto& [position, count] : group.confusion.items())
      rest.confusion.add(position, -static_cast<std::int64_t>(count));
  }
  return rest;
}

void groups(const WindowInput& input, const std::map<std::string, Cell>& cells, WindowResult& out) {
  const auto& attributes = input.settings.segments.attributes;
  std::vector<GroupScope> scopes;
  for (const auto& [version, cell] : cells) {
    for (const auto& [key, tally] : cell.groups) {
      if (tally.empty()) continue;
      scopes.push_back({version, attributes[key.first], input.values[key.first][key.second], tally});
    }
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      auto rest = without(cell, i);
      // Feedback is of no group at all: alone it makes no member of the margin, which could cover for another.
      if (rest.decisions == 0 && rest.complaints == 0) continue;
      if (rest.decisions == cell.overall.decisions) continue;
      scopes.push_back({version, attributes[i], "", std::move(rest)});
      scopes.back().rest = true;
    }
  }
  std::sort(scopes.begin(), scopes.end(), [](const GroupScope& a, const GroupScope& b) {
    return std::tie(a.model_version, a.attribute, a.rest, a.group) <
           std::tie(b.model_version, b.attribute, b.rest, b.group);
  });
  suppress(scopes, input.settings);
  std::map<std::string, std::uint64_t> hidden;
  for (const auto& attribute : attributes) hidden[attribute] = 0;
  for (const auto& scope : scopes) {
    if (scope.rest) continue;
    ScopeFigures figures(input, scope.tally, scope.model_version, scope.attribute, scope.group, out);
    figures.hide(scope);
    figures.write();
    if (scope.model_version.empty() && scope.outcomes_hidden) ++hidden[scope.attribute];
  }
  out.suppressed_groups.assign(hidden.begin(), hidden.end());
}

}  // namespace

void compute(const WindowInput& input, WindowResult& out) {
  const auto cells = by_version(input);
  for (const auto& [version, cell] : cells) {
    ScopeFigures(input, cell.overall, version, "", "", out).write();
    drift(input, version, cell.features, out);
  }
  groups(input, cells, out);
}

}  // namespace pilotwatch::engine
