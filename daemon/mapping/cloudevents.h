// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/json.h"

/// CloudEvents 1.0 in one form: that of the structured mode with `data` parsed. Private to mapping/.
namespace pilotwatch::mapping {

/// Binary mode over HTTP: attributes by name without "ce-", and "datacontenttype"; the body is the data. Throws
/// Refusal.
[[nodiscard]] Json event_of(const std::vector<std::pair<std::string, std::string>>& attributes, std::string_view data);

/// Structured mode: checks the required attributes, and puts `data` in the place of `data_base64`. Throws Refusal.
void complete_event(Json& event);

}  // namespace pilotwatch::mapping
