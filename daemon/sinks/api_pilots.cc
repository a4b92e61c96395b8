// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "sinks/api_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using judge::LimitStatus;

Json counters_json(const engine::PilotCounters& counters) {
  std::uint64_t predictions = 0, errors = 0;
  Json versions = Json::array();
  for (const auto& version : counters.versions) {
    predictions += version.predictions;
    errors += version.errors;
    versions.push_back(
        {{"model_version", version.name}, {"predictions", version.predictions}, {"errors", version.errors}});
  }
  return {{"predictions", predictions},
          {"errors", errors},
          {"failures", counters.failures},
          {"outcomes", counters.outcomes},
          {"outcomes_matched", counters.outcomes_matched},
          {"outcomes_corrected", counters.outcomes_corrected},
          {"outcomes_parked", counters.parked_outcomes},
          {"awaiting_outcome", counters.awaiting_outcome},
          {"complaints", counters.complaints},
          {"complaints_unlinked", counters.complaints_unlinked},
          {"complaint_updates", counters.complaint_updates},
          {"complaint_updates_parked", counters.complaint_updates_parked},
          {"reviews", counters.reviews},
          {"reviews_corrected", counters.reviews_corrected},
          {"reviews_parked", counters.reviews_parked},
          {"feedback_staff", counters.feedback[0]},
          {"feedback_public", counters.feedback[1]},
          {"late_records", counters.late_records},
          {"last_prediction", time_or_null(counters.last_prediction)},
          {"last_outcome", time_or_null(counters.last_outcome)},
          {"last_complaint", time_or_null(counters.last_complaint)},
          {"versions", std::move(versions)}};
}

Json references_json(const PilotView& view) {
  Json out = Json::array();
  for (const auto& reference : view.references) out.push_back(reference_object(reference));
  return out;
}

Json span_json(std::optional<Instant> start, std::optional<Instant> end) {
  if (!start || !end) return nullptr;
  return {{"start", format_rfc3339(*start)}, {"end", format_rfc3339(*end)}};
}

/// Of limits that ask for several windows.
Json times_of_json(const LimitStatus& status) {
  if (status.limit->of == 1) return nullptr;
  return {{"times", status.limit->times},
          {"of", status.limit->of},
          {"judged", status.windows_judged},
          {"beyond", status.windows_beyond}};
}

Json limit_json(const LimitStatus& status) {
  const auto& limit = *status.limit;
  return {{"limit", limit.name},
          {"metric", name_of(limit.metric)},
          {"feature", text_or_null(limit.feature)},
          {"attribute", text_or_null(limit.segment)},
          {"compare", text_or_null(settings::compare_names[static_cast<std::size_t>(limit.compare)])},
          {"group", text_or_null(status.group)},
          {"severity", name_of(limit.severity)},
          {"direction", name_of(settings::direction_of(limit))},
          {"threshold", number_or_null(judge::threshold_of(status))},
          {"evidence", settings::evidence_names[static_cast<std::size_t>(limit.evidence)]},
          {"hash", text_or_null(status.hash)},
          {"since", time_or_null(status.since_wall)},
          {"state", name_of(status.state)},
          {"reason", text_or_null(status.reason)},
          {"value", number_or_null(status.value)},
          {"lower", number_or_null(status.lower)},
          {"upper", number_or_null(status.upper)},
          {"n", status.n},
          {"times_of", times_of_json(status)},
          {"window", span_json(status.window_start, status.window_end)},
          {"pending_since", time_or_null(status.pending_since)},
          {"last_transition", time_or_null(status.last_transition)},
          {"last_evaluation", time_or_null(status.last_evaluation)},
          {"transitions", status.transitions},
          {"budget", evidence_json(status.evidence)},
          {"reference_chunks", chunks_json(status.chunks)},
          {"episode", status.episode ? text_or_null(status.episode->id) : Json()},
          {"acknowledgements", acknowledgements_json(status.acknowledged)}};
}

Json windows_json(const PilotView& view) {
  std::map<std::string_view, std::uint64_t> closed;
  for (const auto& window : view.windows) ++closed[window->kind_name];
  Json out = Json::array();
  for (const auto* newest : newest_windows(view)) {
    out.push_back({{"kind", newest->kind_name},
                   {"closed", closed[newest->kind_name]},
                   {"newest",
                    {{"start", format_rfc3339(newest->start)},
                     {"end", format_rfc3339(newest->end)},
                     {"mature", newest->mature}}}});
  }
  return out;
}

Json pilot_json(const PilotView& view, const judge::Snapshot& snapshot) {
  const auto& pilot = *view.settings;
  Json limits = Json::array();
  for (const auto& status : snapshot.limits) {
    if (status.pilot->name == pilot.name) limits.push_back(limit_json(status));
  }
  return {{"pilot", pilot.name},
          {"description", text_or_null(pilot.description)},
          {"owner", text_or_null(pilot.owner)},
          {"model", text_or_null(pilot.model)},
          {"task", name_of(pilot.task)},
          {"clock", pilot.clock == settings::PilotClock::event ? "event" : "wall"},
          {"now", time_or_null(view.now)},
          {"pause", running_pause_json(snapshot, view)},
          {"counters", counters_json(view.counters)},
          {"reference", view.reference.id.empty() ? Json() : reference_object(view.reference)},
          {"references", references_json(view)},
          {"limits", std::move(limits)},
          {"findings", findings_json(view)},
          {"windows", windows_json(view)}};
}

}  // namespace

runtime::HttpResponse pilots_answer(const ApiInput& in) {
  Json pilots = Json::array();
  for (const auto& view : in.snapshot.pilots) pilots.push_back(pilot_json(view, in.snapshot));
  return success(pilots);
}

}  // namespace pilotwatch::sinks
