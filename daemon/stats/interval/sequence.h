// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stats/answer.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::stats {

inline constexpr const char* beta_binomial_sequence_formula = "cs-beta-binomial/v1";
inline constexpr const char* gamma_poisson_sequence_formula = "cs-gamma-poisson/v1";
inline constexpr const char* multinomial_sequence_formula = "cs-dirichlet-multinomial/v1";

// Confidence sequences: intervals for EVERY look. With probability at least 1 - alpha the true value lies in all of
// them, from the first case to the last, however often and whenever one looks or stops. The price is width: about 1.5
// times a one-look interval at a few hundred cases.
//
// Each is the set of values against which a mixture has not gathered evidence 1/alpha:
//
//   CS = { theta : ln e(theta) < ln(1/alpha) },   e(theta) = integral of L(theta') over the prior / L(theta),
//
// e a nonnegative martingale with mean 1 under theta (Ville 1939). The prior must be fixed before the data are seen; it
// sets where the interval is narrow, never whether it is valid. Only counts are needed: they merge by addition.
//
// All: alpha in (0, 1), priors > 0 and finite (else a bug, PW_ASSERT). The interval holds the estimate and is never
// empty. Relative error < 1e-11 up to 1e9 cases. Assumes ONE constant value and cases independent given the past; a
// value that moves is what stats/sequential/ is for. Cost: two roots, microseconds. Pure.

struct BetaPrior {
  double a = 0.5, b = 0.5;
};
struct GammaPrior {
  double a;  ///< shape
  double b;  ///< rate, in units of exposure: prior mean a / b
};

/// Evidence against "the share is p" after k events of n cases, natural logarithm:
///
///   ln B(a + k, b + n - k) - ln B(a, b) - k ln p - (n - k) ln(1 - p).
///
/// Range   (-inf, inf]: infinite where p is 0 or 1 and the data say otherwise. 0 at n = 0.
/// Errors  out_of_domain: p outside [0, 1].
[[nodiscard]] Answer<double> beta_binomial_log_e(std::uint64_t k, std::uint64_t n, double p, BetaPrior prior = {});

/// Confidence sequence of a share. [0, 1]-valued; 0 below at k = 0, 1 above at k = n.
///
/// Errors  no_data: n = 0.
/// Source  Robbins 1970, Ann. Math. Stat. 41; Howard, Ramdas, McAuliffe, Sekhon 2021, Ann. Stat. 49 (conjugate
/// mixtures).
[[nodiscard]] Answer<Interval> beta_binomial_sequence(std::uint64_t k, std::uint64_t n, double alpha,
                                                      BetaPrior prior = {});

/// Evidence against "events come at `rate` per unit of exposure", natural logarithm:
///
///   a ln b - ln Gamma(a) + ln Gamma(a + events) - (a + events) ln(b + exposure) - events ln rate + rate exposure.
///
/// Errors  zero_exposure; out_of_domain: exposure or rate negative or not finite. Infinite for rate 0 and events > 0.
[[nodiscard]] Answer<double> gamma_poisson_log_e(std::uint64_t events, double exposure, double rate, GammaPrior prior);

/// Confidence sequence of a Poisson rate, events per unit of exposure; narrow near a / b: choose b = a / (rate
/// expected).
///
/// Errors  zero_exposure; out_of_domain: exposure negative or not finite.
/// Assumes counts Poisson given the past, exposure known beforehand; clustered events need incidents counted instead.
/// Source  as beta_binomial_sequence.
[[nodiscard]] Answer<Interval> gamma_poisson_sequence(std::uint64_t events, double exposure, double alpha,
                                                      GammaPrior prior);

/// Categories counted against shares known beforehand (a designed split); the same `concentration` for each category.
///
///   ln BF = ln B(c + counts) - ln B(c) - sum_i counts_i ln shares_i,   c the vector of concentrations.
///
/// Errors  no_data: nothing counted. `counts` and `shares` of different length, shares not positive or not adding up to
/// 1
///         (within 1e-9): a bug (PW_ASSERT).
/// Source  Lindon, Malek 2022, NeurIPS (Anytime-valid inference for multinomial count data).
[[nodiscard]] Answer<double> multinomial_log_bayes_factor(std::span<const std::uint64_t> counts,
                                                          std::span<const double> shares, double concentration = 1);

/// min(1, 1 / BF) of this look: P(it is ever <= alpha) <= alpha if the shares are right. The least one seen so far is
/// valid too. Range (0, 1]. Errors as above.
[[nodiscard]] Answer<double> always_valid_p(std::span<const std::uint64_t> counts, std::span<const double> shares,
                                            double concentration = 1);

/// For each category the range of its share over the joint confidence sequence { shares : ln BF < ln(1/alpha) }: all of
/// them hold at once, at every look. The other categories take their best shares, so in closed form
///
///   { t : ln BF(observed shares) + n KL(counts_j / n, t) < ln(1/alpha) }.
///
/// Errors  no_data: nothing counted. Allocates the result.
[[nodiscard]] Answer<std::vector<Interval>> multinomial_sequence(std::span<const std::uint64_t> counts, double alpha,
                                                                 double concentration = 1);

}  // namespace pilotwatch::stats
