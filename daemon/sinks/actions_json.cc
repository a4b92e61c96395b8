// SPDX-License-Identifier: Apache-2.0
// Pauses and acknowledgements as JSON: of everything that shows them.
#include "sinks/api_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

/// Only what is asked for; nullopt with the answer where the parameters are not known.
std::optional<runtime::HttpResponse> unknown_parameter(const ApiInput& in, std::string_view only) {
  for (const auto& [name, value] : in.request.query) {
    if (name != only) return failure(400, "bad_data", "unknown parameter \"" + name + "\"");
  }
  return std::nullopt;
}

}  // namespace

Json pause_json(const std::string& pilot, const judge::Pause& pause, const judge::Pause* running) {
  return {{"pilot", pilot},
          {"from", format_rfc3339(pause.from)},
          {"until", format_rfc3339(pause.until)},
          {"announced_wall", format_rfc3339(pause.from_wall)},
          {"author", pause.author},
          {"reason", pause.reason},
          {"running", &pause == running},
          {"ended_wall", time_or_null(pause.ended_wall)},
          {"ended_by", text_or_null(pause.ended_by)}};
}

Json running_pause_json(const judge::Snapshot& snapshot, const engine::PilotView& view) {
  const auto* running = running_pause(snapshot, view);
  return running == nullptr ? Json() : pause_json(view.settings->name, *running, running);
}

Json acknowledgement_json(const judge::Acknowledgement& a) {
  return {{"episode", a.episode}, {"wall", format_rfc3339(a.wall)}, {"author", a.author}, {"note", a.note}};
}

Json acknowledgements_json(const std::vector<judge::Acknowledgement>& all) {
  Json out = Json::array();
  for (const auto& acknowledgement : all) out.push_back(acknowledgement_json(acknowledgement));
  return out;
}

runtime::HttpResponse pauses_answer(const ApiInput& in) {
  if (auto refused = unknown_parameter(in, "pilot")) return *std::move(refused);
  const std::string wanted(in.request.parameter("pilot"));
  Json out = Json::array();
  bool known = wanted.empty();
  for (const auto& view : in.snapshot.pilots) {
    const auto& name = view.settings->name;
    if (!wanted.empty() && name != wanted) continue;
    known = true;
    const auto pauses = in.snapshot.pauses.find(name);
    if (pauses == in.snapshot.pauses.end()) continue;
    const auto& all = pauses->second.all();
    for (auto at = all.rbegin(); at != all.rend(); ++at)
      out.push_back(pause_json(name, *at, running_pause(in.snapshot, view)));
  }
  return known ? success(out) : failure(404, "not_found", "unknown pilot \"" + wanted + "\"");
}

runtime::HttpResponse acknowledgements_answer(const ApiInput& in) {
  if (auto refused = unknown_parameter(in, "episode")) return *std::move(refused);
  const auto wanted = in.request.parameter("episode");
  Json out = Json::array();
  for (auto at = in.snapshot.acknowledgements.rbegin(); at != in.snapshot.acknowledgements.rend(); ++at) {
    if (wanted.empty() || at->episode == wanted) out.push_back(acknowledgement_json(*at));
  }
  return success(out);
}

}  // namespace pilotwatch::sinks
