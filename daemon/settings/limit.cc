// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/text.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

enum class Scale { share, not_negative, any };

/// The tasks that have a metric, a bit each; 0 = every task.
struct Tasks {
  unsigned bits = 0;
  constexpr Tasks() = default;
  constexpr Tasks(Task task) : bits(1U << static_cast<unsigned>(task)) {}
  constexpr Tasks operator|(Tasks other) const {
    Tasks out;
    out.bits = bits | other.bits;
    return out;
  }
  [[nodiscard]] constexpr bool has(Task task) const { return bits == 0 || (bits & Tasks(task).bits) != 0; }
};
constexpr Tasks labels = Tasks(Task::binary) | Task::multiclass;
constexpr Tasks forecasts = Tasks(Task::regression) | Task::quantile;
/// "binary or multiclass"
std::string words(Tasks tasks) {
  std::string out;
  for (std::size_t i = 0; i < std::size(task_names); ++i) {
    if (tasks.has(static_cast<Task>(i))) out += (out.empty() ? "" : " or ") + std::string(task_names[i]);
  }
  return out;
}

/// What a limit on the metric may say; in the order of settings::Metric.
struct Rules {
  Metric metric;
  Scale scale;
  bool has_interval;
  Tasks only_for;
  bool has_budget = false;  ///< its limit is the mean of a loss in [0, 1], or a distance from the reference
};
constexpr Rules rules[] = {
    {Metric::volume, Scale::not_negative, false, {}},
    {Metric::failure_rate, Scale::share, true, {}, true},
    {Metric::coverage, Scale::share, true, {}, true},
    {Metric::error_rate, Scale::share, true, {}, true},
    {Metric::false_positive_rate, Scale::share, true, Task::binary, true},
    {Metric::false_negative_rate, Scale::share, true, Task::binary, true},
    {Metric::false_discovery_rate, Scale::share, true, Task::binary, true},
    {Metric::false_omission_rate, Scale::share, true, Task::binary, true},
    {Metric::selection_rate, Scale::share, true, Task::binary, true},
    {Metric::mean_absolute_error, Scale::not_negative, false, forecasts, true},
    {Metric::mean_error, Scale::any, false, Task::regression},
    {Metric::psi, Scale::not_negative, false, {}},
    {Metric::ks, Scale::share, false, {}, true},
    {Metric::complaints_per_1000, Scale::not_negative, true, {}, true},
    {Metric::incidents_per_1000, Scale::not_negative, true, {}},
    {Metric::complaint_finding_rate, Scale::share, true, {}, true},
    {Metric::override_rate, Scale::share, true, {}},
    {Metric::override_relieving_rate, Scale::share, true, Task::binary},
    {Metric::override_aggravating_rate, Scale::share, true, Task::binary},
    {Metric::seeded_catch_rate, Scale::share, true, {}},
    {Metric::short_review_rate, Scale::share, true, {}},
    {Metric::feedback_per_1000, Scale::not_negative, true, {}},
    {Metric::staff_stance, Scale::any, false, {}},
    {Metric::public_stance, Scale::any, false, {}},
    {Metric::drift, Scale::any, false, {}, true},
    {Metric::accuracy, Scale::share, true, labels, true},
    {Metric::precision, Scale::share, true, Task::binary, true},
    {Metric::recall, Scale::share, true, Task::binary, true},
    {Metric::specificity, Scale::share, true, Task::binary, true},
    {Metric::f1, Scale::share, false, Task::binary, true},
    {Metric::balanced_accuracy, Scale::share, false, labels},
    {Metric::mcc, Scale::any, false, labels},
    {Metric::cohen_kappa, Scale::any, false, labels},
    {Metric::roc_auc, Scale::share, true, Task::binary, true},
    {Metric::average_precision, Scale::share, false, Task::binary},
    {Metric::brier, Scale::share, false, Task::binary, true},
    {Metric::log_loss, Scale::not_negative, false, labels, true},
    {Metric::ece, Scale::share, false, Task::binary},
    {Metric::js_distance, Scale::share, false, {}},
    {Metric::hellinger, Scale::share, false, {}},
    {Metric::tvd, Scale::share, false, {}},
    {Metric::wasserstein1, Scale::not_negative, false, {}},
    {Metric::linf, Scale::share, false, {}, true},
    {Metric::chi2, Scale::not_negative, false, {}},
    {Metric::macro_f1, Scale::share, false, Task::multiclass},
    {Metric::micro_f1, Scale::share, true, Task::multiclass, true},
    {Metric::weighted_f1, Scale::share, false, Task::multiclass},
    {Metric::macro_precision, Scale::share, false, Task::multiclass},
    {Metric::macro_recall, Scale::share, false, Task::multiclass},
    {Metric::roc_auc_hand_till, Scale::share, false, Task::multiclass},
    {Metric::mse, Scale::not_negative, false, Task::regression, true},
    {Metric::rmse, Scale::not_negative, false, Task::regression, true},
    {Metric::r2, Scale::any, false, Task::regression},
    {Metric::mape, Scale::not_negative, false, Task::regression},
    {Metric::smape, Scale::not_negative, false, Task::regression},
    {Metric::rmsle, Scale::not_negative, false, Task::regression},
    {Metric::median_absolute_error, Scale::not_negative, false, Task::regression},
    {Metric::wis, Scale::not_negative, false, Task::quantile, true},
    {Metric::wis_overprediction, Scale::not_negative, false, Task::quantile},
    {Metric::wis_underprediction, Scale::not_negative, false, Task::quantile},
    {Metric::wis_dispersion, Scale::not_negative, false, Task::quantile},
    {Metric::interval_coverage_50, Scale::share, true, Task::quantile, true},
    {Metric::interval_coverage_90, Scale::share, true, Task::quantile, true},
    {Metric::quantile_bias, Scale::any, false, Task::quantile},
    {Metric::verdict_rate, Scale::share, true, Task::generative, true},
    {Metric::max_calibration_error, Scale::share, false, Task::binary, true},
    {Metric::severe_complaints_per_1000, Scale::not_negative, true, {}},
    {Metric::escalated_complaints_per_1000, Scale::not_negative, true, {}},
    {Metric::complaint_reopened_rate, Scale::share, true, {}},
    {Metric::harm_days, Scale::not_negative, false, {}},
    {Metric::median_days_to_restore, Scale::not_negative, true, {}},
    {Metric::estimated_roc_auc, Scale::share, true, Task::binary},
    {Metric::estimated_accuracy, Scale::share, true, Task::binary},
    {Metric::estimated_precision, Scale::share, true, Task::binary},
    {Metric::estimated_recall, Scale::share, true, Task::binary},
    {Metric::estimated_f1, Scale::share, true, Task::binary},
};
static_assert(std::size(rules) == metric_count);
constexpr bool in_order() {
  for (std::size_t i = 0; i < metric_count; ++i) {
    if (static_cast<std::size_t>(rules[i].metric) != i) return false;
  }
  return true;
}
static_assert(in_order());

