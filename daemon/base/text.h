// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pilotwatch {

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD. Overlong forms and surrogates are
/// invalid.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

/// At most `max_bytes` of `text`, cut between characters, with "..." where something was cut.
[[nodiscard]] std::string ellipsis(std::string_view text, std::size_t max_bytes);

/// Shortest decimal form that reads back as the same double; "NaN", "+Inf", "-Inf" as Prometheus spells them.
[[nodiscard]] std::string format_number(double value);

/// The candidate within edit distance 2 (and less than half of the word) of `word`, if there is exactly one best.
[[nodiscard]] std::optional<std::string> closest(std::string_view word, std::span<const std::string_view> candidates);

/// "a, b, c"
[[nodiscard]] std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");

}  // namespace pilotwatch
