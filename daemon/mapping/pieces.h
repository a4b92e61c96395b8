// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// Cuts bytes into JSON texts, as decode/ does: lines, the elements of one array, or one object over several lines.
/// Nothing is parsed but brackets and quotes, so one broken text never spoils its neighbours. Private to mapping/.
namespace pilotwatch::mapping {

struct Piece {
  std::string_view text;   ///< not blank
  std::uint32_t line = 0;  ///< the line, or the element, from 1
};

/// Calls `take` for each, in order. Blank lines count as lines and are left out.
void for_each_piece(std::string_view bytes, const std::function<void(const Piece&)>& take);

/// The text on one line: in JSON line ends stand between values only.
[[nodiscard]] std::string on_one_line(std::string_view json);

}  // namespace pilotwatch::mapping