constexpr const char* other_category = "__other__";
constexpr const char* score_name = "score";  ///< the prediction's score, as if it were a numeric feature

std::string name_of(Metric metric) { return metric_names[static_cast<std::size_t>(metric)]; }
constexpr Metric numbers_only[] = {Metric::ks, Metric::hellinger, Metric::wasserstein1};
constexpr Metric categories_only[] = {Metric::linf, Metric::chi2};
template <std::size_t N>
bool is_among(Metric metric, const Metric (&metrics)[N]) {
  return std::find(std::begin(metrics), std::end(metrics), metric) != std::end(metrics);
}
bool of_feedback(Metric metric) {
  return metric == Metric::feedback_per_1000 || metric == Metric::staff_stance || metric == Metric::public_stance;
}

class LimitReader {
 public:
  LimitReader(const Value& value, const Pilot& pilot, const Sound& sound) : map_(value), pilot_(pilot), sound_(sound) {}

  Limit read(UniqueNames& names) {
    out_.name = names.read(map_, "name");
    out_.line = static_cast<std::uint32_t>(map_.value().mark().line + 1);
    metric();
    window();
    compare();
    bound();
    feature();
    segment();
    windowed();
    evidence();
    read_chunks(map_, pilot_, sound_, out_);
    read_times_of(map_, out_);
    severity();
    out_.alertname = default_alertname(out_);
    map_.read("alertname", out_.alertname, &Value::filled_text);
    for (const auto& [key, text] : {std::pair{"owner", &out_.owner}, std::pair{"reason", &out_.reason},
                                    std::pair{"source", &out_.source}, std::pair{"action", &out_.action}}) {
      map_.read(key, *text, &Value::text);
    }
    runbook();
    if (const auto off = map_.take("off")) off->wrong("true, to turn off a limit of the preset, or left out");
    map_.finish();
    return std::move(out_);
  }

