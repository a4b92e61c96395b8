// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/steady.h"

namespace pilotwatch::runtime {

/// Which lines of a log say again what was said a moment ago: a disk that is full fails a hundred times a second in the same
/// words. One thread at a time.
class LogRepeats {
 public:
  static constexpr std::size_t remembered = 64;       ///< different lines; the one that was written first makes room
  static constexpr std::chrono::seconds quiet{10};    ///< from a line to the next of the same words

  struct Line {
    std::string text;
    std::size_t level = 0;
    std::uint64_t left_out = 0;  ///< since it was written
  };
  /// Whether the line is to be written, and how often it was left out before; nullopt: it is left out.
  std::optional<std::uint64_t> take(const std::string& text, std::size_t level, SteadyTime now);
  /// Lines that were left out and have not come again: they must be told before they are forgotten. Cost: a look at all, at
  /// most once a second.
  [[nodiscard]] std::vector<Line> settle(SteadyTime now);
  /// The same of all, whatever their time.
  [[nodiscard]] std::vector<Line> settle_all();

 private:
  struct Known {
    Line line;
    SteadyTime written;
  };
  std::vector<Known> known_;  ///< by when they were written
  std::vector<Line> owed_;    ///< of lines that had to make room
  SteadyTime next_look_{};
};

}  // namespace pilotwatch::runtime
