// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* half_width_formula = "cases-half-width-normal/v1";
inline constexpr const char* detect_ratio_formula = "cases-detect-ratio-normal/v1";
inline constexpr const char* allowed_events_formula = "allowed-events-exact/v1";

// Before a pilot starts: how many cases a promise needs, and how many events it allows. Approximations where the id
// says "normal"; they plan, they never judge. All: O(1) or O(log n), pure; out_of_domain for arguments outside the
// ranges named.

/// Cases for a two-sided interval of a share of about p to reach `half_width` on either side:
/// ceil( z^2 p (1-p) / half_width^2 ), z the normal quantile of (1 + confidence)/2.
///
/// Range   p, confidence in (0, 1), half_width in (0, 1).
/// Source  the Wald interval; Wilson's is within a few cases of it once p n > 5.
[[nodiscard]] Answer<std::uint64_t> cases_for_half_width(double p, double half_width, double confidence);

/// The same for the difference of two groups with shares of about p, cases in EACH group: twice the above before
/// rounding.
[[nodiscard]] Answer<std::uint64_t> cases_for_difference_half_width(double p, double half_width, double confidence);

/// Cases in EACH of two groups so that shares p and ratio * p are told apart with probability `power` by a two-sided
/// test at 1 - confidence:
///
///   ceil( ( z sqrt(2 m (1-m)) + w sqrt(p (1-p) + r (1-r)) )^2 / (p - r)^2 ),  r = ratio p,  m = (p + r)/2,
///
/// z the normal quantile of (1 + confidence)/2, w that of `power`.
///
/// Range   p, ratio * p, confidence, power in (0, 1), ratio not 1.
/// Source  Fleiss, Levin, Paik 2003, Statistical Methods for Rates and Proportions, 4.2 (no continuity correction).
[[nodiscard]] Answer<std::uint64_t> cases_to_detect_ratio(double p, double ratio, double power, double confidence);

/// The most events among n cases with which the one-sided upper bound (Clopper-Pearson) of the share stays <= limit.
///
/// Errors  no_data: n = 0; too_few: even without a single event n cases cannot show it.
/// Range   limit, confidence in (0, 1).
[[nodiscard]] Answer<std::uint64_t> allowed_events(std::uint64_t n, double limit, double confidence);

/// The same for a Poisson rate (Garwood): the most events over `exposure` with an upper bound <= limit per unit of
/// exposure.
///
/// Errors  zero_exposure; too_few as above.
/// Range   exposure, limit finite, > 0, and their product at most 1e15.
[[nodiscard]] Answer<std::uint64_t> allowed_events_of_rate(double exposure, double limit, double confidence);

}  // namespace pilotwatch::stats
