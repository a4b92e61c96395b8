// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "stats/answer.h"
#include "stats/distance/counts.h"
#include "stats/distance/ks.h"

namespace pilotwatch::stats {

inline constexpr const char* wasserstein1_formula = "wasserstein1/v1";                  ///< from the values themselves
inline constexpr const char* wasserstein1_bracket_formula = "wasserstein1-bracket/v1";  ///< certified [lower, upper]
inline constexpr const char* wasserstein1_binned_formula = "wasserstein1-binned/v1";    ///< from bins, approximate
inline constexpr const char* wasserstein1_scaled_formula = "wasserstein1-scaled/v1";
inline constexpr const char* wasserstein1_binned_scaled_formula = "wasserstein1-binned-scaled/v1";  ///< both
inline constexpr const char* wasserstein1_evidently_formula = "wasserstein1-evidently/v1";

// Wasserstein-1 distance (earth mover's distance) of two distributions of numbers:
//
//   W1 = integral |F(x) - G(x)| dx,
//
// how far, on average, mass has to move to make both equal. A shift by c gives |c|. Symmetric; a metric.
//   Units   those of the feature, [0, inf); wasserstein1_scaled is without units.
//   Bias    with no drift it is > 0: wasserstein1_noise_floor of noise_floor.h.
//   Errors  no_reference, no_data: no value on that side; others where stated.
// Source: Vallender 1974, Theory Probab. Appl. 18(4), for the integral.

/// From two samples, each sorted here; NaN = missing, dropped.
/// Errors out_of_domain: a value is infinite. Cost O(n log n + m log m) and two copies.
[[nodiscard]] Answer<double> wasserstein1(std::span<const double> reference, std::span<const double> live);

/// Smallest and largest value of a live window.
struct LiveRange {
  double least, most;
};
struct WassersteinBracket {
  double lower, upper;  ///< upper can be +inf
};

/// W1 from a frozen reference and counts at positions: between two points of the reference it is known how many live
/// values there are, but not where. In the gap (v_i, v_{i+1}) G moves from G(v_i) to G(v_{i+1}-), F within its own
/// bounds, so that
///
///   lower = sum width_i (distance of the two ranges),   upper = sum width_i (largest difference of the two ranges).
///
/// lower = upper = W1 where the reference is kept whole and every live value is one of its values (integers, codes).
/// Values outside [v_1, v_D] add an unknown amount: upper is +inf, unless `range` says how far they reach.
///
/// range   smallest and largest live value, exactly; nullopt: not known
/// Errors  out_of_domain: a value of the reference or of `range` is infinite. A range that contradicts the positions is
///         a bug (PW_ASSERT), as are positions out of order.
/// Cost    O(D), no allocation.
[[nodiscard]] Answer<WassersteinBracket> wasserstein1(const FrozenSample& reference, PositionCounts live,
                                                      std::optional<LiveRange> range = std::nullopt);

/// W1 of ordered bins whose mass sits at one point each: sum_j (x_{j+1} - x_j) |F_j - G_j|, F_j and G_j cumulative
/// shares.
///
/// representatives  x_j, one finite value a bin, ascending (ties allowed), such as the mean of the reference in the bin
///                  (BinnedReference of binned_reference.h)
/// Bias  off by at most the average distance between values and their representatives, both sides together: less than
///       the widest bin or so. A bin that is open to one side hides how far out its values lie.
/// Cost  O(k), no allocation.
[[nodiscard]] Answer<double> wasserstein1_binned(Counts reference, Counts live,
                                                 std::span<const double> representatives);

/// w1 / sd, `reference_sd` the population (ddof 0) standard deviation of the reference: no units, and the same after a
/// change of scale.
/// Errors constant: reference_sd is 0. A negative or NaN argument is a bug (PW_ASSERT).
[[nodiscard]] Answer<double> wasserstein1_scaled(double w1, double reference_sd);

/// w1 / max(sd, 0.001): Evidently's rule, for comparison with it. Not free of the scale where sd < 0.001.
[[nodiscard]] double wasserstein1_evidently(double w1, double reference_sd);

}  // namespace pilotwatch::stats
