// SPDX-License-Identifier: Apache-2.0
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

void add_overflows(Families& out, const settings::Pilot& pilot, const PilotCounters& counters) {
  std::map<std::string, std::uint64_t> overflows{{"model_version", 0}};
  for (const auto& attribute : pilot.segments.attributes) overflows[attribute];
  for (const auto& [label, count] : counters.label_overflows) overflows[label] = count;
  for (const auto& [label, count] : overflows) {
    out.add_counter("pilotwatch_label_values_overflowed_total", "Records whose label value was replaced by __other__.",
                    {{"pilot", pilot.name}, {"label", label}}, count);
  }
}

void add_pilot(Families& out, const PilotView& view) {
  const auto& name = view.settings->name;
  const auto& counters = view.counters;
  add_info(out, *view.settings);
  add_predictions(out, name, counters);
  add_outcomes(out, name, counters);
  add_complaints(out, name, counters);
  add_overflows(out, *view.settings, counters);
  out.add_counter("pilotwatch_late_records_total", "Records accepted after their window had closed.", {{"pilot", name}},
                  counters.late_records);
  out.add_time("pilotwatch_pilot_clock_timestamp_seconds", "The pilot's clock: wall time or newest event time.",
               {{"pilot", name}}, view.now);
}

}  // namespace

void add_pilots(Families& out, const judge::Snapshot& snapshot) {
  for (const auto& view : snapshot.pilots) add_pilot(out, view);
}

}  // namespace pilotwatch::sinks
