// SPDX-License-Identifier: Apache-2.0
#include "engine/group_comparisons.h"

#include <algorithm>
#include <cmath>

#include "engine/figure_state.h"
#include "engine/scope_figures.h"
#include "stats/fairness/comparison.h"

namespace pilotwatch::engine {
namespace {

using settings::Compare;
using settings::Metric;

/// A share of either side, which flag hides it, and whether outcomes still change it.
struct Compared {
  Metric metric;
  bool GroupScope::*hidden;
  bool matures;
  std::optional<stats::GroupRate> rate{};  ///< binary: by the system's output and the outcome

  [[nodiscard]] bool hides(const GroupScope& side) const {
    return side.*hidden || (metric == Metric::selection_rate && side.predicted_hidden);
  }
};
constexpr Compared compared[] = {
    {Metric::selection_rate, &GroupScope::outcomes_hidden, false, stats::GroupRate::selection},
    {Metric::error_rate, &GroupScope::outcomes_hidden, true},
    {Metric::false_positive_rate, &GroupScope::outcomes_hidden, true, stats::GroupRate::false_positive},
    {Metric::false_negative_rate, &GroupScope::outcomes_hidden, true, stats::GroupRate::false_negative},
    {Metric::false_discovery_rate, &GroupScope::outcomes_hidden, true, stats::GroupRate::false_discovery},
    {Metric::false_omission_rate, &GroupScope::outcomes_hidden, true, stats::GroupRate::false_omission},
    {Metric::failure_rate, &GroupScope::failures_hidden, false},
};

class Comparer {
 public:
  Comparer(const WindowInput& input, const std::vector<GroupScope>& scopes, const Tally& whole, WindowResult& out)
      : input_(input), scopes_(scopes), whole_(counts_of(whole)), out_(out) {
    const auto& classes = input.settings.classes;
    const auto positive = std::find(classes.begin(), classes.end(), input.settings.positive);
    positive_ = static_cast<std::uint32_t>(positive - classes.begin());
  }

  void write(const GroupScope& group) {
    const auto& references = input_.settings.segments.reference_groups;
    const auto named = references.find(group.attribute);
    if (named == references.end()) return against("rest", group, rest_of(group));
    if (named->second == group.group) return;
    const auto found = std::find_if(scopes_.begin(), scopes_.end(), [&](const GroupScope& s) {
      return s.model_version.empty() && s.attribute == group.attribute && !s.rest && s.group == named->second;
    });
    against(named->second, group, found == scopes_.end() ? GroupScope{} : *found);
  }

 private:
  /// All other cases, those without the attribute too.
  [[nodiscard]] GroupScope rest_of(const GroupScope& group) const {
    GroupScope out;
    out.tally = whole_;
    take_away(out.tally, group.tally);
    out.rest = true;
    suppress_alone(out, input_.settings);
    return out;
  }

  void against(const std::string& name, const GroupScope& group, const GroupScope& other) {
    const bool binary = input_.settings.task == settings::Task::binary;
    for (const auto& what : compared) {
      if (what.rate && !binary) continue;
      const auto a = share(what, group.tally), b = share(what, other.tally);
      const bool hidden = what.hides(group) || what.hides(other);
      const auto write = [&](Compare compare, const char* formula, auto&& comparison) {
        auto f = figure(group, name, what.metric, compare, formula);
        const auto why = !a ? a.error() : !b ? b.error() : stats::Undefined::no_data;
        fill(std::move(f), a && b ? comparison(*a, *b, stats::CompareSettings{}) : nothing(why), hidden, what.matures);
      };
      write(Compare::difference, stats::rate_difference_formula, stats::share_difference);
      write(Compare::ratio, stats::rate_ratio_of_groups_formula, stats::share_ratio);
    }
    const auto rate = [](const Tally& t) { return stats::EventRate{t.complaints, static_cast<double>(t.decisions)}; };
    const bool hidden = group.complaints_hidden || other.complaints_hidden;
    fill(figure(group, name, Metric::complaints_per_1000, Compare::ratio, stats::event_rate_ratio_formula),
         stats::event_rate_ratio(rate(group.tally), rate(other.tally)), hidden, false);
  }

  [[nodiscard]] stats::Answer<stats::ShareCount> share(const Compared& what, const Tally& t) const {
    if (input_.settings.outcomes_known == settings::OutcomesKnown::selected &&
        !settings::needs_only_selected(what.metric)) {
      return stats::Undefined::selective_labels;
    }
    if (what.rate) {
      return stats::share_of({t.predicted, t.positives, one_against_rest(t.confusion, 2, positive_)}, *what.rate);
    }
    const auto out = what.metric == Metric::failure_rate ? stats::ShareCount{t.failures, t.decisions}
                                                         : stats::ShareCount{t.errors, t.labelled};
    return out.n == 0 ? stats::Answer<stats::ShareCount>(stats::Undefined::no_data) : out;
  }

  static stats::Comparison nothing(stats::Undefined why) {
    stats::Comparison out;
    out.value = why;
    return out;
  }

  static Figure figure(const GroupScope& group, const std::string& against, Metric metric, Compare compare,
                       const char* formula) {
    Figure f;
    f.attribute = group.attribute;
    f.group = group.group;
    f.compare = settings::compare_names[static_cast<std::size_t>(compare)];
    f.against = against;
    f.metric = metric;
    f.formula = formula;
    return f;
  }

  /// `n` is of the smaller side: what min_n of a limit asks for, both have.
  void fill(Figure f, const stats::Comparison& comparison, bool hidden, bool matures) {
    const auto& value = comparison.value;
    f.value = stats::optional(value);
    f.n = std::min(comparison.group_n, comparison.reference_n);
    if (comparison.interval) {
      f.lower = comparison.interval->lower;
      if (std::isfinite(comparison.interval->upper)) f.upper = comparison.interval->upper;
    }
    settle(f, input_,
           {hidden, matures, "no case of the group, or none to compare it with",
            value ? std::nullopt : std::optional(value.error())});
    out_.figures.push_back(std::move(f));
  }

  const WindowInput& input_;
  const std::vector<GroupScope>& scopes_;
  Tally whole_;
  WindowResult& out_;
  std::uint32_t positive_ = 0;
};

}  // namespace

void compare_groups(const WindowInput& input, const std::vector<GroupScope>& scopes, const Tally& whole,
                    WindowResult& out) {
  Comparer comparer(input, scopes, whole, out);
  for (const auto& scope : scopes) {
    if (!scope.rest && scope.model_version.empty()) comparer.write(scope);
  }
}

}  // namespace pilotwatch::engine
