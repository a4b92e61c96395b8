// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace date {
class time_zone;
}

namespace pilotwatch {

/// An IANA time zone ("Europe/Amsterdam", "UTC"), for windows that follow the calendar of the people concerned.
/// Copies are cheap; all members are thread-safe. Reads the system's tzdata once.
class Zone {
 public:
  Zone() = default;  ///< UTC
  [[nodiscard]] static Result<Zone> find(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The civil day in which `time` lies.
  [[nodiscard]] std::chrono::local_days day_of(Instant time) const;
  /// The same with times around it, [from, to), that all lie in that day: until the clocks change, at most.
  struct Stretch {
    std::chrono::local_days day;
    Instant from, to;
  };
  [[nodiscard]] Stretch stretch_of(Instant time) const;
  /// The first instant of that civil day (where midnight is skipped by a clock change: the first that exists).
  [[nodiscard]] Instant start_of(std::chrono::local_days day) const;
  /// When the clocks of the zone showed that: of two such instants the first, and in a gap the instant of the change.
  [[nodiscard]] Instant instant_of(std::chrono::local_time<Millis> local) const;

 private:
  std::string name_ = "UTC";
  const date::time_zone* zone_ = nullptr;  ///< null = UTC
};

}  // namespace pilotwatch
