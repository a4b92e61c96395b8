// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* median_formula = "median-order-statistics/v1";

/// Places in the sorted sample, from 1.
struct Ranks {
  std::uint64_t lower, upper;
};

/// The order statistics between which the median of what was sampled lies with at least `confidence`, whatever its
/// distribution: the narrowest symmetric pair l, n + 1 - l with P(Binomial(n, 1/2) < l) <= (1 - confidence) / 2.
///
/// Errors  no_data; too_few: even smallest and largest do not hold it (n < 6 at 95 %).
/// Assumes independent cases; ties only make it more certain.
/// Cost    O(log n) incomplete beta functions.
/// Source  Thompson 1936, Annals of Math. Statistics 7.
[[nodiscard]] Answer<Ranks> median_ranks(std::uint64_t n, double confidence);

}  // namespace pilotwatch::stats
