// SPDX-License-Identifier: Apache-2.0
// Why a limit says what it says: everything that an answer to "is it real?" begins with, in one place.
#include <algorithm>

#include "judge/rules.h"
#include "sinks/api.h"
#include "sinks/api_parts.h"
#include "sinks/explain_moved.h"
#include "sinks/links.h"
#include "sinks/views.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using judge::LimitStatus;

constexpr std::size_t shown_windows = 30, shown_transitions = 10;

Json definition_of(const LimitStatus& status) {
  Json out = Json::object();
  const auto text = judge::definition_text(*status.pilot, *status.limit);
  for (const auto& [key, value] : judge::definition_items(text)) out[key] = value;
  return out;
}

/// Where it was written, and who stands for it.
Json source_json(const LimitStatus& status, const ApiInput& in) {
  const auto& limit = *status.limit;
  return {{"file", limit.line > 0 ? text_or_null(in.self.config_file) : Json()},
          {"line", limit.line > 0 ? Json(limit.line) : Json()},
          {"preset", text_or_null(limit.preset)},
          {"source", text_or_null(limit.source)},
          {"hash", text_or_null(status.hash)},
          {"since", time_or_null(status.since)},
          {"since_wall", time_or_null(status.since_wall)}};
}

Json window_json(const LimitStatus& status, const PilotView& view) {
  if (!status.window_start || !status.window_end) return nullptr;
  const auto* window = window_of(status, view);
  const bool published = window != nullptr && window->start == status.window_start;
  return {{"kind", engine::window_name(status.limit->window)},
          {"start", format_rfc3339(*status.window_start)},
          {"end", format_rfc3339(*status.window_end)},
          {"mature", published && window->mature}};
}

Json course_json(const LimitStatus& status) {
  Json out = Json::array();
  if (!status.evidence) return out;
  const double threshold = status.evidence->threshold;
  for (const auto& point : status.course) {
    out.push_back(
        {{"time", format_rfc3339(point.time)}, {"s", point.s}, {"ratio", stats::evidence_ratio(point.s, threshold)}});
  }
  return out;
}

/// The limit's figure over the last closed windows, as published: a hidden one is hidden here, too.
Json windows_json(const LimitStatus& status, const PilotView& view) {
  const auto windows = windows_of(status, view);
  Json out = Json::array();
  for (auto i = windows.size() - std::min(windows.size(), shown_windows); i < windows.size(); ++i) {
    const auto* figure = figure_of(status, *windows[i]);
    if (figure == nullptr) continue;
    out.push_back({{"start", format_rfc3339(windows[i]->start)},
                   {"end", format_rfc3339(windows[i]->end)},
                   {"value", number_or_null(figure->value)},
                   {"lower", number_or_null(figure->lower)},
                   {"upper", number_or_null(figure->upper)},
                   {"n", figure->n},
                   {"state", figure->state}});
  }
  return out;
}

Json moved_json(const LimitStatus& status, const PilotView& view) {
  Json out = Json::array();
  for (const auto& part : moved_parts(status, view)) {
    out.push_back({{"what", part.what},
                   {"name", part.name},
                   {"value", number_or_null(part.value)},
                   {"before", number_or_null(part.before)},
                   {"n", part.n}});
  }
  return out;
}

/// The newest first.
Json transitions_json(const LimitStatus& status, const judge::Snapshot& snapshot) {
  Json out = Json::array();
  for (auto at = snapshot.recent.rbegin(); at != snapshot.recent.rend() && out.size() < shown_transitions; ++at) {
    if (at->pilot != status.pilot->name || at->limit != status.limit->name || at->group != status.group) continue;
    out.push_back({{"from", name_of(at->from)},
                   {"to", name_of(at->to)},
                   {"at", format_rfc3339(at->at)},
                   {"at_wall", format_rfc3339(at->at_wall)},
                   {"value", number_or_null(at->value)},
                   {"reason", text_or_null(at->reason)}});
  }
  return out;
}

Json alert_json(const LimitStatus& status, const ApiInput& in) {
  if (!status.episode) return nullptr;
  const auto& episode = *status.episode;
  const auto next = in.next_send ? in.next_send(status) : std::nullopt;
  return {{"episode", episode.id},
          {"started", format_rfc3339(episode.started)},
          {"started_wall", format_rfc3339(episode.started_wall)},
          {"ended_wall", time_or_null(episode.ended_wall)},
          {"firing", alert_out(status)},
          {"alertmanagers", in.self.targets.size()},
          {"next_send", time_or_null(next)},
          {"severity", name_of(status.limit->severity)}};
}

