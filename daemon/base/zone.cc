// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <date/tz.h>

#include <algorithm>

namespace pilotwatch {

Result<Zone> Zone::find(std::string_view name) {
  Zone zone;
  zone.name_ = std::string(name);
  if (name == "UTC") return zone;
  try {
    zone.zone_ = date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return Error{"unknown time zone '" + std::string(name) + "' (write for example Europe/Amsterdam or UTC)"};
  }
  return zone;
}

std::chrono::local_days Zone::day_of(Instant time) const {
  const auto offset = zone_ == nullptr ? std::chrono::seconds{0}
                                       : zone_->get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
  const auto shifted = (time + offset).time_since_epoch();
  return std::chrono::local_days{std::chrono::floor<std::chrono::days>(shifted)};
}

Zone::Stretch Zone::stretch_of(Instant time) const {
  using std::chrono::days;
  using std::chrono::seconds;
  seconds offset{0}, begin{seconds::min()}, end{seconds::max()};
  if (zone_ != nullptr) {
    const auto info = zone_->get_info(std::chrono::floor<seconds>(time));
    offset = info.offset;
    begin = info.begin.time_since_epoch();
    end = info.end.time_since_epoch();
  }
  const auto day = std::chrono::floor<days>((time + offset).time_since_epoch());
  return {std::chrono::local_days{day}, Instant{std::max<seconds>(begin, day - offset)},
          Instant{std::min<seconds>(end, day + days{1} - offset)}};
}

Instant Zone::start_of(std::chrono::local_days day) const { return instant_of(day); }

Instant Zone::instant_of(std::chrono::local_time<Millis> local) const {
  const auto since = local.time_since_epoch();
  if (zone_ == nullptr) return Instant{since};
  const auto info = zone_->get_info(date::local_seconds{std::chrono::floor<std::chrono::seconds>(since)});
  // Ambiguous: the earlier offset comes first. Skipped: the change itself is the first instant after the gap.
  if (info.result == date::local_info::nonexistent) return Instant{info.first.end};
  return Instant{since - info.first.offset};
}

}  // namespace pilotwatch