 private:
  void metric() {
    const auto value = map_.require("metric");
    if (!value) return;
    const auto metric = value->choice<Metric>(metric_names);
    if (!metric) return;
    out_.metric = *metric;
    rules_ = &rules[static_cast<std::size_t>(*metric)];
    if (sound_.task && !rules_->only_for.has(pilot_.task)) {
      value->problem(name_of(*metric) + " is only for task " + words(rules_->only_for));
    }
    const bool by_class =
        *metric == Metric::roc_auc_hand_till || (*metric == Metric::log_loss && pilot_.task == Task::multiclass);
    if (by_class && pilot_.scores.by_class == ByClass::drop && rules_->only_for.has(pilot_.task)) {
      value->problem(name_of(*metric) + " needs the scores of all classes (scores: {by_class: keep})");
    }
    if (sound_.task && pilot_.outcomes_known == OutcomesKnown::selected && !needs_only_selected(*metric)) {
      value->problem(name_of(*metric) + " needs outcomes of everyone; the pilot says outcomes_known: selected");
    }
    if (is_estimated(*metric) && sound_.reference && pilot_.reference.file.empty()) {
      value->problem(name_of(*metric) + " needs a reference file that holds outcomes (reference: {file: ...})");
    }
    if (of_feature(*metric) && sound_.reference && !pilot_.reference.given()) {
      value->problem(name_of(*metric) +
                     " compares with a reference; the pilot has none (reference: {first: N}, or file, from and to, or "
                     "previous_version)");
    }
  }

  void window() {
    const auto value = map_.require("window");
    const auto window = value ? read_window(*value) : std::nullopt;
    if (!window) return;
    out_.window = *window;
    if (!sound_.windows || std::find(pilot_.windows.begin(), pilot_.windows.end(), *window) != pilot_.windows.end())
      return;
    std::string known;
    for (const auto& w : pilot_.windows) known += (known.empty() ? "" : ", ") + window_words(w);
    value->problem(window_words(*window) + " is not one of the pilot's windows; configured: " + known);
  }

  void bound() {
    const auto max = map_.take("max"), min = map_.take("min");
    const auto kind = map_.take("evidence");  // read below, once the bound is known; this one has none
    if (kind && kind->node().IsScalar() && kind->node().Scalar() == "reference_chunks") {
      for (const auto& value : {max, min}) {
        if (value) value->key_problem("reference_chunks takes its bound from the reference; write direction instead");
      }
      return;
    }
    if (max) out_.max = bound_value(*max);
    if (min) out_.min = bound_value(*min);
    if (out_.metric == Metric::drift) {
      if (max || min)
        (max ? max : min)->key_problem("drift asks whether anything has changed at all; it takes no bound");
      out_.max = 1;  // its value is how far the evidence has come, 1 = all the way
      return;
    }
    if (max && min)
      return (max->key().pos > min->key().pos ? max : min)->key_problem("give either max or min, not both");
    if (!max && !min && map_.value().node().IsMap()) map_.value().problem("needs either max or min");
  }

