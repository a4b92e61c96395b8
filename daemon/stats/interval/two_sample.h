// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "stats/answer.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::stats {

inline constexpr const char* newcombe_formula = "newcombe-10/v1";
inline constexpr const char* square_and_add_formula = "square-and-add/v1";
inline constexpr const char* katz_formula = "katz-log/v1";
inline constexpr const char* rate_ratio_formula = "rate-ratio-conditional/v1";

/// k of n: events among cases.
struct ShareCount {
  std::uint64_t k, n;
};
/// Events counted over an exposure.
struct EventRate {
  std::uint64_t events;
  double exposure;
};

// All: two independent samples, `confidence` in (0, 1) and k <= n as in one_sample.h (else a bug, PW_ASSERT), for ONE
// look. Exchanging the samples negates a difference and inverts a ratio, ends exchanged. O(1), pure, no allocation.

/// Hybrid score interval of the difference of two shares, a - b:
///
///   d - sqrt( (p_a - l_a)^2 + (u_b - p_b)^2 )  ..  d + sqrt( (u_a - p_a)^2 + (p_b - l_b)^2 ),   d = p_a - p_b,
///
/// [l, u] the Wilson intervals of the shares, no continuity correction.
///
/// Units   difference of shares, within [-1, 1]; contains d. Usable down to a few cases and at k = 0 or n.
/// Errors  no_data: a side has no cases.
/// Bias    coverage is near `confidence` on average over the shares, not guaranteed for each pair of them.
/// Source  Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.
[[nodiscard]] Answer<Interval> newcombe(ShareCount a, ShareCount b, double confidence);

/// Two-sided p-value of "p_a - p_b = difference" by inversion: 1 - confidence of the interval that ends there. Solved
/// to 1e-10 and never below 1e-15.
///
/// Range   [1e-15, 1]; 1 where the difference is the observed one.
/// Errors  no_data; out_of_domain: `difference` outside [-1, 1].
[[nodiscard]] Answer<double> newcombe_p(ShareCount a, ShareCount b, double difference = 0);

/// One term of a linear combination of independent estimates.
struct LinearTerm {
  double coefficient, estimate;
  Interval interval;  ///< of the estimate alone, at the confidence wanted for the whole
};

/// Interval of sum_i c_i x_i from the intervals [l_i, u_i] of its terms: below the estimate
/// sqrt( sum_i (c_i (x_i - m_i))^2 ), m_i = l_i where c_i > 0 and u_i where c_i < 0; above it with l and u exchanged.
/// Two terms with coefficients 1 and -1 and Wilson intervals are `newcombe`.
///
/// Errors  no_data: no terms.
/// Assumes independent terms; approximate, as good as the intervals put in.
/// Source  Zou, Donner 2008, Statistics in Medicine 27, 1693-1702 (MOVER).
[[nodiscard]] Answer<Interval> square_and_add(std::span<const LinearTerm> terms);

/// Interval of the ratio of two shares, p_a / p_b, normal on the log scale:
///
///   ln(p_a / p_b)  -+  z sqrt( 1/k_a - 1/n_a + 1/k_b - 1/n_b ).
///
/// Units   ratio, > 0; contains p_a / p_b.
/// Errors  no_data: a side has no cases; zero_denominator: k_b = 0; out_of_domain: k_a = 0, the logarithm of 0.
/// Bias    first order in 1/k: below about 5 events a side the coverage is not to be relied on. [1, 1] where all cases
/// of
///         both sides are events: the formula sees no variance there.
/// Source  Katz, Baptista, Azen, Pike 1978, Biometrics 34.
[[nodiscard]] Answer<Interval> katz(ShareCount a, ShareCount b, double confidence);

/// Two-sided p-value of "p_a / p_b = ratio": 1 - confidence of the katz interval that ends there.
///
/// Errors  as katz; out_of_domain: `ratio` is not a finite number > 0; constant: the interval has no width (all cases
/// of
///         both sides are events).
[[nodiscard]] Answer<double> katz_p(ShareCount a, ShareCount b, double ratio = 1);

/// Exact (conservative) interval of the ratio of two Poisson rates, (events_a / exposure_a) / (events_b / exposure_b).
/// Given their total, events_a is binomial with odds ratio * exposure_a / exposure_b; so with the Clopper-Pearson
/// interval [l, u] of events_a among both,
///
///   lower = l / (1 - l) * exposure_b / exposure_a,   upper = u / (1 - u) * exposure_b / exposure_a.
///
/// Units   ratio, within [0, inf]: 0 below when a has no events, infinite above when b has none.
/// Errors  no_data: no event on either side; zero_exposure; out_of_domain: an exposure negative or not finite.
/// Assumes independent events; those that come in waves scatter more than this allows for.
/// Source  Przyborowski, Wilenski 1940, Biometrika 31; Clopper, Pearson 1934.
[[nodiscard]] Answer<Interval> rate_ratio(EventRate a, EventRate b, double confidence);

/// Two-sided exact conditional p-value of "rate a = ratio * rate b": twice the smaller tail of the binomial above, at
/// most
/// 1. It is below 1 - confidence exactly where `rate_ratio` at that confidence does not contain `ratio`.
///
/// Range   (0, 1]; conservative: below p with probability at most p.
/// Errors  as rate_ratio; out_of_domain: `ratio` is not a finite number > 0.
[[nodiscard]] Answer<double> rate_ratio_p(EventRate a, EventRate b, double ratio = 1);

}  // namespace pilotwatch::stats
