// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "engine/calendar.h"

namespace pilotwatch::engine {

/// Civil days of times: day_of() that asks the zone once for the times of a day, not for each. No state.
class DayFinder {
 public:
  /// `zone` must outlive it.
  explicit DayFinder(const Zone& zone) : zone_(&zone) {}
  [[nodiscard]] Day day_of(Instant time) const { return find(time).day; }
  /// The first instant of the day after.
  [[nodiscard]] Instant day_end(Instant time) const { return find(time).end; }

 private:
  struct Known {
    Instant from = Instant::max(), to = Instant::min();
    Day day = 0;
    Instant end;
  };
  const Known& find(Instant time) const {
    const auto utc_day = std::chrono::floor<std::chrono::days>(time.time_since_epoch()).count();
    auto& known = known_[static_cast<std::size_t>(utc_day) % known_.size()];
    if (time < known.from || time >= known.to) {
      const auto stretch = zone_->stretch_of(time);
      const auto day = static_cast<Day>(stretch.day.time_since_epoch().count());
      known = {stretch.from, stretch.to, day, start_of(*zone_, day + 1)};
    }
    return known;
  }

  const Zone* zone_;
  mutable std::array<Known, 16> known_;
};

}  // namespace pilotwatch::engine
