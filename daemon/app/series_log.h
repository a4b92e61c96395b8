// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/log.h"

namespace pilotwatch::app {

/// Says it once when /metrics begins to leave series out, and when it no longer does.
class SeriesLog {
 public:
  explicit SeriesLog(const runtime::Log& log) : log_(log) {}
  /// Any thread.
  void scraped(std::uint64_t series, std::uint64_t left_out) {
    if (left_out_.exchange(left_out > 0) == (left_out > 0)) return;
    if (left_out > 0) {
      log_.warn("/metrics leaves series out: there are more than bounds.series", {{"series", series}, {"left_out", left_out}});
    } else {
      log_.info("/metrics has all series again", {{"series", series}});
    }
  }

 private:
  const runtime::Log& log_;
  std::atomic<bool> left_out_ = false;
};

}  // namespace pilotwatch::app
