// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/time.h"

namespace pilotwatch::settings {

/// How far from its start the times of a test may be, to both sides: everything that falls due between is played.
inline constexpr Millis longest_test{std::chrono::hours{24 * 365 * 20}};

[[nodiscard]] inline bool is_within_test(Instant time, Instant start) {
  return time >= start - longest_test && time <= start + longest_test;
}

}  // namespace pilotwatch::settings
