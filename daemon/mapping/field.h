// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "mapping/json.h"
#include "mapping/scope.h"
#include "settings/mapping.h"

/// One member of a wire record from a foreign one. Private to mapping/.
namespace pilotwatch::mapping {

/// Puts what the rule says into `record`, or nothing where it is absent. Throws Refusal where it cannot be applied.
void apply_field(const settings::FieldRule& rule, const Scope& scope, Json& record);

/// The value as the member takes it: numbers and booleans out of texts where the member has nothing else.
/// `member`: "latency_ms", "features.amount". Throws Refusal.
[[nodiscard]] Json as_member(std::string_view member, const Json& value, bool cells_are_text);

/// Sets "features.amount" as the member amount of the object features, in place or at the end.
void set_member(Json& record, std::string_view name, Json value);

}  // namespace pilotwatch::mapping
