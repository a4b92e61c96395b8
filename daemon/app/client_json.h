// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/client.h"

namespace pilotwatch::app {

/// The answer of /api/v1/..., with its "data". Throws std::runtime_error with what the daemon says where it is another
/// status or no such JSON, and where there is no answer.
[[nodiscard]] nlohmann::ordered_json answer_of(Client& client, const std::string& path);

/// A member of an object; "" and nullopt where there is none, or one of another kind.
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& object, const char* key);
[[nodiscard]] std::optional<double> number_of(const nlohmann::ordered_json& object, const char* key);

}  // namespace pilotwatch::app
