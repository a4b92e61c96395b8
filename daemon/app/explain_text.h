// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace pilotwatch::app {

/// The data of /api/v1/pilots/{pilot}/explain for people, in lines of at most `width` columns (at least 60), without
/// escape codes. `whole`: every limit in full; else those in full of which an alert is out or that warn, the others a
/// line each. Pure.
[[nodiscard]] std::string explain_text(const nlohmann::ordered_json& data, std::size_t width, bool whole);

}  // namespace pilotwatch::app
