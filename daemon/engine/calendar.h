// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"
#include "base/zone.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// Civil days since 1970-01-01 in the pilot's zone.
using Day = std::int32_t;

[[nodiscard]] inline Day day_of(const Zone& zone, Instant time) {
  return static_cast<Day>(zone.day_of(time).time_since_epoch().count());
}
[[nodiscard]] inline Instant start_of(const Zone& zone, Day day) {
  return zone.start_of(std::chrono::local_days{std::chrono::days{day}});
}

/// First day of the day, ISO week or month that holds `day`.
[[nodiscard]] Day window_start(settings::WindowKind kind, Day day);
/// First day of the window after the one that starts at `start`.
[[nodiscard]] Day window_next(settings::WindowKind kind, Day start);

/// Start, in Unix seconds, of the hour that holds `time`: hours are counted from the first instant of the civil day, so
/// that they begin with the day also where its clock has changed.
[[nodiscard]] std::int64_t hour_start(const Zone& zone, Instant time);
/// Start of the hour after the one that starts at `start`; the last hour of a day ends with the day.
[[nodiscard]] std::int64_t hour_next(const Zone& zone, std::int64_t start);
/// The part of the season that holds `time`, from 0: hours are counted from the first instant of the civil day (the
/// 25th of a day is its 24th), days from Monday. 0 without strata.
[[nodiscard]] std::uint32_t stratum_of(const Zone& zone, settings::Strata strata, Instant time);
/// 1, 24, 7 or 168.
[[nodiscard]] std::uint32_t stratum_count(settings::Strata strata);

[[nodiscard]] inline Instant from_seconds(std::int64_t seconds) { return Instant{std::chrono::seconds{seconds}}; }

}  // namespace pilotwatch::engine
