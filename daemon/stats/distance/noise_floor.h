// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "stats/answer.h"
#include "stats/distance/binned.h"
#include "stats/distance/counts.h"
#include "stats/distance/ks.h"

namespace pilotwatch::stats {

// Noise floors: what a distance shows on average when NOTHING has drifted, that is when reference and live are two
// independent samples, of n and m cases, of the same distribution. A limit below the floor alarms on noise; a figure
// near it says nothing. To be shown beside the figure: "PSI 0.09 (noise floor 0.092)".
//
// Notation: k bins, v = 1/n + 1/m, q the shares of the distribution (those of the reference stand in for them).
//   Derivation  Shares of two samples differ by d_i, about normal, with variance q_i (1 - q_i) v. PSI, KL, JS and
//               Hellinger^2 are, to second order in d, multiples of sum_i d_i^2 / q_i = v chi-squared(k - 1); TVD,
//               L-infinity, KS and W1 are sums or maxima of |d_i| or of their cumulative sums.
//   Order       leading in v: relative error of order v / q_i, some per cent where every bin expects 10 or more on
//               either side. Bins that stay empty on both sides are not counted in k (the caller's k says so).
//   Errors      no_reference: n, k or the reference's total is 0;  no_data: m is 0.
//   Cost        O(1), or O(k) where counts are asked for. No allocation, pure, any thread.

/// PSI: (k - 1) v, nats. Source: Yurdakul 2018 (diss., Western Michigan): PSI ~ v chi-squared(k - 1).
[[nodiscard]] Answer<double> psi_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live);

/// KL: (k - 1) v / 2, nats, either direction. On average over those cases where it is finite.
[[nodiscard]] Answer<double> kl_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live);

/// JS divergence: (k - 1) v / 8 nats, divided by ln 2 for bits.
[[nodiscard]] Answer<double> js_divergence_noise_floor(std::uint64_t bins, std::uint64_t n_reference,
                                                       std::uint64_t n_live, LogBase base = LogBase::e);

/// JS distance: sqrt(v/8) E chi(k - 1), divided by sqrt(ln 2) for base 2, where
/// E chi(d) = sqrt 2 Gamma((d + 1)/2) / Gamma(d/2).
[[nodiscard]] Answer<double> js_distance_noise_floor(std::uint64_t bins, std::uint64_t n_reference,
                                                     std::uint64_t n_live, LogBase base = LogBase::two);

/// Hellinger: sqrt(v/8) E chi(k - 1), to this order equal to the JS distance in nats.
[[nodiscard]] Answer<double> hellinger_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live);

/// TVD: half the sum of the mean absolute d_i: sqrt(v / 2pi) sum_i sqrt(q_i (1 - q_i)).
[[nodiscard]] Answer<double> tvd_noise_floor(Counts reference, std::uint64_t n_live);

/// L-infinity: an upper bound, to leading order, of the mean of max_i |d_i|:
///
///   integral_0^inf (1 - prod_i P(|d_i| <= t)) dt,   exact for k = 2 (there d_1 = -d_2, one factor).
///
/// The d_i are not independent, but the product is never above the true P(max <= t): Sidak's inequality for normal
/// vectors. 11 % too large for 3 equal bins, 3 % for 5, 1 % for 10.
/// Source: Sidak 1967, JASA 62. Cost O(k), 200 products.
[[nodiscard]] Answer<double> linf_noise_floor(Counts reference, std::uint64_t n_live);

/// chi2 and chi2_gof against known shares: the degrees of freedom, k - 1, for any n and m (chi2: to order 1/(n + m)).
/// chi2_gof against a reference that is itself a sample: about (k - 1)(1 + m/n).
[[nodiscard]] Answer<double> chi2_noise_floor(std::uint64_t bins);

/// KS of raw values, no ties: sqrt(pi/2) ln 2 sqrt(v) = 0.8687 sqrt(v), the mean of Kolmogorov's law. With ties, and
/// for ks_binned, an upper bound. A little too large for small samples.
/// Source: Marsaglia, Tsang, Wang 2003, J. Stat. Softw. 8(18), for the mean.
[[nodiscard]] Answer<double> ks_noise_floor(std::uint64_t n_reference, std::uint64_t n_live);

/// W1: sqrt(2/pi) sqrt(v) integral sqrt(F (1 - F)) dx, F the reference's: F - G at x is about normal with variance
/// F (1 - F) v, and the mean of an integral of |F - G| is the integral of the means. Units of the feature; divide by
/// the reference's sd for the scaled form. The tails matter: the integral needs a little more than a
/// finite variance, and a reference with few values in its tails understates it.
/// Errors  out_of_domain: a reference value is infinite.
/// A thinned sample gives the integral over its points, F taken as F(v_i) from v_i on.
[[nodiscard]] Answer<double> wasserstein1_noise_floor(const FrozenSample& reference, std::uint64_t n_live);
/// The same for wasserstein1_binned: sqrt(2/pi) sqrt(v) sum_j (x_{j+1} - x_j) sqrt(F_j (1 - F_j)).
[[nodiscard]] Answer<double> wasserstein1_noise_floor(Counts reference, std::span<const double> representatives,
                                                      std::uint64_t n_live);

}  // namespace pilotwatch::stats
