// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sinks/api.h"
#include "sinks/api_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

Json change_object(const engine::ChangeInfo& change) {
  return {{"time", format_rfc3339(change.time)},
          {"what", change.what},
          {"from", text_or_null(change.from)},
          {"to", text_or_null(change.to)},
          {"announced", change.announced ? Json(*change.announced) : Json()}};
}

Json finding_object(const engine::FindingInfo& finding) {
  return {{"kind", finding.kind},
          {"model_version", finding.model_version},
          {"time", format_rfc3339(finding.time)},
          {"reason",
           "decisions by model version \"" + finding.model_version + "\" since then, and no change announced it"}};
}

/// {"<name>": {"pilot": ..., ...}}
std::string named(const char* name, const std::string& pilot, Json object) {
  Json inner{{"pilot", pilot}};
  inner.update(object);
  Json out = Json::object();
  out[name] = std::move(inner);
  return dump(out);
}

}  // namespace

std::string change_json(const std::string& pilot, const engine::ChangeInfo& change) {
  return named("change", pilot, change_object(change));
}

std::string finding_json(const std::string& pilot, const engine::FindingInfo& finding) {
  return named("finding", pilot, finding_object(finding));
}

Json reference_object(const engine::ReferenceInfo& reference) {
  Json versions = reference.versions.empty() ? Json() : Json(reference.versions);
  return {{"id", reference.id},
          {"kind", name_of(reference.kind)},
          {"name", text_or_null(reference.name)},
          {"strata", settings::strata_names[static_cast<std::size_t>(reference.strata)]},
          {"model_versions", std::move(versions)},
          {"n", reference.n},
          {"outcomes", reference.outcomes},
          {"frozen_at", time_or_null(reference.frozen_at)}};
}

std::string reference_json(const std::string& pilot, const engine::ReferenceInfo& reference) {
  return named("reference", pilot, reference_object(reference));
}

Json findings_json(const engine::PilotView& view) {
  Json out = Json::array();
  for (const auto& finding : view.findings) out.push_back(finding_object(finding));
  return out;
}

runtime::HttpResponse changes_answer(const ApiInput& in) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto view = std::ranges::find_if(in.snapshot.pilots, [&](const auto& v) { return v.settings->name == pilot; });
  if (view == in.snapshot.pilots.end()) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  if (in.request.query.size() > 1)
    return failure(400, "bad_data", "unknown parameter \"" + in.request.query[1].first + "\"");
  Json changes = Json::array();
  for (const auto& change : view->changes) changes.push_back(change_object(change));
  return success({{"changes", std::move(changes)}, {"findings", findings_json(*view)}});
}

}  // namespace pilotwatch::sinks
