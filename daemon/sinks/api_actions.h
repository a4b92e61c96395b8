// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "judge/judge.h"
#include "record/action.h"
#include "runtime/http.h"
#include "sinks/api.h"

namespace pilotwatch::sinks {

struct ActionApi {
  /// Brings an action into force; `done` gets why not. Any thread.
  std::function<void(record::Action, std::function<void(std::optional<judge::Objection>)> done)> act;
  Fresh fresh;
};

/// What people decide: `POST /api/v1/pilots/{pilot}/pause`, `.../resume`, `POST /api/v1/episodes/{episode}/acknowledge`.
/// Bodies are JSON and must say so (`Content-Type: application/json`), which no page of another site can do unasked.
[[nodiscard]] std::vector<runtime::Route> action_routes(ActionApi api);

}  // namespace pilotwatch::sinks
