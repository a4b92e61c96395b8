// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "sinks/families.h"
#include "sinks/views.h"

// Cohort figures: of the newest closed window of each kind, all versions together. Suppressed figures emit nothing.
namespace pilotwatch::sinks {
namespace {

using engine::Figure;
using engine::PilotView;
using engine::WindowResult;
using settings::Metric;

Labels with(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  return value ? std::optional(*value * factor) : std::nullopt;
}

/// A figure with its confidence interval: three families, because one family holds one quantity.
struct IntervalFamilies {
  Metric metric;
  double factor;
  const char *value, *value_help, *lower, *lower_help, *upper, *upper_help;
};
constexpr IntervalFamilies interval_families[] = {
    {Metric::error_rate, 1,                                                                                       //
     "pilotwatch_error_ratio", "window_errors / window_outcomes by prediction event time.",                       //
     "pilotwatch_error_ratio_lower", "Lower confidence limit of error_ratio.",                                    //
     "pilotwatch_error_ratio_upper", "Upper confidence limit of error_ratio."},                                   //
    {Metric::complaints_per_1000, 1e-3,                                                                           //
     "pilotwatch_complaints_per_prediction", "window_complaints / window_predictions.",                           //
     "pilotwatch_complaints_per_prediction_lower", "Lower confidence limit of complaints_per_prediction.",        //
     "pilotwatch_complaints_per_prediction_upper", "Upper confidence limit of complaints_per_prediction."},       //
    {Metric::mean_absolute_error, 1,                                                                              //
     "pilotwatch_mean_absolute_error", "Mean of |prediction - actual| in the window, in the prediction's unit.",  //
     "pilotwatch_mean_absolute_error_lower", "Lower confidence limit of mean_absolute_error.",                    //
     "pilotwatch_mean_absolute_error_upper", "Upper confidence limit of mean_absolute_error."},                   //
    {Metric::mean_error, 1,                                                                                       //
     "pilotwatch_mean_error", "Mean of prediction - actual in the window, in the prediction's unit.",             //
     "pilotwatch_mean_error_lower", "Lower confidence limit of mean_error.",                                      //
     "pilotwatch_mean_error_upper", "Upper confidence limit of mean_error."},
    {Metric::complaint_finding_rate, 1,  //
     "pilotwatch_complaint_finding_ratio",
     "Complaints found for the person, wholly or partly / complaints with a finding, by cohort.",            //
     "pilotwatch_complaint_finding_ratio_lower", "Lower confidence limit of complaint_finding_ratio.",       //
     "pilotwatch_complaint_finding_ratio_upper", "Upper confidence limit of complaint_finding_ratio."},      //
    {Metric::incidents_per_1000, 1e-3,                                                                       //
     "pilotwatch_incidents_per_prediction", "Complaints, those of one incident once / window_predictions.",  //
     "pilotwatch_incidents_per_prediction_lower", "Lower confidence limit of incidents_per_prediction.",     //
     "pilotwatch_incidents_per_prediction_upper", "Upper confidence limit of incidents_per_prediction."},    //
    {Metric::override_rate, 1,                                                                               //
     "pilotwatch_override_ratio",
     "Reviews whose decision differs from the AI output / reviews to which it was shown.",  //
     "pilotwatch_override_ratio_lower", "Lower confidence limit of override_ratio.",        //
     "pilotwatch_override_ratio_upper", "Upper confidence limit of override_ratio."},       //
    {Metric::override_relieving_rate, 1,                                                    //
     "pilotwatch_override_relieving_ratio",
     "Overrides which relieve the person / reviews to which the AI output was shown.",                     //
     "pilotwatch_override_relieving_ratio_lower", "Lower confidence limit of override_relieving_ratio.",   //
     "pilotwatch_override_relieving_ratio_upper", "Upper confidence limit of override_relieving_ratio."},  //
    {Metric::override_aggravating_rate, 1,                                                                 //
     "pilotwatch_override_aggravating_ratio",
     "Overrides which burden the person / reviews to which the AI output was shown.",                          //
     "pilotwatch_override_aggravating_ratio_lower", "Lower confidence limit of override_aggravating_ratio.",   //
     "pilotwatch_override_aggravating_ratio_upper", "Upper confidence limit of override_aggravating_ratio."},  //
    {Metric::seeded_catch_rate, 1,                                                                             //
     "pilotwatch_seeded_catch_ratio", "Seeded errors which the review found / seeded reviews.",                //
     "pilotwatch_seeded_catch_ratio_lower", "Lower confidence limit of seeded_catch_ratio.",                   //
     "pilotwatch_seeded_catch_ratio_upper", "Upper confidence limit of seeded_catch_ratio."},                  //
    {Metric::short_review_rate, 1,                                                                             //
     "pilotwatch_short_review_ratio", "Reviews shorter than review_min_time / reviews with opened_at.",        //
     "pilotwatch_short_review_ratio_lower", "Lower confidence limit of short_review_ratio.",                   //
     "pilotwatch_short_review_ratio_upper", "Upper confidence limit of short_review_ratio."},                  //
    {Metric::feedback_per_1000, 1e-3,                                                                          //
     "pilotwatch_feedback_per_prediction", "Feedback in the time of the window / window_predictions.",         //
     "pilotwatch_feedback_per_prediction_lower", "Lower confidence limit of feedback_per_prediction.",         //
     "pilotwatch_feedback_per_prediction_upper", "Upper confidence limit of feedback_per_prediction."},        //
    {Metric::staff_stance, 1,                                                                                  //
     "pilotwatch_staff_stance", "Mean stance of staff, -2 to 2; not below 10 answers.",                        //
     "pilotwatch_staff_stance_lower", "Lower confidence limit of staff_stance.",                               //
     "pilotwatch_staff_stance_upper", "Upper confidence limit of staff_stance."},                              //
    {Metric::public_stance, 1,                                                                                 //
     "pilotwatch_public_stance", "Mean stance of the public, -2 to 2; not below 10 answers.",                  //
     "pilotwatch_public_stance_lower", "Lower confidence limit of public_stance.",                             //
     "pilotwatch_public_stance_upper", "Upper confidence limit of public_stance."},                            //
};

void add_intervals(Families& out, const WindowResult& window, const Labels& labels) {
  for (const auto& family : interval_families) {
    const Figure* figure = find_figure(window, {.metric = family.metric});
    if (figure == nullptr) continue;
    out.add_gauge(family.value, family.value_help, labels, scaled(figure->value, family.factor));
    out.add_gauge(family.lower, family.lower_help, labels, scaled(figure->lower, family.factor));
    out.add_gauge(family.upper, family.upper_help, labels, scaled(figure->upper, family.factor));
  }
}

/// Rates over the confusion counts as fairness work names them, some of them complements of the figures we compute.
struct Criterion {
  const char* name;
  Metric metric;
  bool complement;
};
constexpr Criterion criteria[] = {
    {"error_rate", Metric::error_rate, false},
    {"false_positive_rate", Metric::false_positive_rate, false},
    {"false_negative_rate", Metric::false_negative_rate, false},
    {"false_discovery_rate", Metric::false_discovery_rate, false},
    {"false_omission_rate", Metric::false_omission_rate, false},
    {"selection_rate", Metric::selection_rate, false},
    {"override_rate", Metric::override_rate, false},
    {"complaint_finding_rate", Metric::complaint_finding_rate, false},
    {"true_positive_rate", Metric::false_negative_rate, true},
    {"true_negative_rate", Metric::false_positive_rate, true},
    {"positive_predictive_value", Metric::false_discovery_rate, true},
    {"negative_predictive_value", Metric::false_omission_rate, true},
};

/// Exported under names of their own, or as criteria; every other figure of a window goes by the name of its metric.
constexpr Metric named[] = {Metric::volume,
                            Metric::failure_rate,
                            Metric::coverage,
                            Metric::error_rate,
                            Metric::false_positive_rate,
                            Metric::false_negative_rate,
                            Metric::false_discovery_rate,
                            Metric::false_omission_rate,
                            Metric::selection_rate,
                            Metric::mean_absolute_error,
                            Metric::mean_error,
                            Metric::complaints_per_1000};

/// Of the whole pilot, or of its groups.
void add_figures(Families& out, const settings::Pilot& pilot, const WindowResult& window, bool groups) {
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, Metric>> seen;
  for (const auto& figure : window.figures) {
    const bool elsewhere = (std::ranges::find(named, figure.metric) != std::end(named) && figure.feature.empty()) ||
                           settings::of_feature(figure.metric);
    if (elsewhere || !figure.compare.empty() || !figure.model_version.empty() || !figure.value ||
        figure.state == "suppressed" || figure.attribute.empty() == groups)
      continue;
    if (!seen.emplace(figure.attribute, figure.group, figure.feature, figure.metric).second) continue;
    const bool group = !figure.attribute.empty();
    Labels labels{{"pilot", pilot.name},
                  {"window", window.kind_name},
                  {"metric", name_of(figure.metric)},
                  {"class", figure.feature}};
    if (group) {
      labels.push_back({"attribute", figure.attribute});
      labels.push_back({"group", figure.group});
    }
    const auto family = [&](const char* whole, const char* of_group, const char* help, std::optional<double> value) {
      out.add_gauge(group ? of_group : whole, help, labels, value);
    };
    family("pilotwatch_window_figure", "pilotwatch_group_figure", "Figure of the window by metric, as in the API.",
           figure.value);
    family("pilotwatch_window_figure_lower", "pilotwatch_group_figure_lower",
           "Lower limit of the figure's interval or bracket.", figure.lower);
    family("pilotwatch_window_figure_upper", "pilotwatch_group_figure_upper",
           "Upper limit of the figure's interval or bracket.", figure.upper);
    family("pilotwatch_window_figure_cases", "pilotwatch_group_figure_cases", "Cases behind the figure.",
           static_cast<double>(figure.n));
  }
}

/// One pass over the figures; of several formulas for one rate the first stands, as on the page.
void add_rates(Families& out, const settings::Pilot& pilot, const WindowResult& window, bool groups) {
  std::set<std::tuple<std::string_view, std::string_view, Metric>> seen;
  for (const auto& figure : window.figures) {
    if (!figure.model_version.empty() || !figure.compare.empty() || !figure.value || figure.state == "suppressed" ||
        figure.attribute.empty() == groups)
      continue;
    if (!seen.emplace(figure.attribute, figure.group, figure.metric).second) continue;
    for (const auto& criterion : criteria) {
      if (criterion.metric != figure.metric) continue;
      const double rate = criterion.complement ? 1 - *figure.value : *figure.value;
      const Labels labels{{"pilot", pilot.name},
                          {"attribute", figure.attribute},
                          {"group", figure.group},
                          {"window", window.kind_name},
                          {"criterion", criterion.name}};
      if (figure.attribute.empty()) {
        out.add_gauge("pilotwatch_window_rate", "Rate of the window by criterion.", labels, rate);
      } else {
        out.add_gauge("pilotwatch_group_rate", "Rate of the group in the window by criterion.", labels, rate);
      }
    }
  }
}

void add_cells(Families& out, const char* name, const char* help, const Labels& labels,
               const engine::Confusion& confusion) {
  out.add_gauge(name, help, with(labels, "cell", "tp"), confusion.tp);
  out.add_gauge(name, help, with(labels, "cell", "fp"), confusion.fp);
  out.add_gauge(name, help, with(labels, "cell", "fn"), confusion.fn);
  out.add_gauge(name, help, with(labels, "cell", "tn"), confusion.tn);
}

/// The one table that has a positive class: of binary pilots, not suppressed, all versions.
bool exported(const settings::Pilot& pilot, const engine::Confusion& confusion) {
  return pilot.task == settings::Task::binary && !confusion.suppressed && confusion.model_version.empty() &&
         confusion.label == positive_class(pilot);
}

void add_counts(Families& out, const WindowResult& window, const Labels& labels) {
  for (const auto& counts : window.counts) {
    if (!counts.model_version.empty() || !counts.attribute.empty() || counts.suppressed) continue;
    out.add_gauge("pilotwatch_window_predictions", "Predictions whose event time lies in the window.", labels,
                  counts.predictions);
    out.add_gauge("pilotwatch_window_outcomes", "Joined outcomes of the predictions in the window.", labels,
                  counts.outcomes);
    out.add_gauge("pilotwatch_window_errors", "Wrong predictions among the joined outcomes of the window.", labels,
                  counts.errors);
    out.add_gauge("pilotwatch_window_complaints", "Complaints about the predictions of the window, or in its time.",
                  labels, counts.complaints);
    out.add_gauge("pilotwatch_window_failures", "Predictions of the window which the pilot reported as failed.", labels,
                  counts.failures);
  }
}

void add_drift(Families& out, const WindowResult& window, const Labels& labels) {
  std::set<std::pair<std::string_view, Metric>> scored;
  std::set<std::string_view> counted;
  for (const auto& figure : window.figures) {
    if (!settings::of_feature(figure.metric) || !figure.model_version.empty() || !figure.attribute.empty()) continue;
    if (!scored.emplace(figure.feature, figure.metric).second) continue;
    const Labels feature = with(labels, "feature", figure.feature);
    out.add_gauge("pilotwatch_drift_score", "Distance between reference and current window, larger is more drift.",
                  with(feature, "method", name_of(figure.metric)), figure.value);
    out.add_gauge("pilotwatch_drift_noise_floor", "Distance to be expected from chance alone, with nothing changed.",
                  with(feature, "method", name_of(figure.metric)), figure.noise_floor);
    if (!counted.insert(figure.feature).second) continue;
    out.add_gauge("pilotwatch_drift_window_samples", "Samples of the feature in the window.", feature, figure.n);
  }
}

void add_reference(Families& out, const PilotView& view) {
  if (view.reference.id.empty()) return;
  const Labels labels{{"pilot", view.settings->name}};
  out.add_gauge("pilotwatch_drift_reference_samples", "Predictions in the reference.", labels, view.reference.n);
  out.add_time("pilotwatch_drift_reference_timestamp_seconds", "Time when the reference was frozen.", labels,
               view.reference.frozen_at);
  for (const auto& reference : view.references) {
    const Labels info{{"pilot", view.settings->name},
                      {"reference", reference.id},
                      {"kind", name_of(reference.kind)},
                      {"name", reference.name}};
    const auto versions = reference.versions.empty() ? std::vector<std::string>{""} : reference.versions;
    for (const auto& version : versions) {
      out.add_gauge("pilotwatch_drift_reference_info",
                    "Constant 1 per frozen reference and model version that is compared with it; no version = all.",
                    with(info, "model_version", version), 1.0);
    }
  }
}

void add_window(Families& out, const PilotView& view, const WindowResult& window) {
  const Labels labels{{"pilot", view.settings->name}, {"window", window.kind_name}};
  out.add_time("pilotwatch_window_start_timestamp_seconds", "Start of the newest closed window of the kind.", labels,
               window.start);
  out.add_time("pilotwatch_window_end_timestamp_seconds", "End of the newest closed window of the kind.", labels,
               window.end);
  out.add_gauge("pilotwatch_window_mature", "1 once the outcome horizon of the window has passed.", labels,
                window.mature ? 1.0 : 0.0);
  add_counts(out, window, labels);
  add_intervals(out, window, labels);
  if (const Figure* coverage = find_figure(window, {.metric = Metric::coverage})) {
    out.add_gauge("pilotwatch_outcome_coverage_ratio", "window_outcomes / window_predictions.", labels,
                  coverage->value);
  }
  add_rates(out, *view.settings, window, false);
  add_figures(out, *view.settings, window, false);
  for (const auto& confusion : window.confusions) {
    if (!exported(*view.settings, confusion) || !confusion.attribute.empty()) continue;
    add_cells(out, "pilotwatch_window_confusion", "Joined predictions of the window by cell of the confusion matrix.",
              labels, confusion);
  }
  add_drift(out, window, labels);
}

void add_group(Families& out, const settings::Pilot& pilot, const WindowResult& window, const engine::Counts& counts) {
  const Labels labels{
      {"pilot", pilot.name}, {"attribute", counts.attribute}, {"group", counts.group}, {"window", window.kind_name}};
  out.add_gauge("pilotwatch_group_window_predictions", "Predictions of the group in the window.", labels,
                counts.predictions);
  out.add_gauge("pilotwatch_group_window_outcomes", "Joined outcomes of the group in the window.", labels,
                counts.outcomes);
  out.add_gauge("pilotwatch_group_window_errors", "Errors of the group in the window.", labels, counts.errors);
  if (pilot.task == settings::Task::binary) {
    out.add_gauge("pilotwatch_group_window_positives", "Positive predictions of the group in the window.", labels,
                  counts.positives);
  }
}

void add_group_confusions(Families& out, const settings::Pilot& pilot, const WindowResult& window) {
  for (const auto& confusion : window.confusions) {
    if (!exported(pilot, confusion) || confusion.attribute.empty()) continue;
    add_cells(out, "pilotwatch_group_window_confusion",
              "Joined predictions of the group in the window by cell of the confusion matrix.",
              {{"pilot", pilot.name},
               {"attribute", confusion.attribute},
               {"group", confusion.group},
               {"window", window.kind_name}},
              confusion);
  }
}

/// Figures of groups beside others: two quantities, so two families, each with its interval.
void add_comparisons(Families& out, const settings::Pilot& pilot, const WindowResult& window) {
  for (const auto& figure : window.figures) {
    if (figure.compare.empty() || figure.state == "suppressed") continue;
    const bool ratio = figure.compare == "ratio";
    const Labels labels{{"pilot", pilot.name},        {"attribute", figure.attribute},
                        {"group", figure.group},      {"against", figure.against},
                        {"window", window.kind_name}, {"metric", name_of(figure.metric)}};
    out.add_gauge(ratio ? "pilotwatch_group_ratio" : "pilotwatch_group_difference",
                  ratio ? "Figure of the group / that of the group or the rest in `against`."
                        : "Figure of the group - that of the group or the rest in `against`.",
                  labels, figure.value);
    out.add_gauge(ratio ? "pilotwatch_group_ratio_lower" : "pilotwatch_group_difference_lower",
                  ratio ? "Lower confidence limit of group_ratio." : "Lower confidence limit of group_difference.",
                  labels, figure.lower);
    out.add_gauge(ratio ? "pilotwatch_group_ratio_upper" : "pilotwatch_group_difference_upper",
                  ratio ? "Upper confidence limit of group_ratio." : "Upper confidence limit of group_difference.",
                  labels, figure.upper);
  }
}

void add_suppressed(Families& out, const settings::Pilot& pilot, const WindowResult& window) {
  std::map<std::string, std::uint64_t> hidden;
  for (const auto& attribute : pilot.segments.groupings()) hidden[attribute];
  for (const auto& [attribute, groups] : window.suppressed_groups) hidden[attribute] = groups;
  for (const auto& [attribute, groups] : hidden) {
    out.add_gauge("pilotwatch_group_suppressed", "Groups hidden because they have fewer cases than segments.min_n.",
                  {{"pilot", pilot.name}, {"attribute", attribute}, {"window", window.kind_name}}, groups);
  }
}

void add_groups_of(Families& out, const settings::Pilot& pilot, const WindowResult& window) {
  for (const auto& counts : window.counts) {
    const bool group = counts.model_version.empty() && !counts.attribute.empty() && !counts.suppressed;
    if (group) add_group(out, pilot, window, counts);
  }
  add_rates(out, pilot, window, true);
  add_figures(out, pilot, window, true);
  add_group_confusions(out, pilot, window);
  add_comparisons(out, pilot, window);
  add_suppressed(out, pilot, window);
}

}  // namespace

void add_references(Families& out, const judge::Snapshot& snapshot) {
  for (const auto& view : snapshot.pilots) add_reference(out, view);
}

void add_windows(Families& out, const judge::Snapshot& snapshot, std::uint64_t most) {
  for (const auto& view : snapshot.pilots) {
    for (const auto* window : newest_windows(view)) out.add_if_room(most, [&] { add_window(out, view, *window); });
  }
}

void add_groups(Families& out, const judge::Snapshot& snapshot, std::uint64_t most) {
  for (const auto& view : snapshot.pilots) {
    for (const auto* window : newest_windows(view))
      out.add_if_room(most, [&] { add_groups_of(out, *view.settings, *window); });
  }
}

}  // namespace pilotwatch::sinks
