// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/answer.h"
#include "stats/distance/counts.h"
#include "stats/distance/psi.h"

namespace pilotwatch::stats {

inline constexpr const char* kl_formula = "kl/v1";
inline constexpr const char* js_divergence_e_formula = "js-divergence-e/v1";
inline constexpr const char* js_divergence_2_formula = "js-divergence-2/v1";
inline constexpr const char* js_distance_e_formula = "js-distance-e/v1";
inline constexpr const char* js_distance_2_formula = "js-distance-2/v1";
inline constexpr const char* hellinger_formula = "hellinger/v1";
inline constexpr const char* linf_formula = "linf/v1";
inline constexpr const char* tvd_formula = "tvd/v1";
inline constexpr const char* ks_binned_formula = "ks-binned/v1";                  ///< a lower bound of D
inline constexpr const char* ks_binned_bracket_formula = "ks-binned-bracket/v1";  ///< certified [lower, upper] of D

// Notation: k bins, n and m the totals of `reference` and `live`; q_i and p_i their shares (q reference, p live), raw;
// 0 ln 0 = 0; a bin that is empty on both sides adds nothing.
// All functions
//   Errors  no_reference, no_data: that side's total is 0. Different lengths are a bug (PW_ASSERT).
//   Range   >= 0, and exactly 0 where the shares agree.
//   Bias    with no drift at all sampling noise alone makes them > 0; noise_floor.h says by how much.
//   Cost    O(k), no allocation, pure, any thread.

/// Kullback-Leibler divergence of `live` from `reference`: sum_i p_i ln(p_i / q_i), nats, [0, inf].
/// +inf when live has mass in a bin in which the reference has none. Not symmetric. Source: Kullback, Leibler 1951.
[[nodiscard]] Answer<double> kl(Counts reference, Counts live);

enum class LogBase { e, two };

/// Jensen-Shannon divergence: half KL(p || m) plus half KL(q || m), m = (p + q)/2. Symmetric, always finite.
/// Range [0, ln 2] nats for LogBase::e, [0, 1] bits for LogBase::two; the maximum for disjoint supports.
/// Source: Lin 1991, IEEE Trans. Inf. Theory 37(1).
[[nodiscard]] Answer<double> js_divergence(Counts reference, Counts live, LogBase base = LogBase::e);

/// Square root of js_divergence: a metric, what most libraries print as "JS". [0, 0.8326] for LogBase::e, [0, 1] for
/// two.
/// Source: Endres, Schindelin 2003, IEEE Trans. Inf. Theory 49(7).
[[nodiscard]] Answer<double> js_distance(Counts reference, Counts live, LogBase base = LogBase::two);

/// Hellinger distance: sqrt( sum_i (sqrt p_i - sqrt q_i)^2 / 2 ). [0, 1], a metric; 1 for disjoint supports.
[[nodiscard]] Answer<double> hellinger(Counts reference, Counts live);

/// Largest change of one share: max_i |p_i - q_i|. [0, 1]. From integers, so correct to the last digits.
[[nodiscard]] Answer<double> linf(Counts reference, Counts live);

/// Total variation distance: sum_i |p_i - q_i| / 2, the share that has to move to make both equal. [0, 1]. From
/// integers.
[[nodiscard]] Answer<double> tvd(Counts reference, Counts live);

/// Kolmogorov-Smirnov distance of ordered bins: max_j |sum_{i<=j} p_i - sum_{i<=j} q_i|. [0, 1]. From integers.
/// Bias: never above the D of the raw values; below it by what happens inside a bin. `ks` of ks.h loses nothing,
/// ks_binned_bracket says how much it can be.
[[nodiscard]] Answer<double> ks_binned(Counts reference, Counts live);

struct KsBracket {
  double lower, upper;
};
/// What ordered bins prove about the D of the values in them, whatever bins they are:
///
///   lower = ks_binned,   upper = max_b max( F(r_b) - G(l_b), G(r_b) - F(l_b) ),
///
/// l_b and r_b the ends of bin b: inside it F <= F(r_b) and G >= G(l_b), so F - G <= D(r_b) + p_b = D(l_b) + q_b, and
/// the same with F and G exchanged. No tighter bound follows from the counts: inside the bin all of one side may come
/// before all of the other.
/// upper - lower <= max_b min(p_b, q_b): 1/k and the share of ties for quantile bins of the reference.
/// [0, 1]. From integers.
[[nodiscard]] Answer<KsBracket> ks_binned_bracket(Counts reference, Counts live);

}  // namespace pilotwatch::stats
