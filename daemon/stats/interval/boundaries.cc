// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/boundaries.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/zeta.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "base/result.h"
#include "stats/interval/log_tails.h"
#include "stats/interval/mixture.h"
#include "stats/interval/root.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

constexpr double huge = 1e300;

bool positive(std::initializer_list<double> values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x) && x > 0; });
}
bool share(double p) { return p > 0 && p < 1; }

/// 2 ln(1/a) + ln(1 + 2 ln(1/a)): v_opt is divided by it.
double tuning(double a) {
  const double l = -2 * std::log(a);
  return l + std::log1p(l);
}
/// rho, or out_of_domain.
Answer<double> rho_of(double v_opt, double alpha_opt, Sides sides) {
  const double a = sides == Sides::one ? 2 * alpha_opt : alpha_opt;
  if (!positive({v_opt}) || !share(a)) return Undefined::out_of_domain;
  return v_opt / tuning(a);
}

/// s in [0, most] at which the increasing log mixture reaches ln(1/alpha); most where it does not.
template <class LogMixture>
Answer<double> bound(LogMixture log_mixture, double v, double alpha, double most) {
  if (!share(alpha) || !std::isfinite(v) || v < 0) return Undefined::out_of_domain;
  const auto at_0 = log_mixture(0.0);
  if (!at_0) return at_0.error();
  const auto over = [&](double s) { return std::min(huge, *log_mixture(s)) + std::log(alpha); };
  double reach = std::min(most, 1 + std::sqrt(v));
  while (reach < most && over(reach) < 0) reach = std::min(most, 2 * reach);
  return root_between(over, 0.0, reach);
}

/// (1 + z) ln(1 + z) - z, z > -1.
double poisson_excess(double z) { return z * std::log1p(z) - excess(z); }

}  // namespace

Answer<double> normal_log_mixture(double s, double v, double v_opt, double alpha_opt, Sides sides) {
  const auto rho = rho_of(v_opt, alpha_opt, sides);
  if (!rho || !std::isfinite(s) || !std::isfinite(v) || v < 0) return Undefined::out_of_domain;
  const double w = v + *rho, core = std::log(*rho / w) / 2 + s / w * s / 2;
  return sides == Sides::two ? core : core + std::log(2.0) + log_normal_cdf(s / std::sqrt(w));
}

Answer<double> normal_mixture_bound(double v, double alpha, double v_opt, double alpha_opt, Sides sides) {
  return bound([&](double s) { return normal_log_mixture(s, v, v_opt, alpha_opt, sides); }, v, alpha, huge);
}

// The next two: R ln R - ln Gamma(R) and their like by Stirling, so that what is left are terms of the size of the
// result.

Answer<double> gamma_exponential_log_mixture(double s, double v, double v_opt, double c, double alpha_opt) {
  const auto rho = rho_of(v_opt, alpha_opt, Sides::one);
  if (!rho || !positive({c}) || !std::isfinite(s) || !std::isfinite(v) || v < 0) return Undefined::out_of_domain;
  const double r = *rho / c / c, a = (v + *rho) / c / c, x = a + s / c;
  if (x <= 0) return Undefined::out_of_domain;
  return std::log(r / a) / 2 + stirling_error(a) - stirling_error(r) + a * excess(s / c / a) + log_gamma_p(a, x) -
         log_gamma_p(r, r);
}

Answer<double> gamma_exponential_mixture_bound(double v, double alpha, double v_opt, double c, double alpha_opt) {
  return bound([&](double s) { return gamma_exponential_log_mixture(s, v, v_opt, c, alpha_opt); }, v, alpha, huge);
}

Answer<double> gamma_poisson_log_mixture(double s, double v, double v_opt, double c, double alpha_opt) {
  const auto rho = rho_of(v_opt, alpha_opt, Sides::one);
  if (!rho || !positive({c}) || !std::isfinite(s) || !std::isfinite(v) || v < 0) return Undefined::out_of_domain;
  const double r = *rho / c / c, a = (v + *rho) / c / c, x = a + s / c;
  if (x <= 0) return Undefined::out_of_domain;
  return std::log(r / x) / 2 + stirling_error(x) - stirling_error(r) + a * poisson_excess(s / c / a) +
         log_gamma_q(x, a) - log_gamma_q(r, r);
}

