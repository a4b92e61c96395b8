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

}  // namespace pilotwatch::engine
