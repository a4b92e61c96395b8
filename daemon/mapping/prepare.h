// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "mapping/json.h"
#include "settings/mapping.h"

/// What of a preset the language of rules cannot say: encoded texts, numbered attributes. Private to mapping/.
namespace pilotwatch::mapping {

/// Adds to the foreign record what the preset's rules look at: `rows` (sagemaker, mlflow), `annotations` and `target`
/// (openinference); completes CloudEvents that stand in files (kserve, seldon). Throws Refusal.
void prepare(settings::SourcePreset preset, Json& foreign);

/// A record whose members have the names of the wire format, "features.amount" for those in objects. `type` is that of
/// records that name none. Throws Refusal.
[[nodiscard]] Json by_wire_names(const Json& foreign, bool cells_are_text, std::string_view type);

}  // namespace pilotwatch::mapping
