// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilotwatch {

using Millis = std::chrono::milliseconds;
/// A point of event or wall time, UTC, to the millisecond. Time is data: no code below `app/` asks a clock.
using Instant = std::chrono::sys_time<Millis>;

/// RFC 3339 date and time with offset ("2026-03-01T08:00:00.5+01:00", "2026-03-01 08:00:00Z"); fractions are truncated
/// to milliseconds; second 60 counts as the next minute's first. Years 0001 to 9999. nullopt when it is anything else.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text);

/// "2026-03-01T08:00:00Z", with ".123" only where milliseconds are not zero.
[[nodiscard]] std::string format_rfc3339(Instant time);

/// Prometheus' durations: "1d", "1h30m", "250ms", "0"; units y (365 d), w, d, h, m, s, ms, each once, falling.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(Millis duration);

[[nodiscard]] inline double to_seconds(Instant time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e3;
}

/// The wall clock; injected, so that tests and simulations bring their own.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }
};

}  // namespace pilotwatch
