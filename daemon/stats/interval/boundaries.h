// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::stats {

inline constexpr const char* normal_mixture_formula = "boundary-normal-mixture/v1";
inline constexpr const char* gamma_exponential_mixture_formula = "boundary-gamma-exponential/v1";
inline constexpr const char* gamma_poisson_mixture_formula = "boundary-gamma-poisson/v1";
inline constexpr const char* beta_binomial_mixture_formula = "boundary-beta-binomial/v1";
inline constexpr const char* poly_stitching_formula = "boundary-stitched/v1";
inline constexpr const char* bernoulli_tuned_sequence_formula = "cs-beta-binomial-tuned/v1";
inline constexpr const char* distribution_band_formula = "cs-distribution-band/v1";

// Uniform boundaries of a sum S of centred observations with intrinsic time (accumulated variance) V. S is "sub-psi":
// for every l, exp(l S - psi(l) V) is below a nonnegative supermartingale starting at 1. Mixing over l with a density
// tuned to be tightest at V = v_opt gives
//
//   log_mixture(s, v) = ln integral exp(l s - psi(l) v) dF(l),   P(ever log_mixture(S, V) >= ln(1/alpha)) <= alpha,
//
// and bound(v, alpha) is the s at which it reaches ln(1/alpha).
//
//   rho = v_opt / (2 ln(1/a) + ln(1 + 2 ln(1/a))),   a = alpha_opt for two sides, 2 alpha_opt for one (then < 1/2).
//
// All: v >= 0, v_opt, c, g, h > 0 and finite, alpha and alpha_opt in (0, 1); else out_of_domain, and so is an s beyond
// the range stated. Nothing overflows: exact in log space up to V = 1e9 and beyond. Cost: O(1), microseconds; a bound
// some ten times that. Pure. Source  Howard, Ramdas, McAuliffe, Sekhon 2021, Annals of Statistics 49(2), 1055-1080,
// propositions 5-10, theorem 1.

enum class Sides : std::uint8_t { one, two };

/// psi(l) = l^2 / 2 (sub-Gaussian), l normal with variance 1/rho, cut to l > 0 for one side:
///   two: ln(rho/(v+rho))/2 + s^2/(2(v+rho));   one: ln(4 rho/(v+rho))/2 + s^2/(2(v+rho)) + ln Phi(s / sqrt(v+rho)).
[[nodiscard]] Answer<double> normal_log_mixture(double s, double v, double v_opt, double alpha_opt, Sides sides);
[[nodiscard]] Answer<double> normal_mixture_bound(double v, double alpha, double v_opt, double alpha_opt, Sides sides);

/// psi(l) = (-ln(1 - c l) - c l) / c^2 (sub-exponential, centred gamma), one side. With R = rho/c^2, A = (v+rho)/c^2,
/// X = A + s/c > 0:
///   R ln R - ln Gamma(R) - ln P(R, R) + ln Gamma(A) + ln P(A, X) - A ln X + X - R.
[[nodiscard]] Answer<double> gamma_exponential_log_mixture(double s, double v, double v_opt, double c,
                                                           double alpha_opt = 0.05);
[[nodiscard]] Answer<double> gamma_exponential_mixture_bound(double v, double alpha, double v_opt, double c,
                                                             double alpha_opt = 0.05);

/// psi(l) = (e^(c l) - c l - 1) / c^2 (sub-Poisson), one side, R, A, X as above:
///   R ln R - ln Gamma(R) - ln Q(R, R) + ln Gamma(X) + ln Q(X, A) - X ln A + v/c^2.
[[nodiscard]] Answer<double> gamma_poisson_log_mixture(double s, double v, double v_opt, double c,
                                                       double alpha_opt = 0.05);
[[nodiscard]] Answer<double> gamma_poisson_mixture_bound(double v, double alpha, double v_opt, double c,
                                                         double alpha_opt = 0.05);

/// Sub-Bernoulli: observations take the values -g and h. Counting steps up, u = (v + h s)/(h (g+h)), and down,
/// d = (v - g s)/(g (g+h)), both >= 0, it is the Beta mixture of sequence.h against the shares g/(g+h) and h/(g+h) with
/// r = max(rho - g h, g h / 1000):
///   -d ln(h/(g+h)) - u ln(g/(g+h)) + ln B_x(r/(g(g+h)) + d, r/(h(g+h)) + u) - ln B_x(r/(g(g+h)), r/(h(g+h))),
/// x = 1 for two sides, h/(g+h) for one. The bound is v/g, the most S can be, where even that is not enough evidence.
[[nodiscard]] Answer<double> beta_binomial_log_mixture(double s, double v, double v_opt, double g, double h,
                                                       Sides sides, double alpha_opt = 0.05);
[[nodiscard]] Answer<double> beta_binomial_mixture_bound(double v, double alpha, double v_opt, double g, double h,
                                                         Sides sides, double alpha_opt = 0.05);

/// Polynomial stitching, sub-gamma with scale c >= 0: with w = max(v, v_min), s > 1, eta > 1, zeta Riemann's,
///   l = s ln ln(eta w / v_min) + ln( zeta(s) / (alpha ln(eta)^s) ),
///   sqrt( k1^2 w l + k2^2 c^2 l^2 ) + k2 c l,   k1 = (eta^(1/4) + eta^(-1/4)) / sqrt 2,   k2 = (sqrt(eta) + 1) / 2.
/// Grows as sqrt(v ln ln v), the least any such boundary can.
[[nodiscard]] Answer<double> poly_stitching_bound(double v, double alpha, double v_min, double c, double s, double eta);

/// Confidence sequence of a share with the beta-binomial mixture tuned to be tight at about `t_opt` cases: for a null p
/// the prior is Beta(p M, (1-p) M), M = max(t_opt/(2 ln(1/a) + ln(1 + 2 ln(1/a))) - 1, 1/1000), a = alpha_opt. Near
/// t_opt narrower than beta_binomial_sequence with its fixed prior, wider for much fewer cases.
///
/// Errors  no_data: n = 0; out_of_domain. k > n is a bug. The ends are the first p on either side of k/n with evidence
///         1/alpha.
[[nodiscard]] Answer<Interval> bernoulli_tuned_sequence(std::uint64_t k, std::uint64_t n, double alpha, double t_opt,
                                                        double alpha_opt = 0.05);

/// C of the band below for a risk alpha: the least C for which
///   inf over eta in (1, 2 A^2) of 4 exp(-g C) (1 + 1/((g - 1) ln eta)) <= alpha,   g = (2/eta) (A -
///   sqrt(2(eta-1)/C))^2 > 1.
/// Range   A > 1/sqrt 2. Solved numerically (two nested searches, about 0.1 ms): once per band, not per look.
[[nodiscard]] Answer<double> distribution_band_constant(double alpha, double A = 0.85);

/// Half width of a band around an empirical distribution function of t independent values that holds at every t >=
/// t_min:
///   sup |F^ - F| <= A sqrt( (ln(1 + ln(t / t_min)) + C) / t ).
/// With it every quantile has an interval for every look: from F^ - band to F^ + band, read sideways.
///
/// Units   share; may be above 1 for small t, where it says nothing.
/// Errors  too_few: t < t_min; out_of_domain.
/// Source  Howard, Ramdas 2022, Bernoulli 28(3), 1704-1728, theorem 2.
[[nodiscard]] Answer<double> distribution_band(double t, double alpha, double t_min, double A = 0.85);
/// The same with C at hand.
[[nodiscard]] Answer<double> distribution_band_with(double C, double t, double t_min, double A = 0.85);

}  // namespace pilotwatch::stats
