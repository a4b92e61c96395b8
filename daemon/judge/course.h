// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "judge/status.h"

namespace pilotwatch::judge {

/// How evidence came to where it is: many of the last looks, ever fewer of older ones, and the last alarms that began a
/// breach. Of the looks whose number is divisible by 2^k and by no greater power the last 4 are kept, so n looks take
/// at most 4 (2 + log2 n) places of 16 bytes. Which are kept depends on their number alone: a replay keeps the same.
class Course {
 public:
  void add(const CoursePoint& look);
  /// A look that was such an alarm: kept apart, so that ordinary ones do not displace it.
  void add_alarm(const CoursePoint& look);
  /// By time.
  [[nodiscard]] std::vector<CoursePoint> points() const;
  void clear();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  static constexpr std::uint64_t places = 4;
  void put(std::uint64_t place, const CoursePoint& look);

  std::uint64_t looks_ = 0, alarms_ = 0;
  std::vector<CoursePoint> kept_;  ///< by place; s < 0: none yet
};

}  // namespace pilotwatch::judge
