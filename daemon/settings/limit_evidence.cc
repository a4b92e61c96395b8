// SPDX-License-Identifier: Apache-2.0
// How a limit decides, and what its kind of evidence needs to know.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr const char* other_category = "__other__";

enum class Way { max, min, either };

/// The side on which a limit with a budget can be: where its loss is too great.
Way way_of(const Limit& limit) {
  if (limit.compare != Compare::none) return Way::either;
  switch (limit.metric) {
    case Metric::coverage:
    case Metric::accuracy:
    case Metric::precision:
    case Metric::recall:
    case Metric::specificity:
    case Metric::f1:
    case Metric::micro_f1:
    case Metric::roc_auc:
    case Metric::interval_coverage_50:
    case Metric::interval_coverage_90:
      return Way::min;
    case Metric::selection_rate:
    case Metric::verdict_rate:
    case Metric::complaint_finding_rate:
      return Way::either;
    default:
      return Way::max;
  }
}

/// Means of numbers without a bound of their own: they are clipped at a stated range.
bool needs_range(Metric metric) {
  switch (metric) {
    case Metric::mean_absolute_error:
    case Metric::mse:
    case Metric::rmse:
    case Metric::log_loss:
    case Metric::wis:
      return true;
    default:
      return false;
  }
}

/// What a decision has only when its outcome horizon is over.
bool of_horizon(Metric metric) {
  switch (metric) {
    case Metric::failure_rate:
    case Metric::selection_rate:
    case Metric::ks:
    case Metric::linf:
    case Metric::drift:
      return false;
    default:
      return true;
  }
}

/// Complaints of whatever is not among the first categories: which these are is only known of windows.
bool of_later_categories(const Limit& limit, const Pilot& pilot) {
  return limit.metric == Metric::complaints_per_1000 && limit.feature == other_category &&
         pilot.complaints.categories.empty();
}

/// Of events that happen or not: a confidence sequence counts them.
bool of_events(const Limit& limit) {
  if (limit.compare != Compare::none || needs_range(limit.metric)) return false;
  switch (limit.metric) {
    case Metric::brier:
    case Metric::roc_auc:
    case Metric::max_calibration_error:
    case Metric::ks:
    case Metric::linf:
    case Metric::drift:
      return false;
    default:
      return has_budget(limit.metric);
  }
}

class EvidenceReader {
 public:
  EvidenceReader(MapReader& map, const Pilot& pilot, const Sound& sound, bool of_windows, Limit& out)
      : map_(map), pilot_(pilot), sound_(sound), of_windows_(of_windows), out_(out) {}

  void read() {
    keys();
    kind();
    if (out_.evidence == Evidence::budget) budget();
    if (out_.evidence == Evidence::confidence_sequence) sequence();
    unused();
  }

 private:
  void keys() {
    share_ = map_.take("share");
    block_ = map_.take("block");
    effect_ = map_.take("design_effect");
    range_ = map_.take("range");
    alpha_ = map_.take("alpha");
    if (range_ && needs_range(out_.metric)) out_.range = range_->number(Real{0});
  }

  void read_block(const Value& value) {
    const auto text = value.node().IsScalar() ? value.node().Scalar() : "";
    const auto named = std::find(std::begin(block_period_names) + 1, std::end(block_period_names), text);
    if (named != std::end(block_period_names)) {
      out_.period = static_cast<BlockPeriod>(named - std::begin(block_period_names));
      return;
    }
    if (const auto number = parse_all<std::uint64_t>(text); number && *number >= 1 && *number <= 500) {
      out_.block = *number;
      return;
    }
    value.wrong("a whole number from 1 to 500, day or week");
  }

  void kind() {
    const auto value = map_.take("evidence");
    const auto choice = value ? value->choice<Evidence>(evidence_names) : std::nullopt;
    if (!choice) {
      out_.evidence = asked_for().value_or(best());
      return;
    }
    out_.evidence = *choice;
    if (!known()) return;
    const auto name = metric_names[static_cast<std::size_t>(out_.metric)];
    const char* otherwise = has_interval(out_.metric) ? "interval or point" : "point";
    if (out_.metric == Metric::drift && *choice != Evidence::budget)
      return value->problem("drift is only judged by budget");
    if (*choice == Evidence::budget && !has_budget(out_.metric)) {
      return value->problem(std::string(name) + " has no form whose false alarms can be budgeted; write " + otherwise);
    }
    if (*choice == Evidence::confidence_sequence && !of_events(out_)) {
      return value->problem("a confidence sequence is of the rate of an event; " + std::string(name) +
                            (out_.compare == Compare::none ? " is none" : " of groups beside others is none"));
    }
    if (*choice == Evidence::interval && !has_interval(out_.metric)) {
      value->problem(std::string(name) + " has no interval; write point or leave the key out");
    }
  }

  /// A key that only one kind has asks for it.
  [[nodiscard]] std::optional<Evidence> asked_for() const {
    if (!known()) return std::nullopt;
    if ((share_ || block_ || effect_) && has_budget(out_.metric)) return Evidence::budget;
    if (alpha_ && of_events(out_)) return Evidence::confidence_sequence;
    return std::nullopt;
  }

  /// What is taken where nothing is said: a budget where one can hold, and nothing was asked of windows.
  [[nodiscard]] Evidence best() const {
    if (out_.metric == Metric::drift) return Evidence::budget;
    const auto otherwise = has_interval(out_.metric) ? Evidence::interval : Evidence::point;
    if (!known() || !has_budget(out_.metric) || of_windows_ || !bound_fits().empty()) return otherwise;
    if (of_horizon(out_.metric) && !sound_.horizon) return otherwise;
    // Alternatives of a comparison are whole per cents; complaints are mostly per mille.
    if (out_.compare != Compare::none && out_.metric == Metric::complaints_per_1000) return otherwise;
    return Evidence::budget;
  }

