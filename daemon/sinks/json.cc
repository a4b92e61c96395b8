// SPDX-License-Identifier: Apache-2.0
#include "sinks/json.h"

#include <cmath>

namespace pilotwatch::sinks {

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json number_or_null(std::optional<double> value) { return value && std::isfinite(*value) ? Json(*value) : Json(); }

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

Json time_or_null(std::optional<Instant> time) { return time ? Json(format_rfc3339(*time)) : Json(); }

}  // namespace pilotwatch::sinks
