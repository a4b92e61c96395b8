// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside distance/ only: what a frozen reference and counts at positions say about F and G between its points.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/result.h"
#include "stats/distance/ks.h"

namespace pilotwatch::stats::detail {

/// Reference values <= v_i, i = 0 .. D (1-based; 0 = below all).
inline std::uint64_t at_most(const FrozenSample& reference, std::size_t i) {
  return i == 0 ? 0 : reference.cumulative[i - 1];
}

inline std::uint64_t checked_total(const FrozenSample& reference, PositionCounts live) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < live.size(); ++i) {
    PW_ASSERT(live[i].first <= 2 * reference.values.size());
    PW_ASSERT(i == 0 || live[i - 1].first < live[i].first);
    sum += live[i].second;
  }
  return sum;
}

/// Bound of F(x), as a count, for v_i <= x < v_{i+1}. Below v_1 and from v_D on nothing of the reference is hidden:
/// those are its smallest and largest value. Where no double fits in between (v_i is the point that `freeze` put below
/// a frequent value) F stands still. Not F(v_{i+1}) - 1/n elsewhere: such a point holds no value.
inline std::uint64_t gap_ceiling(const FrozenSample& reference, std::size_t i) {
  if (reference.exact || i == 0 || i == reference.values.size()) return at_most(reference, i);
  const double next = std::nextafter(reference.values[i - 1], std::numeric_limits<double>::infinity());
  return at_most(reference, next < reference.values[i] ? i + 1 : i);
}

/// v_i <= x < v_{i+1}, in counts: F(x) in [f, f_ceiling], F(v_i) = f; G(x) in [g, g_end], G(v_i) = g.
struct Gap {
  std::uint64_t f, f_ceiling, g, g_end;
};

/// see(i, gap) for i = 0 .. D; gap 0 lies below v_1, gap D from v_D on.
template <class See>
void for_each_gap(const FrozenSample& reference, PositionCounts live, See see) {
  std::uint64_t g = 0;
  auto next = live.begin();
  const auto take = [&](std::size_t position) {
    if (next != live.end() && next->first == position) g += next++->second;
  };
  for (std::size_t i = 0; i <= reference.values.size(); ++i) {
    if (i > 0) take(2 * i - 1);
    Gap gap{at_most(reference, i), gap_ceiling(reference, i), g, g};
    take(2 * i);
    gap.g_end = g;
    see(i, gap);
  }
}

}  // namespace pilotwatch::stats::detail
