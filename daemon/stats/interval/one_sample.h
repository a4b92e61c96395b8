// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"

namespace pilotwatch::stats {

/// A two-sided confidence interval; lower <= upper.
struct Interval {
  double lower, upper;
};

// Formula ids, printed beside every figure. A change of formula gets a new version, never a silent one.
inline constexpr const char* wilson_formula = "wilson/v1";
inline constexpr const char* clopper_pearson_formula = "clopper-pearson/v1";
inline constexpr const char* jeffreys_formula = "jeffreys/v1";
inline constexpr const char* garwood_formula = "garwood/v1";

// All intervals: `confidence` in (0, 1), e.g. 0.95, with (1 - confidence) / 2 on either side; the one-sided bounds have
// all of 1 - confidence on theirs. They are for ONE look at a fixed sample: who looks every day and stops at the first
// surprise errs more often than 1 - confidence (for that: stats/interval/sequence.h).
// k > n and a confidence outside (0, 1) are bugs (PW_ASSERT). Pure, no allocation, any thread.

/// Score interval of a share k / n, no continuity correction.
///
///   ( p + z^2/2n  -+  z sqrt( p(1-p)/n + z^2/4n^2 ) ) / (1 + z^2/n),   p = k/n,
///   z = normal quantile of (1 + confidence)/2,
///
/// the lower root taken from the product of the roots, so nothing cancels and k = 0 gives exactly 0; k = n gives
/// exactly 1.
///
/// Units   share, within [0, 1]; contains k/n.
/// Errors  no_data: n = 0.
/// Bias    coverage is right on average over p, not for each p: below `confidence` for some p near 0 and 1.
/// Cost    O(1), one erfc_inv.
/// Source  Wilson 1927, JASA 22; Brown, Cai, DasGupta 2001, Statistical Science 16(2).
[[nodiscard]] Answer<Interval> wilson(std::uint64_t k, std::uint64_t n, double confidence);

/// Exact (conservative) interval of a share k / n: coverage is at least `confidence` for every p.
///
///   lower = BetaInv(a/2; k, n-k+1), 0 at k = 0;   upper = BetaInv(1-a/2; k+1, n-k), 1 at k = n;   a = 1 - confidence.
///
/// Units   share, within [0, 1]; contains k/n. Relative error < 1e-10 up to n = 1e9.
/// Errors  no_data: n = 0.
/// Cost    two inverse incomplete betas, microseconds; more for n above 1e6.
/// Source  Clopper, Pearson 1934, Biometrika 26.
[[nodiscard]] Answer<Interval> clopper_pearson(std::uint64_t k, std::uint64_t n, double confidence);

/// One-sided Clopper-Pearson bounds: the share is at most BetaInv(confidence; k+1, n-k), respectively at least
/// BetaInv(1 - confidence; k, n-k+1), with error at most 1 - confidence for every p. What a promise "at most 2 %
/// errors" is checked with. Units, errors, cost as clopper_pearson.
[[nodiscard]] Answer<double> clopper_pearson_upper(std::uint64_t k, std::uint64_t n, double confidence);
[[nodiscard]] Answer<double> clopper_pearson_lower(std::uint64_t k, std::uint64_t n, double confidence);

/// Equal-tailed Beta(k + 1/2, n - k + 1/2) posterior interval of a share k / n under Jeffreys' prior,
/// with 0 at k = 0 and 1 at k = n so that the coverage does not drop to 0 at the ends (and the interval contains k/n
/// there).
///
/// Units, errors, cost  as clopper_pearson.
/// Source  Brown, Cai, DasGupta 2001, section 4.1.2.
[[nodiscard]] Answer<Interval> jeffreys(std::uint64_t k, std::uint64_t n, double confidence);

/// Exact (conservative) interval of a Poisson rate: `events` counted over `exposure`.
///
///   lower = GammaInv(a/2; events) / exposure, 0 at events = 0;   upper = GammaInv(1-a/2; events+1) / exposure.
///
/// Units   events per unit of `exposure` (pass decisions/1000 for "per 1000 decisions"); >= 0; contains
///         events/exposure.
/// Errors  zero_exposure; out_of_domain: an exposure that is negative or not finite. events = 0 has an answer: "at most
///         upper".
/// Assumes independent events; complaints that come in waves scatter more than this interval allows for.
/// Cost    two inverse incomplete gammas, microseconds.
/// Source  Garwood 1936, Biometrika 28.
[[nodiscard]] Answer<Interval> garwood(std::uint64_t events, double exposure, double confidence);

/// One-sided: the rate is at most GammaInv(confidence; events+1) / exposure, respectively at least
/// GammaInv(1 - confidence; events) / exposure. Units, errors, cost as garwood.
[[nodiscard]] Answer<double> garwood_upper(std::uint64_t events, double exposure, double confidence);
[[nodiscard]] Answer<double> garwood_lower(std::uint64_t events, double exposure, double confidence);

}  // namespace pilotwatch::stats
