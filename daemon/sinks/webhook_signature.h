// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

/// Signatures of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", symmetric (v1).
namespace pilotwatch::sinks {

/// The key behind "whsec_" and 24 to 64 bytes of base64, with blanks and line ends around. Errors say nothing of the
/// text.
[[nodiscard]] Result<std::string> parse_webhook_secret(std::string_view text);

/// The keys of all files, one each, in their order. Errors name the file: unreadable, readable by others (as id.key),
/// malformed.
[[nodiscard]] Result<std::vector<std::string>> read_webhook_secrets(std::span<const std::filesystem::path> files);

[[nodiscard]] std::string to_base64(std::string_view bytes);

/// "v1,<base64>"
[[nodiscard]] std::string webhook_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                                            std::string_view body);

/// The three headers of one attempt, signed by each of the keys.
[[nodiscard]] std::vector<std::string> webhook_headers(std::span<const std::string> keys, std::string_view id,
                                                       Instant attempt, std::string_view body);

}  // namespace pilotwatch::sinks
