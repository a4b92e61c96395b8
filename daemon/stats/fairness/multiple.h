// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pilotwatch::stats {

inline constexpr const char* benjamini_hochberg_formula = "benjamini-hochberg/v1";

/// Adjusted p-values, in the order given: with p_(1) <= ... <= p_(m) sorted,
///
///   adjusted_(i) = min over j >= i of min(1, m p_(j) / j).
///
/// Rejecting where adjusted <= q keeps the expected share of false findings among all findings at or below q. Group
/// comparisons against one reference are positively dependent, which the procedure allows.
///
/// Errors  a p outside [0, 1], or NaN, is a bug (PW_ASSERT). Empty for no p. Cost O(m log m).
/// Source  Benjamini, Hochberg 1995, JRSS B 57; Benjamini, Yekutieli 2001, Ann. Stat. 29 (dependence).
[[nodiscard]] std::vector<double> benjamini_hochberg(std::span<const double> p);

/// Confidence 1 - q rejected / tests for the intervals of the findings, so that among them the expected share that miss
/// is at most q. With nothing rejected: 1 - q / tests, the least adjusted level.
///
/// Errors  tests = 0, rejected > tests or q outside (0, 1) is a bug (PW_ASSERT).
/// Source  Benjamini, Yekutieli 2005, JASA 100 (false coverage rate).
[[nodiscard]] double false_coverage_confidence(std::uint64_t rejected, std::uint64_t tests, double q = 0.05);

}  // namespace pilotwatch::stats
