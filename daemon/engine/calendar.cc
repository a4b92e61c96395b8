// SPDX-License-Identifier: Apache-2.0
#include "engine/calendar.h"

#include <algorithm>

namespace pilotwatch::engine {

using settings::WindowKind;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

Day window_start(WindowKind kind, Day day) {
  const sys_days date{days{day}};
  if (kind == WindowKind::week) return day - static_cast<Day>(std::chrono::weekday{date}.iso_encoding()) + 1;
  if (kind == WindowKind::month) {
    const year_month_day ymd{date};
    return static_cast<Day>(sys_days{ymd.year() / ymd.month() / 1}.time_since_epoch().count());
  }
  return day;
}

Day window_next(WindowKind kind, Day start) {
  if (kind == WindowKind::week) return start + 7;
  if (kind == WindowKind::month) {
    const year_month_day ymd{sys_days{days{start}}};
    const auto next = ymd + std::chrono::months{1};
    return static_cast<Day>(sys_days{next}.time_since_epoch().count());
  }
  return start + 1;
}

std::int64_t hour_start(const Zone& zone, Instant time) {
  const Instant midnight = start_of(zone, day_of(zone, time));
  const auto hours = std::chrono::floor<std::chrono::hours>(time - midnight);
  return std::chrono::floor<std::chrono::seconds>(midnight + hours).time_since_epoch().count();
}

std::int64_t hour_next(const Zone& zone, std::int64_t start) {
  const Instant midnight = start_of(zone, day_of(zone, from_seconds(start)) + 1);
  const auto day_end = std::chrono::floor<std::chrono::seconds>(midnight).time_since_epoch().count();
  return std::min(start + 3600, day_end);
}

std::uint32_t stratum_count(settings::Strata strata) {
  switch (strata) {
    case settings::Strata::hour_of_day:
      return 24;
    case settings::Strata::day_of_week:
      return 7;
    case settings::Strata::hour_of_week:
      return 7 * 24;
    default:
      return 1;
  }
}

std::uint32_t stratum_of(const Zone& zone, settings::Strata strata, Instant time) {
  if (strata == settings::Strata::none) return 0;
  const auto day = zone.day_of(time);
  const auto hours = std::chrono::floor<std::chrono::hours>(time - zone.start_of(day)).count();
  const auto hour = static_cast<std::uint32_t>(std::clamp<std::int64_t>(hours, 0, 23));
  if (strata == settings::Strata::hour_of_day) return hour;
  const auto weekday = std::chrono::weekday(day).iso_encoding() - 1;
  return strata == settings::Strata::day_of_week ? weekday : weekday * 24 + hour;
}

}  // namespace pilotwatch::engine
