// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text for terminals, counted in columns. What comes from records (groups, categories) is no friend: nothing here lets
/// a control character, an escape sequence or a change of writing direction through.
namespace pilotwatch::app {

/// One line of valid UTF-8 in which every character that could move the cursor or turn the text is a '?'.
[[nodiscard]] std::string printable(std::string_view text);
/// Columns that printable text takes: wide characters two, combining ones none.
[[nodiscard]] std::size_t columns(std::string_view text);
/// Printable text in exactly so many columns: cut with ".." where it is longer, else filled up on the right or left.
[[nodiscard]] std::string left(std::string_view text, std::size_t width);
[[nodiscard]] std::string right(std::string_view text, std::size_t width);
/// Printable text in lines of at most so many columns, broken at spaces where there are any; at least one line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);
/// "####......" of so many columns; `share` 0 to 1, beyond that as 0 and 1. No share above 0 looks like none.
[[nodiscard]] std::string bar(double share, std::size_t width);

/// At most 4 digits: "0.1825", "12.3", "1.2e+06". "-" for what is no number.
[[nodiscard]] std::string short_number(double value);
/// "950", "12.3k", "4.56M": counts and rates.
[[nodiscard]] std::string short_count(double value);
/// "950 B", "12.3 MB" (1024 each).
[[nodiscard]] std::string short_bytes(double value);

/// Columns of standard output where it is a terminal, else of $COLUMNS, else 80; at least 60.
[[nodiscard]] std::size_t screen_width();

}  // namespace pilotwatch::app
