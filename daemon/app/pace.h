// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace pilotwatch::app {

/// The new estimate of seconds a byte after `bytes` took `seconds`: an average that forgets, weighted by bytes. Small
/// amounts say little about the time that a byte takes, so they move it little. 0 = nothing is known yet.
[[nodiscard]] inline double pace_after(double estimate, std::uint64_t bytes, double seconds) {
  if (bytes == 0) return estimate;
  constexpr double memory_bytes = 4 << 20;
  const double own = seconds / static_cast<double>(bytes);
  const double weight = std::min(1.0, static_cast<double>(bytes) / memory_bytes);
  return estimate == 0 ? own * weight : estimate + weight * (own - estimate);
}

}  // namespace pilotwatch::app
