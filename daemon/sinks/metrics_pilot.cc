// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "record/record.h"
#include "sinks/families.h"
#include "sinks/views.h"

// What arrived for each pilot, in order of arrival: counters for rate() and increase(). Cohort figures are in
// metrics_window.cc.
namespace pilotwatch::sinks {
namespace {

using engine::PilotCounters;
using engine::PilotView;

void add_info(Families& out, const settings::Pilot& pilot) {
  out.add_gauge("pilotwatch_pilot_info", "Constant 1 per configured pilot.",
                {{"pilot", pilot.name}, {"model", pilot.model}, {"owner", pilot.owner}, {"task", name_of(pilot.task)}},
                1.0);
}

void add_predictions(Families& out, const std::string& pilot, const PilotCounters& counters) {
  for (const auto& version : counters.versions) {
    const Labels labels{{"pilot", pilot}, {"model_version", version.name}};
    out.add_counter("pilotwatch_predictions_total", "Predictions accepted, deduplicated by prediction id.", labels,
                    version.predictions);
    out.add_counter("pilotwatch_prediction_errors_total", "Joined predictions judged wrong.", labels, version.errors);
  }
  const Labels labels{{"pilot", pilot}};
  out.add_counter("pilotwatch_prediction_failures_total", "Predictions which the pilot itself reported as failed.",
                  labels, counters.failures);
  out.add_histogram("pilotwatch_prediction_latency_seconds", "Latency which the pilot reported per prediction.", labels,
                    engine::latency_bounds_s, counters.latency_buckets, counters.latency_sum_s);
  out.add_time("pilotwatch_prediction_last_event_timestamp_seconds", "Newest event time seen among predictions.",
               labels, counters.last_prediction);
  out.add_gauge("pilotwatch_predictions_awaiting_outcome", "Predictions without an outcome so far.", labels,
                counters.awaiting_outcome);
}

void add_outcomes(Families& out, const std::string& pilot, const PilotCounters& counters) {
  const Labels labels{{"pilot", pilot}};
  out.add_counter("pilotwatch_outcomes_total", "Outcome records accepted.", labels, counters.outcomes);
  out.add_counter("pilotwatch_outcomes_matched_total", "Outcome records joined to a prediction.", labels,
                  counters.outcomes_matched);
  out.add_counter("pilotwatch_outcomes_corrected_total", "Outcome records which replaced an earlier one.", labels,
                  counters.outcomes_corrected);
  out.add_gauge("pilotwatch_outcomes_parked", "Outcomes which wait for their prediction.", labels,
                counters.parked_outcomes);
  out.add_histogram("pilotwatch_outcome_delay_seconds",
                    "Outcome event time minus prediction event time, observed at join.", labels, engine::delay_bounds_s,
                    counters.delay_buckets, counters.delay_sum_s);
  out.add_time("pilotwatch_outcome_last_event_timestamp_seconds", "Newest event time seen among outcomes.", labels,
               counters.last_outcome);
}

void add_complaints(Families& out, const std::string& pilot, const PilotCounters& counters) {
  for (const auto& [key, count] : counters.complaints_by) {
    out.add_counter("pilotwatch_complaints_total", "Complaints accepted.",
                    {{"pilot", pilot}, {"category", key.first}, {"severity", key.second}}, count);
  }
  const Labels labels{{"pilot", pilot}};
  out.add_counter("pilotwatch_complaints_unlinked_total", "Complaints which name no known prediction.", labels,
                  counters.complaints_unlinked);
  out.add_time("pilotwatch_complaint_last_event_timestamp_seconds", "Newest event time seen among complaints.", labels,
               counters.last_complaint);
}

/// What people said and did about the pilot. Only pilot by pilot: no group, no theme, nobody's name.
void add_side(Families& out, const std::string& pilot, const PilotView& view) {
  const auto& counters = view.counters;
  const Labels labels{{"pilot", pilot}};
  out.add_counter("pilotwatch_complaint_updates_total", "Complaint updates accepted.", labels,
                  counters.complaint_updates);
  out.add_gauge("pilotwatch_complaint_updates_parked", "Complaint updates which wait for their complaint.", labels,
                counters.complaint_updates_parked);
  out.add_counter("pilotwatch_reviews_total", "Reviews accepted.", labels, counters.reviews);
  out.add_counter("pilotwatch_reviews_corrected_total", "Reviews of predictions which had one already.", labels,
                  counters.reviews_corrected);
  out.add_gauge("pilotwatch_reviews_parked", "Reviews which wait for their prediction.", labels,
                counters.reviews_parked);
  out.add_gauge("pilotwatch_prediction_parts_waiting", "Requests and responses whose other part has not come yet.",
                {{"pilot", pilot}}, counters.parts_waiting);
  out.add_counter("pilotwatch_prediction_parts_alone_total",
                  "Decisions counted from a request or a response alone: the other part had not come within lateness.",
                  {{"pilot", pilot}}, counters.parts_alone);
  out.add_counter("pilotwatch_prediction_parts_too_late_total",
                  "Requests and responses that came after their decision had been counted without them.",
                  {{"pilot", pilot}}, counters.parts_too_late);
  out.add_counter("pilotwatch_complaint_findings_too_late_total",
                  "Findings told longer than the outcome horizon after they were made: counted, but no evidence.",
                  {{"pilot", pilot}}, counters.findings_too_late);
  for (std::size_t i = 0; i < counters.feedback.size(); ++i) {
    out.add_counter("pilotwatch_feedback_total", "Feedback accepted.",
                    {{"pilot", pilot}, {"audience", record::audience_names[i]}}, counters.feedback[i]);
  }
  std::map<std::string, std::uint64_t> changes;
  for (const char* what : record::what_names) changes[what];
  for (const auto& change : view.changes) ++changes[change.what];
  for (const auto& [what, count] : changes) {
    out.add_counter("pilotwatch_changes_total", "Change records accepted.", {{"pilot", pilot}, {"what", what}}, count);
  }
  out.add_counter("pilotwatch_findings_total", "What should not be, found in the records themselves.",
                  {{"pilot", pilot}, {"kind", engine::unannounced_version_change}}, counters.unannounced_versions);
}

void add_overflows(Families& out, const settings::Pilot& pilot, const PilotCounters& counters) {
  std::map<std::string, std::uint64_t> overflows{{"model_version", 0}, {"category", 0}};
  for (const auto& attribute : pilot.segments.groupings()) overflows[attribute];
  for (const auto& [label, count] : counters.label_overflows) overflows[label] = count;
  for (const auto& [label, count] : overflows) {
    out.add_counter("pilotwatch_label_values_overflowed_total", "Records whose label value was replaced by __other__.",
                    {{"pilot", pilot.name}, {"label", label}}, count);
  }
}

/// 0 of a pilot that was never paused, so that rate() sees the first one.
void add_pauses(Families& out, const PilotView& view, const judge::Snapshot& snapshot) {
  const Labels labels{{"pilot", view.settings->name}};
  const auto* running = running_pause(snapshot, view);
  const auto pauses = snapshot.pauses.find(view.settings->name);
  const bool any = pauses != snapshot.pauses.end();
  out.add_gauge("pilotwatch_pilot_paused", "1 while a pause of the pilot runs: its limits judge nothing of that time.",
                labels, running != nullptr ? 1.0 : 0.0);
  out.add_time("pilotwatch_pilot_pause_end_timestamp_seconds", "When the pause that runs ends, by the pilot's clock.",
               labels, running != nullptr ? std::optional(running->until) : std::nullopt);
  out.add_counter("pilotwatch_pause_decisions_left_out_total",
                  "Decisions made in pauses: counted in every figure, but no evidence of limits on decisions.", labels,
                  any ? pauses->second.decisions : 0);
  out.add_counter("pilotwatch_pause_looks_left_out_total",
                  "Looks of limits at windows that were left out, since the window lies in pauses.", labels,
                  any ? pauses->second.looks : 0);
}

void add_pilot(Families& out, const PilotView& view, const judge::Snapshot& snapshot) {
  const auto& name = view.settings->name;
  const auto& counters = view.counters;
  add_info(out, *view.settings);
  add_predictions(out, name, counters);
  add_outcomes(out, name, counters);
  add_complaints(out, name, counters);
  add_side(out, name, view);
  add_overflows(out, *view.settings, counters);
  out.add_counter("pilotwatch_late_records_total", "Records accepted after their window had closed.", {{"pilot", name}},
                  counters.late_records);
  out.add_time("pilotwatch_pilot_clock_timestamp_seconds", "The pilot's clock: wall time or newest event time.",
               {{"pilot", name}}, view.now);
  add_pauses(out, view, snapshot);
}

}  // namespace

void add_pilots(Families& out, const judge::Snapshot& snapshot) {
  for (const auto& view : snapshot.pilots) add_pilot(out, view, snapshot);
}

}  // namespace pilotwatch::sinks