Json explanation(const LimitStatus& status, const PilotView& view, const ApiInput& in) {
  const auto& limit = *status.limit;
  return {{"pilot", status.pilot->name},
          {"limit", limit.name},
          {"attribute", text_or_null(limit.segment)},
          {"group", text_or_null(status.group)},
          {"metric", name_of(limit.metric)},
          {"feature", text_or_null(limit.feature)},
          {"compare", text_or_null(settings::compare_names[static_cast<std::size_t>(limit.compare)])},
          {"state", name_of(status.state)},
          {"since", time_or_null(status.last_transition)},
          {"reason", text_or_null(status.reason)},
          {"now", time_or_null(view.now)},
          {"pause", running_pause_json(in.snapshot, view)},
          {"looked_at", time_or_null(status.last_evaluation)},
          {"value", number_or_null(status.value)},
          {"lower", number_or_null(status.lower)},
          {"upper", number_or_null(status.upper)},
          {"n", status.n},
          {"window", window_json(status, view)},
          {"threshold", limit.metric == settings::Metric::drift ? Json() : number_or_null(judge::threshold_of(status))},
          {"direction", name_of(settings::direction_of(limit))},
          {"definition", definition_of(status)},
          {"set", source_json(status, in)},
          {"owner", text_or_null(limit.owner.empty() ? status.pilot->owner : limit.owner)},
          {"why", text_or_null(limit.reason)},
          {"action", text_or_null(limit.action)},
          {"runbook_url", text_or_null(limit.runbook_url)},
          {"dashboard_url", text_or_null(dashboard_url(in.dashboard_url, status))},
          {"url", in.external_url + (status.episode ? breach_path(status.episode->id)
                                                    : limit_path(status.pilot->name, limit.name, status.group))},
          {"evidence", evidence_json(status.evidence)},
          {"reference_chunks", chunks_json(status.chunks)},
          {"course", course_json(status)},
          {"windows", windows_json(status, view)},
          {"moved", moved_json(status, view)},
          {"transitions", transitions_json(status, in.snapshot)},
          {"alert", alert_json(status, in)},
          {"acknowledgements", acknowledgements_json(status.acknowledged)},
          {"breaches", judge::breach_rule(status)},
          {"clears", judge::clearing_rule(status)}};
}

/// What is asked for; nullopt with the answer where it cannot be.
struct Asked {
  std::optional<std::string> limit, group;
};

std::optional<runtime::HttpResponse> read(const ApiInput& in, Asked& asked) {
  for (const auto& [name, value] : in.request.query) {
    if (name == "pilot") continue;
    if (name != "limit" && name != "group") return failure(400, "bad_data", "unknown parameter \"" + name + "\"");
    (name == "limit" ? asked.limit : asked.group) = value;
  }
  return std::nullopt;
}

}  // namespace

runtime::HttpResponse explain_answer(const ApiInput& in) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto view = std::ranges::find_if(in.snapshot.pilots, [&](const auto& v) { return v.settings->name == pilot; });
  if (view == in.snapshot.pilots.end()) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  Asked asked;
  if (auto refused = read(in, asked)) return *std::move(refused);
  const auto& limits = view->settings->limits;
  if (asked.limit && std::ranges::find(limits, *asked.limit, &settings::Limit::name) == limits.end())
    return failure(404, "not_found", "pilot \"" + pilot + "\" has no limit \"" + *asked.limit + "\"");
  Json out = Json::array();
  bool of_limit = false;  // a limit on groups has none before the first of them has come
  for (const auto& status : in.snapshot.limits) {
    if (status.pilot->name != pilot || (asked.limit && status.limit->name != *asked.limit)) continue;
    of_limit = true;
    if (asked.group && status.group != *asked.group) continue;
    out.push_back(explanation(status, *view, in));
  }
  if (asked.group && of_limit && out.empty())
    return failure(404, "not_found", "no group \"" + *asked.group + "\" has been seen");
  return success({{"pilot", pilot}, {"limits", std::move(out)}});
}

}  // namespace pilotwatch::sinks
