// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "judge/status.h"
#include "runtime/http.h"
#include "sinks/api.h"
#include "sinks/json.h"
#include "sinks/self_stats.h"

/// The endpoints under /api/v1, one function each: pure, from a snapshot to an answer.
namespace pilotwatch::sinks {

struct ApiInput {
  const runtime::HttpRequest& request;
  const judge::Snapshot& snapshot;
  const SelfStats& self;
  const std::string& external_url;
  const std::string& dashboard_url;
  const NextSend& next_send;
};

[[nodiscard]] Json findings_json(const engine::PilotView& view);
[[nodiscard]] Json reference_object(const engine::ReferenceInfo& reference);

/// {"status":"success","data":...}
[[nodiscard]] runtime::HttpResponse success(const Json& data);
/// The same around JSON that is text already, and with the members of `beside` after it.
[[nodiscard]] runtime::HttpResponse success_text(std::string_view data, const Json& beside = Json::object());
/// {"status":"error","errorType":...,"error":...}, as Prometheus answers.
[[nodiscard]] runtime::HttpResponse failure(unsigned status, std::string_view type, std::string_view what);

/// null for limits without a budget.
[[nodiscard]] Json evidence_json(const std::optional<judge::BudgetEvidence>& evidence);
/// The bound of a limit with evidence reference_chunks, or null.
[[nodiscard]] Json chunks_json(const std::optional<judge::ChunkBound>& bound);

/// `running`: of the pilot's pauses the one that runs now, or null.
[[nodiscard]] Json pause_json(const std::string& pilot, const judge::Pause& pause, const judge::Pause* running);
/// null where the pilot is not paused.
[[nodiscard]] Json running_pause_json(const judge::Snapshot& snapshot, const engine::PilotView& view);
[[nodiscard]] Json acknowledgement_json(const judge::Acknowledgement& acknowledgement);
[[nodiscard]] Json acknowledgements_json(const std::vector<judge::Acknowledgement>& all);

/// Pages for people; HTML also where there is nothing to be shown (404).
[[nodiscard]] runtime::HttpResponse page_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse breach_page_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse limit_page_answer(const ApiInput& in);

[[nodiscard]] runtime::HttpResponse pauses_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse acknowledgements_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse limits_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse explain_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse digest_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse rules_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse alerts_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse pilots_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse windows_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse confusion_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse changes_answer(const ApiInput& in);
[[nodiscard]] runtime::HttpResponse transitions_answer(const ApiInput& in);
/// Needs no snapshot: who is told can be asked while the state is being restored.
[[nodiscard]] runtime::HttpResponse notifiers_answer(const SelfStats& self);

}  // namespace pilotwatch::sinks