  [[nodiscard]] bool known() const { return sound_.metric; }

  /// Why a budget cannot be about this bound; "" = it can.
  [[nodiscard]] std::string bound_fits() const {
    const std::string name = metric_names[static_cast<std::size_t>(out_.metric)];
    if (few_rows()) return "a budget needs a reference of at least 200 rows (a category feature 300)";
    if (out_.metric == Metric::drift || (!out_.max && !out_.min)) return {};  // the latter is said elsewhere
    if (of_later_categories(out_, pilot_))
      return "what is in __other__ changes with what comes, unless complaints.categories lists what is not";
    if (out_.compare != Compare::none) return comparison_fits();
    const auto way = way_of(out_);
    if (out_.min && way == Way::max) return "a budget on " + name + " takes max, not min";
    if (out_.max && way == Way::min) return "a budget on " + name + " takes min, not max";
    if (needs_range(out_.metric) && !out_.range) return "a budget on " + name + " needs a range";
    const double most = out_.metric == Metric::complaints_per_1000 ? 1000 : out_.range.value_or(1);
    const double bound = out_.max ? *out_.max : *out_.min;
    // Within 1e-9 of an end nothing could be told from it, and arithmetic would round it to the end.
    if (bound >= 1e-9 * most && bound <= (1 - 1e-9) * most && std::isfinite(1 / bound)) return {};
    return "a budget needs a limit between 0 and " + format_number(most) + ", both excluded";
  }

  /// The reference will have too few rows to say anything. Of a file it is seen when it is read.
  [[nodiscard]] bool few_rows() const {
    if (!of_feature(out_.metric) || pilot_.reference.first == 0) return false;
    const auto feature = std::find_if(pilot_.features.begin(), pilot_.features.end(),
                                      [&](const Feature& f) { return f.name == out_.feature; });
    const bool categories = feature != pilot_.features.end() && feature->kind == FeatureKind::categorical;
    return pilot_.reference.first < (categories ? 300U : 200U);
  }

  /// Beyond these no alternative would be left to bet on.
  [[nodiscard]] std::string comparison_fits() const {
    if (out_.compare == Compare::difference) {
      if (out_.max && !(*out_.max >= 0 && *out_.max <= .9)) return "a budget on a difference takes max from 0 to 0.9";
      if (out_.min && !(*out_.min <= 0 && *out_.min >= -.9)) return "a budget on a difference takes min from -0.9 to 0";
    } else {
      if (out_.max && !(*out_.max >= 1 && *out_.max <= 100)) return "a budget on a ratio takes max from 1 to 100";
      if (out_.min && !(*out_.min >= .01 && *out_.min <= 1)) return "a budget on a ratio takes min from 0.01 to 1";
    }
    return {};
  }

  void budget() {
    if (share_) {
      out_.share = share_->number(Real{0, 1});
      if (out_.share && *out_.share < least_share) share_->wrong("a share of at least 1e-9, at most 1");
    }
    if (block_) read_block(*block_);
    if (effect_) out_.design_effect = effect_->number(Real{1, 50}).value_or(1);
    if (!known()) return;
    if (const auto why = bound_fits(); !why.empty()) map_.value().problem(why);
    if (range_ && !needs_range(out_.metric)) range_->key_problem("is only for a mean of numbers");
    if (effect_ && (out_.compare != Compare::none || of_feature(out_.metric)))
      effect_->key_problem("is only for means; a comparison or a distance has no form that allows for clusters");
    if (out_.period == BlockPeriod::none) return;
    const bool of_mean = out_.compare == Compare::none && out_.metric != Metric::roc_auc &&
                         out_.metric != Metric::max_calibration_error && out_.metric != Metric::ks &&
                         out_.metric != Metric::linf && out_.metric != Metric::drift;
    if (!of_mean) block_->wrong("a whole number from 1 to 500 (days and weeks are for means)");
    if (!out_.segment.empty()) block_->wrong("a whole number from 1 to 500 (days and weeks are for the whole pilot)");
  }

  void sequence() {
    if (alpha_) out_.alpha = alpha_->number(Real{1e-9, .5}).value_or(out_.alpha);
    if (!known()) return;
    if (const auto why = bound_fits(); !why.empty() && of_events(out_)) map_.value().problem(why);
    for (const auto* value : {&share_, &block_, &effect_, &range_}) {
      if (*value) (*value)->key_problem("is only for evidence: budget");
    }
  }

  void unused() {
    if (alpha_ && out_.evidence != Evidence::confidence_sequence)
      alpha_->key_problem("is only for evidence: confidence_sequence");
    if (watches_decisions(out_.evidence)) return;
    for (const auto* value : {&share_, &block_, &effect_, &range_}) {
      if (*value) (*value)->key_problem("is only for evidence: budget");
    }
  }

  MapReader& map_;
  const Pilot& pilot_;
  const Sound& sound_;
  bool of_windows_;
  Limit& out_;
  std::optional<Value> share_, block_, effect_, range_, alpha_;
};

}  // namespace

void read_evidence(MapReader& map, const Pilot& pilot, const Sound& sound, bool of_windows, Limit& limit) {
  EvidenceReader(map, pilot, sound, of_windows, limit).read();
}

}  // namespace pilotwatch::settings