Answer<double> gamma_poisson_mixture_bound(double v, double alpha, double v_opt, double c, double alpha_opt) {
  return bound([&](double s) { return gamma_poisson_log_mixture(s, v, v_opt, c, alpha_opt); }, v, alpha, huge);
}

Answer<double> beta_binomial_log_mixture(double s, double v, double v_opt, double g, double h, Sides sides,
                                         double alpha_opt) {
  const auto rho = rho_of(v_opt, alpha_opt, sides);
  if (!rho || !positive({g, h}) || !std::isfinite(s) || !std::isfinite(v) || v < 0) return Undefined::out_of_domain;
  if (s > v / g || s < -v / h) return Undefined::out_of_domain;
  const double r = std::max(*rho - g * h, 1e-3 * g * h), x = h / (g + h);
  const std::array<double, 2> prior{r / g / (g + h), r / h / (g + h)};
  const std::array<double, 2> counts{std::max(0.0, (v - g * s) / g / (g + h)),
                                     std::max(0.0, (v + h * s) / h / (g + h))};
  const double n = counts[0] + counts[1];
  const double two = n == 0 ? 0.0 : dirichlet_at_best(counts, prior) + binary_deviance(counts[0], n, x);
  if (sides == Sides::two) return two;
  return two + log_ibeta(prior[0] + counts[0], prior[1] + counts[1], x) - log_ibeta(prior[0], prior[1], x);
}

Answer<double> beta_binomial_mixture_bound(double v, double alpha, double v_opt, double g, double h, Sides sides,
                                           double alpha_opt) {
  return bound([&](double s) { return beta_binomial_log_mixture(s, v, v_opt, g, h, sides, alpha_opt); }, v, alpha,
               positive({g}) ? v / g : 0);
}

Answer<double> poly_stitching_bound(double v, double alpha, double v_min, double c, double s, double eta) {
  if (!std::isfinite(v) || v < 0 || !share(alpha) || !positive({v_min, s, eta}) || s <= 1 || eta <= 1 ||
      !std::isfinite(c) || c < 0) {
    return Undefined::out_of_domain;
  }
  const double w = std::max(v, v_min);
  const double l = s * std::log(std::log(eta * (w / v_min))) +
                   std::log(boost::math::zeta(s, Quiet{}) / (alpha * std::pow(std::log(eta), s)));
  const double root = std::pow(eta, 0.25), k1 = (root + 1 / root) / std::sqrt(2.0), k2 = (root * root + 1) / 2;
  return std::hypot(k1 * std::sqrt(w * l), k2 * c * l) + k2 * c * l;
}

Answer<Interval> bernoulli_tuned_sequence(std::uint64_t k, std::uint64_t n, double alpha, double t_opt,
                                          double alpha_opt) {
  PW_ASSERT(k <= n);
  if (!share(alpha) || !share(alpha_opt) || !positive({t_opt})) return Undefined::out_of_domain;
  if (n == 0) return Undefined::no_data;
  const double m = std::max(t_opt / tuning(alpha_opt) - 1, 1e-3), level = -std::log(alpha);
  const double trials = static_cast<double>(n);
  const std::array<double, 2> counts{static_cast<double>(k), static_cast<double>(n - k)};
  const auto over = [&](double p) {
    const std::array<double, 2> prior{m * p, m * (1 - p)};
    return std::min(huge, dirichlet_at_best(counts, prior) + binary_deviance(counts[0], trials, p)) - level;
  };
  const double p = counts[0] / trials, least = 1e-300, most = 1 - 0x1p-53;
  // On a log scale below, so that a bound near 0 keeps its digits. With one event the evidence against 0 can stay
  // finite.
  const auto below = [&](double v) { return over(p * std::exp(v)); };
  const double start = std::min(p, most);
  const double lower =
      k == 0 || over(least) < 0 ? 0.0 : p * std::exp(root_between(below, std::log(start / p), std::log(least / p)));
  const double upper = k == n || over(most) < 0 ? 1.0 : root_between(over, std::max(p, least), most);
  return Interval{lower, upper};
}

}  // namespace pilotwatch::stats
