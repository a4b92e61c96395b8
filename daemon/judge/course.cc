// SPDX-License-Identifier: Apache-2.0
#include "judge/course.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace pilotwatch::judge {

void Course::put(std::uint64_t place, const CoursePoint& look) {
  if (place >= kept_.size()) kept_.resize(place + 1, {Instant{}, -1});
  kept_[place] = look;
}

void Course::add(const CoursePoint& look) {
  const auto power = static_cast<std::uint64_t>(std::countr_zero(++looks_));
  put(places * (1 + power) + (looks_ >> (power + 1)) % places, look);
}

void Course::add_alarm(const CoursePoint& look) { put(alarms_++ % places, look); }

std::vector<CoursePoint> Course::points() const {
  std::vector<CoursePoint> out;
  for (const auto& point : kept_) {
    if (point.s >= 0) out.push_back(point);
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return std::tie(a.time, a.s) < std::tie(b.time, b.s); });
  const auto same = [](const auto& a, const auto& b) {
    return a.time == b.time && a.s == b.s;
  };  // alarms are looks, too
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

void Course::clear() { *this = {}; }

void Course::write(ByteWriter& out) const {
  out.u64(looks_);
  out.u64(alarms_);
  out.u64(kept_.size());
  for (const auto& point : kept_) {
    out.time(point.time);
    out.f64(point.s);
  }
}

void Course::read(ByteReader& in) {
  looks_ = in.u64();
  alarms_ = in.u64();
  kept_.resize(in.count(9));
  for (auto& point : kept_) {
    point.time = in.time();
    point.s = in.f64();
  }
}

}  // namespace pilotwatch::judge
