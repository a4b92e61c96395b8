// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

/// "At most `false_alarm_probability` chance of a false alarm over `over`", all monitors of a pilot together.
struct Guarantee {
  double false_alarm_probability = 0.01;
  double over = 90;  ///< in the unit of the start weights: days, or decisions

  /// The budget N = over / false_alarm_probability: mean time to a false alarm >= N follows.
  [[nodiscard]] double n() const { return over / false_alarm_probability; }
};

/// Thresholds of a monitor with share pi of budget N. Warnings: N/50, cleared below a tenth of that; expected false
/// warnings are <= 50 times those of alarms, and no part of the guarantee.
[[nodiscard]] inline Thresholds thresholds(double n, double share) {
  return {n / share, n / (50 * share), n / (500 * share)};
}

/// What a monitor watches; each family has a part of the budget.
enum class Family : std::uint8_t { outcome, fairness, drift, quality };
inline constexpr const char* family_names[] = {"outcome", "fairness", "drift", "quality"};
inline constexpr std::size_t family_count = 4;
/// Parts of one budget by family, by default .5, .1, .3, .1. They sum to at most 1.
using FamilyShares = std::array<double, family_count>;
inline constexpr FamilyShares default_shares{.5, .1, .3, .1};

/// pi of every monitor: its family's part, split equally within the family; the parts of families without a monitor go
/// to the others in proportion, so that the whole budget is used. Sums to the sum of `parts` (at most 1).
/// `monitors`: the family of each. Empty for no monitor. Any dependence between monitors is allowed (e-Bonferroni).
[[nodiscard]] std::vector<double> split_budget(std::span<const Family> monitors,
                                               const FamilyShares& parts = default_shares);

/// A digest's selection by e-d-BH: the monitors whose present S is at least K N / k for the largest k such that k of
/// them are. Indices ascending. The expected share of false ones among them is <= E[time since reset]/N, any
/// dependence. Present values only: on running maxima e-BH does not control the false discovery rate (Tavyrikov,
/// Goeman, de Heide 2025). Source: Wang, Ramdas 2022, JRSS B 84(3); Dandapanthula, Ramdas 2025.
[[nodiscard]] std::vector<std::size_t> digest(std::span<const double> s, double n);

/// sum_k pi_k S_k: itself an e-detector (with a share of its own), that sees many small changes no single one proves.
[[nodiscard]] double global_statistic(std::span<const double> s, std::span<const double> shares);

}  // namespace pilotwatch::stats
