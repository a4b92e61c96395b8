// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/steady.h"

namespace pilotwatch::app {

/// "backing up [######....] 61 %, 1.2 GB of 2 GB, 12 s left", in at most `width` columns; without `left` no guess at the
/// rest, without `all` neither bar nor share. Pure.
struct ProgressText {
  std::string_view what;
  std::uint64_t done = 0, all = 0;  ///< all 0 = nobody knows
  bool bytes = true;                ///< else a count
  std::optional<double> left_s{};
};
[[nodiscard]] std::string progress_text(const ProgressText& text, std::size_t width);

/// How far long work of a command has come, for who waits for it. On a terminal a bar, drawn anew at most five times a second and
/// taken away at the end; elsewhere a line every ten seconds. Work that is over within a second says nothing. One thread.
class Progress {
 public:
  /// Who draws; the default looks at standard error.
  struct Screen {
    bool terminal = false;
    std::size_t width = 80;
    std::function<void(const std::string&)> write;  ///< the text as it is, with its \r or \n
  };
  [[nodiscard]] static Screen standard_error();

  /// `what`: "backing up".
  Progress(std::string what, bool bytes, Screen screen = standard_error(),
           const SteadyClock& clock = system_steady_clock());
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done, std::uint64_t all);
  /// Takes the bar away: before anything else is written.
  void finish();

 private:
  std::string what_;
  bool bytes_;
  Screen screen_;
  const SteadyClock& clock_;
  SteadyTime began_, next_;
  std::size_t drawn_ = 0;  ///< columns of the bar that stands there
};

}  // namespace pilotwatch::app
