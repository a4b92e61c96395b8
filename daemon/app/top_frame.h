// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/top_sample.h"

namespace pilotwatch::app {

/// What is to be drawn.
struct TopView {
  std::string url;
  std::optional<TopSample> now;     ///< nullopt: there has been no answer yet
  std::optional<TopSample> before;  ///< for rates; nullopt: none are shown
  double clock_s = 0;               ///< Unix time, for "up" and the time at the top
  std::string trouble;              ///< why the last attempt failed; "" = it did not. `now` is old then
  std::size_t scroll = 0;           ///< so many rows below the totals are above the screen
  bool keys = false;                ///< tell which keys there are
};

enum class Paint : std::uint8_t { plain, title, good, warn, bad, faint };
struct TopLine {
  std::string text;  ///< printable, at most `width` columns
  Paint paint = Paint::plain;
};

/// The screen's lines, at most `height` (0 = as many as there are), each of at most `width` columns; made for 80 and
/// more, cut below 72. Pure: the same view gives the same lines.
[[nodiscard]] std::vector<TopLine> top_frame(const TopView& view, std::size_t width, std::size_t height);

}  // namespace pilotwatch::app
