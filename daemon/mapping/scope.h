// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "mapping/json.h"
#include "settings/mapping.h"

/// What the pointers of a rule see. Private to mapping/.
namespace pilotwatch::mapping {

struct Scope {
  const Json& whole;
  const Json& element;
  std::size_t index = 0, rows = 1;               ///< of `element`
  bool cells_are_text = false;                   ///< CSV: numbers and booleans are written as texts, "" is absent
  std::string_view received{};                   ///< RFC 3339, or ""
  const std::set<std::string>* named = nullptr;  ///< members that the rule's fields name, for "*"
};

/// nullptr where it is absent or null. `scratch` holds what is not in the record itself.
[[nodiscard]] const Json* find(const settings::Pointer& pointer, const Scope& scope, Json& scratch);

}  // namespace pilotwatch::mapping
