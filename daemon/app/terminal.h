// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "app/top_frame.h"

namespace pilotwatch::app {

/// The terminal while a view fills it: the alternate screen, keys as they come and without echo. However the process
/// ends, short of SIGKILL, it leaves the terminal as it was: by the destructor, after signals that wait() reports, and
/// in a handler of those that report a crash. One at a time, on the thread that makes it; blocks its signals in that
/// thread, so make it before any other thread.
class Terminal {
 public:
  /// Throws std::runtime_error where standard input or output is no terminal.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  struct Size {
    std::size_t columns = 80, rows = 24;
  };
  [[nodiscard]] Size size() const;

  enum class Happened : std::uint8_t { nothing, quit, up, down, redraw, woken, signal };
  /// Waits for a key, a signal, another size, or until `wake` (a file descriptor) can be read. SIGTSTP stops the
  /// process with the terminal given back, and is over when wait() returns `redraw`. `signal`: see stopped_by(); also
  /// when the terminal has gone.
  [[nodiscard]] Happened wait(int wake, std::chrono::milliseconds patience);
  /// SIGINT, SIGTERM, SIGHUP, SIGQUIT; 0 where the terminal has gone.
  [[nodiscard]] int stopped_by() const { return stopped_by_; }

  /// Throws std::runtime_error where it cannot be written.
  void draw(const std::vector<TopLine>& lines);

 private:
  void enter();
  void leave();
  [[nodiscard]] Happened signalled();
  [[nodiscard]] Happened key();
  static void write_all(std::string_view text);

  int signals_ = -1;
  int stopped_by_ = 0;
  bool colours_ = true;
  std::vector<Happened> keys_;  ///< read and not reported yet
};

}  // namespace pilotwatch::app
