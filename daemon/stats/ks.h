// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace pilotwatch::stats {

inline constexpr const char* ks_exact_formula = "ks-exact/v1";
inline constexpr const char* ks_bracket_formula = "ks-bracket/v1";

/// A sample that live data are compared with for ever: distinct values v_1 < ... < v_D and how many lie at or below each.
/// Live values are then counted by position only: 2i = strictly between v_i and v_i+1 (0 = below v_1, 2D = above v_D),
/// 2i - 1 = exactly v_i. Positions can be added up, so windows merge, and KS stays exact.
struct FrozenSample {
  std::vector<double> values;             ///< distinct, ascending
  std::vector<std::uint64_t> cumulative;  ///< cumulative[i] = reference values <= values[i]
  bool exact = true;                      ///< false: thinned, KS is a bracket

  [[nodiscard]] std::uint64_t n() const { return cumulative.empty() ? 0 : cumulative.back(); }
  /// 0 .. 2D. O(log D), no allocation. NaN counts as above everything.
  [[nodiscard]] std::size_t position(double value) const;
};

/// Sorts and counts. More than `max_distinct` distinct values: keeps that many at even ranks, the least and the greatest
/// among them, with exact counts. O(n log n).
[[nodiscard]] FrozenSample freeze(std::vector<double> sample, std::size_t max_distinct);

struct KsResult {
  double d = 0;                   ///< two-sample Kolmogorov-Smirnov distance; the lower end of the bracket when thinned
  double lower = 0, upper = 0;    ///< both = d when exact
  std::uint64_t n_reference = 0, n_live = 0;
};
using PositionCount = std::pair<std::uint32_t, std::uint64_t>;

/// D = sup_x |F_live(x) - F_reference(x)| over both one-sided limits.
/// Shapes  `live` ascending by position. nullopt when either side is empty. O(D).
/// Source  Smirnov 1939; the bracket: between two kept values both distribution functions are monotone.
[[nodiscard]] std::optional<KsResult> ks(const FrozenSample& reference, std::span<const PositionCount> live);

/// Inner edges of quantile bins: the smallest kept value v with F(v) >= j / bins, j = 1 .. bins - 1, each once. Bin j holds
/// (edge_j-1, edge_j], the last what is above the last edge; so there may be fewer than `bins`.
[[nodiscard]] std::vector<std::size_t> quantile_edges(const FrozenSample& reference, std::size_t bins);   ///< indexes into values
[[nodiscard]] std::vector<std::uint64_t> reference_bin_counts(const FrozenSample& reference, std::span<const std::size_t> edges);
[[nodiscard]] std::vector<std::uint64_t> bin_counts(const FrozenSample& reference, std::span<const std::size_t> edges,
                                                    std::span<const PositionCount> live);

}  // namespace pilotwatch::stats
