// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace pilotwatch::sinks {

/// Members stay in the order in which the README shows them.
using Json = nlohmann::ordered_json;

/// One line; invalid UTF-8 becomes U+FFFD instead of an exception.
[[nodiscard]] std::string dump(const Json& json);
/// null where there is no value, or none that JSON can write.
[[nodiscard]] Json number_or_null(std::optional<double> value);
[[nodiscard]] Json text_or_null(std::string_view text);  ///< "" = null
[[nodiscard]] Json time_or_null(std::optional<Instant> time);

}  // namespace pilotwatch::sinks
