// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// RFC 4648, section 4. Private to mapping/.
namespace pilotwatch::mapping {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// With or without padding; nullopt where it is anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace pilotwatch::mapping