  std::optional<double> bound_value(const Value& value) {
    if (out_.compare == Compare::difference) return value.number(Real{-1, 1});
    if (out_.compare == Compare::ratio) {
      const auto ratio = value.number(Real{0});
      if (ratio && *ratio == 0) value.wrong("a ratio above 0");
      return ratio;
    }
    const auto scale = rules_ == nullptr ? Scale::any : rules_->scale;
    const auto number = value.number(scale == Scale::not_negative ? Real{0} : Real{});
    if (number && scale == Scale::share && !(*number >= 0 && *number <= 1)) {
      value.wrong("a share from 0 to 1 (10 % is 0.1)");
    }
    return number;
  }

  /// Keys that ask something of windows.
  void windowed() {
    for (const char* key : {"min_n", "for", "keep_firing_for", "times", "of"})
      of_windows_ = of_windows_ || map_.take(key).has_value();
    map_.read("min_n", out_.min_n, &Value::whole, Whole{1, 1'000'000'000});
    map_.read("for", out_.for_, &Value::duration, Zero::allowed);
    map_.read("keep_firing_for", out_.keep_firing_for, &Value::duration, Zero::allowed);
  }

  void evidence() {
    auto sound = sound_;
    sound.metric = rules_ != nullptr;
    read_evidence(map_, pilot_, sound, of_windows_, out_);
  }

  void compare() {
    const auto value = map_.take("compare");
    if (!value) return;
    const auto names = std::span(compare_names).subspan(1);
    const auto choice = value->choice<std::uint8_t>(names);
    if (!choice) return;
    out_.compare = static_cast<Compare>(*choice + 1);
    if (rules_ == nullptr || is_compared(out_.metric, out_.compare)) return;
    value->problem(is_compared(out_.metric, Compare::ratio)
                       ? name_of(out_.metric) + " is compared by ratio only"
                       : "there is no comparison of " + name_of(out_.metric) + " between groups");
  }

  /// An estimate may be wrong in a way that nothing shows: it asks people to look, it never pages.
  void severity() {
    const auto value = map_.take("severity");
    if (!value) return;
    out_.severity = value->choice<Severity>(severity_names).value_or(out_.severity);
    if (rules_ != nullptr && is_estimated(out_.metric) && out_.severity == Severity::critical)
      value->problem(name_of(out_.metric) + " is an estimate, not a measurement; write warning or info");
  }

  void feature() {
    const auto value = map_.take("feature");
    if (rules_ == nullptr) return;
    if (out_.metric == Metric::verdict_rate) return verdict(value);
    if (out_.metric == Metric::complaints_per_1000) return category(value);
    if (!of_feature(out_.metric)) {
      if (value) value->key_problem("is only for drift (psi, ks, drift, ...)");
      return;
    }
    if (!value) return map_.value().problem(name_of(out_.metric) + " needs a feature (a configured one, or score)");
    const auto name = value->text();
    if (!name) return;
    out_.feature = *name;
    const auto needs_categories = [&] {
      value->problem(name_of(out_.metric) + " compares categories and " + in_quotes(out_.feature) +
                     " is numeric; use psi");
    };
    if (out_.feature == score_name && is_among(out_.metric, categories_only)) return needs_categories();
    if (out_.feature == score_name || !sound_.features) return;
    std::vector<std::string_view> known;
    for (const auto& f : pilot_.features) known.push_back(f.name);
    known.push_back(score_name);
    if (!value->must_be_known(out_.feature, "a feature", known)) return;
    const auto found = std::find_if(pilot_.features.begin(), pilot_.features.end(),
                                    [&](const Feature& f) { return f.name == out_.feature; });
    if (is_among(out_.metric, categories_only) && found->kind == FeatureKind::numeric) needs_categories();
    if (is_among(out_.metric, numbers_only) && found->kind == FeatureKind::categorical) {
      value->problem(name_of(out_.metric) + " compares numbers and " + in_quotes(out_.feature) +
                     " is categorical; use psi");
    }
  }

  /// Complaints of one category.
  void category(const std::optional<Value>& value) {
    const auto name = value ? value->filled_text() : std::nullopt;
    if (!name) return;
    out_.feature = *name;
    if (out_.compare != Compare::none)
      return value->key_problem("complaints are compared between groups as a whole only");
    const auto& categories = pilot_.complaints.categories;
    std::vector<std::string_view> known(categories.begin(), categories.end());
    if (!known.empty()) known.push_back(other_category);
    if (!known.empty()) value->must_be_known(*name, "one of complaints.categories", known);
  }

  /// The grade whose share is meant stands where drift has its feature.
  void verdict(const std::optional<Value>& value) {
    if (!value) return map_.value().problem("verdict_rate needs a feature: the class whose share is meant");
    const auto name = value->text();
    if (!name) return;
    out_.feature = *name;
    const std::vector<std::string_view> known(pilot_.classes.begin(), pilot_.classes.end());
    if (sound_.task) value->must_be_known(*name, "one of the classes", known);
  }

  void segment() {
    const auto value = map_.take("segment");
    if (!value && out_.compare != Compare::none)
      map_.value().problem("a comparison of groups needs a segment: the attribute whose groups are meant");
    const auto name = value ? value->filled_text() : std::nullopt;
    if (!name) return;
    out_.segment = *name;
    if (rules_ != nullptr && of_feature(out_.metric))
      return value->key_problem("drift is kept for the whole pilot only");
    if (rules_ != nullptr && of_feedback(out_.metric))
      return value->key_problem("feedback is kept for the whole pilot only");
    const auto groupings = pilot_.segments.groupings();
    const std::vector<std::string_view> known(groupings.begin(), groupings.end());
    if (sound_.attributes) value->must_be_known(*name, "an attribute of segments", known);
  }

  /// It becomes a link on the page and in alerts.
  void runbook() {
    const auto value = map_.take("runbook_url");
    if (!value) return;
    out_.runbook_url = value->text().value_or("");
    if (value->node().IsScalar() && !out_.runbook_url.starts_with("https://") &&
        !out_.runbook_url.starts_with("http://")) {
      value->wrong("a URL that starts with https:// or http://");
    }
  }

  MapReader map_;
  const Pilot& pilot_;
  const Sound& sound_;
  const Rules* rules_ = nullptr;  ///< null where the metric could not be read
  bool of_windows_ = false;       ///< a key asks something of windows
  Limit out_;
};

}  // namespace

Range range_of(const Limit& limit) {
  constexpr double none = std::numeric_limits<double>::infinity();
  if (limit.compare != Compare::none)
    return {limit.compare == Compare::ratio ? 0.0 : -1.0, limit.compare == Compare::ratio ? none : 1.0};
  switch (limit.metric) {
    case Metric::mcc:
    case Metric::cohen_kappa:
    case Metric::quantile_bias:
      return {-1, 1};
    case Metric::staff_stance:
    case Metric::public_stance:
      return {-2, 2};
    case Metric::r2:
      return {-none, 1};
    case Metric::smape:
      return {0, 2};
    default:
      break;
  }
  switch (rules[static_cast<std::size_t>(limit.metric)].scale) {
    case Scale::share:
      return {0, 1};
    case Scale::not_negative:
      return {0, none};
    default:
      return {-none, none};
  }
}

bool has_interval(Metric metric) { return rules[static_cast<std::size_t>(metric)].has_interval; }

bool has_budget(Metric metric) { return rules[static_cast<std::size_t>(metric)].has_budget; }

Limit read_limit(const Value& value, const Pilot& pilot, const Sound& sound, UniqueNames& names) {
  return LimitReader(value, pilot, sound).read(names);
}

}  // namespace pilotwatch::settings
