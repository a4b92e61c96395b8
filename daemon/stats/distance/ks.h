// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* ks_exact_formula = "ks-exact/v1";      ///< reference kept whole: D itself
inline constexpr const char* ks_bracket_formula = "ks-bracket/v1";  ///< reference thinned: certified [lower, upper]

/// The distribution function F of a reference, known exactly at the points v_1 < ... < v_D. A live value needs only its
/// position among them, so that a window is a few integers that add up, whatever the order of arrival:
///
///   position   0        1      2           3      4      ...   2D-1    2D
///   value      x < v_1  = v_1  in between  = v_2  between      = v_D   x > v_D
///
/// exact: the v_i are all distinct values of the reference. Otherwise they are a selection (see `freeze`).
/// Size 16 bytes a point. Immutable after `freeze`, any thread.
struct FrozenSample {
  std::vector<double> values;             ///< v_1 < ... < v_D; no NaN, no -0
  std::vector<std::uint64_t> cumulative;  ///< [i] = number of reference values <= values[i]; the last one is n
  bool exact = true;                      ///< false when thinned

  /// Number of reference values, 0 for an empty sample.
  [[nodiscard]] std::uint64_t n() const { return cumulative.empty() ? 0 : cumulative.back(); }
  /// 0 .. 2D, monotone in x. O(log D), no allocation. NaN is no value: the caller counts it as missing.
  [[nodiscard]] std::size_t position(double x) const;
};

/// Sorts and freezes a reference; the order of `sample` does not matter, bit for bit. NaN = missing, dropped; -0
/// becomes 0.
///
/// With more than `max_distinct` distinct values (at least 2) the sample is thinned to at most `max_distinct` points:
/// the smallest and the largest value and the values at evenly spaced quantiles, with exact cumulative counts. Where
/// one value w is so frequent that several quantiles fall on it, a point for the double just below w takes the place of
/// one of them: F is known there too, so the jump at w does not widen the bracket of `ks`.
///
/// Cost  O(n log n), once.
[[nodiscard]] FrozenSample freeze(std::vector<double> sample, std::size_t max_distinct);

/// Counts at positions: ascending, each position once. What the engine keeps for a live window.
using PositionCount = std::pair<std::uint32_t, std::uint64_t>;
using PositionCounts = std::span<const PositionCount>;

/// D is in [lower, upper]. Exact sample: d = lower = upper = D. Thinned: d = lower, the part that is proven.
struct KsResult {
  double d, lower, upper;
  std::uint64_t n_reference, n_live;
};

/// Two-sample Kolmogorov-Smirnov distance D = sup_x |F(x) - G(x)|, F reference, G live, both right-continuous: ties are
/// exact.
///
/// Exact: between two points F stands still and G grows, so the extremes are at the points and just below them; both
/// are looked at. Thinned: between two neighbouring points F lies in [F(v_i), F(v_{i+1})] and G in
/// [G(v_i), G(v_{i+1}-)], which bounds |F - G| from both sides; upper - lower < 2/(max_distinct - 1).
///
/// Units   share, [0, 1].
/// Errors  no_reference, no_data: no value on that side. Positions out of order or above 2D are a bug (PW_ASSERT).
/// Bias    with no drift D is 0.87 sqrt(1/n + 1/m) on average (large n, m; less with ties), not 0: ks_noise_floor.
/// Cost    exact: O(positions), wherever the window is sparse; thinned: O(D). No allocation.
/// Source  Smirnov 1939; Conover, Practical Nonparametric Statistics, 6.3.
[[nodiscard]] Answer<KsResult> ks(const FrozenSample& reference, PositionCounts live);

/// The same D from two raw samples, each sorted here: for tests and for samples nobody froze. NaN dropped.
/// Errors no_reference, no_data: that sample is empty. Cost O(n log n + m log m) and two copies.
[[nodiscard]] Answer<double> ks_two_sample(std::span<const double> reference, std::span<const double> live);

/// Inner edges e_1 < ... of `bins` bins of about equal reference mass: e_j = the smallest v_i with F(v_i) >= j/bins
/// (inverse CDF, quantile type 1), j = 1 .. bins-1, each once. Edges are points of the sample, so bins follow exactly
/// from positions. Ties make edges coincide: there can be fewer bins than asked. The last edge can be v_D; then the
/// last bin has no reference value in it, and live values beyond the greatest reference value show there.
/// Empty for an empty sample or bins < 2. Cost O(D + bins).
[[nodiscard]] std::vector<double> quantile_edges(const FrozenSample& reference, std::size_t bins);

/// Counts per bin, edges.size() + 1 of them: bin j holds the values in (e_{j-1}, e_j], the first all <= e_1, the last
/// all above the last edge. `edges` come from quantile_edges of the same sample; an edge that is no point of it is a
/// bug (PW_ASSERT).
/// Cost O(positions + edges log D).
[[nodiscard]] std::vector<std::uint64_t> bin_counts(const FrozenSample& reference, std::span<const double> edges,
                                                    PositionCounts live);
/// The reference's own counts in the same bins; they sum to n().
[[nodiscard]] std::vector<std::uint64_t> reference_bin_counts(const FrozenSample& reference,
                                                              std::span<const double> edges);

}  // namespace pilotwatch::stats
