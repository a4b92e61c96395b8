// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/client.h"

namespace pilotwatch::app {

/// The answer of /api/v1/..., with its "data". Throws std::runtime_error with what the daemon says where it is another
/// status or no such JSON, and where there is no answer.
[[nodiscard]] nlohmann::ordered_json answer_of(Client& client, const std::string& path);

}  // namespace pilotwatch::app
