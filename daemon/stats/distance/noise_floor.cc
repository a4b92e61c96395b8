// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/noise_floor.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

/// times (1/n + 1/m)
Answer<double> per_case(double times, std::uint64_t n, std::uint64_t m) {
  if (n == 0) return Undefined::no_reference;
  if (m == 0) return Undefined::no_data;
  return times * (1 / static_cast<double>(n) + 1 / static_cast<double>(m));
}

/// scale (k - 1) v
Answer<double> quadratic(double scale, std::uint64_t bins, std::uint64_t n, std::uint64_t m) {
  if (bins == 0) return Undefined::no_reference;
  return per_case(scale * static_cast<double>(bins - 1), n, m);
}

/// sqrt(scale v) E chi(k - 1)
Answer<double> root_of_quadratic(double scale, std::uint64_t bins, std::uint64_t n, std::uint64_t m) {
  if (bins == 0) return Undefined::no_reference;
  auto out = per_case(scale, n, m);
  if (!out) return out;
  const double half = static_cast<double>(bins - 1) / 2;
  // Gamma(d/2 + 1/2) / Gamma(d/2)
  const double ratio = bins == 1 ? 0.0 : boost::math::tgamma_delta_ratio(half + 0.5, -0.5, Quiet{});
  *out = std::sqrt(2 * *out) * ratio;
  return out;
}

std::uint64_t total(Counts counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

/// sqrt(q (1 - q)) of q = part / whole
double binomial_sd(std::uint64_t part, std::uint64_t whole) {
  const double p = static_cast<double>(part), q = static_cast<double>(whole - part);
  return std::sqrt(p * q) / static_cast<double>(whole);
}

double unit_of(LogBase base) { return base == LogBase::two ? std::numbers::ln2 : 1.0; }

/// 1 - prod_i P(|Z| <= t / s_i)
double any_above(double t, Counts reference, std::uint64_t n) {
  double none = 1;
  // With two bins the differences are each other's opposite: one event, not two.
  const std::size_t bins = reference.size() == 2 ? 1 : reference.size();
  for (std::size_t i = 0; i < bins; ++i) {
    const double sd = binomial_sd(reference[i], n);
    if (sd > 0) none *= std::erf(t / (sd * std::numbers::sqrt2));
  }
  return 1 - none;
}

}  // namespace

Answer<double> psi_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live) {
  return quadratic(1.0, bins, n_reference, n_live);
}

Answer<double> kl_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live) {
  return quadratic(1.0 / 2, bins, n_reference, n_live);
}

Answer<double> js_divergence_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live,
                                         LogBase base) {
  return quadratic(1 / (8 * unit_of(base)), bins, n_reference, n_live);
}

Answer<double> js_distance_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live,
                                       LogBase base) {
  return root_of_quadratic(1 / (8 * unit_of(base)), bins, n_reference, n_live);
}

Answer<double> hellinger_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live) {
  return root_of_quadratic(1.0 / 8, bins, n_reference, n_live);
}

Answer<double> tvd_noise_floor(Counts reference, std::uint64_t n_live) {
  const auto n = total(reference);
  auto out = per_case(1 / (2 * std::numbers::pi), n, n_live);
  if (!out) return out;
  double sum = 0;
  for (const auto count : reference) sum += binomial_sd(count, n);
  *out = std::sqrt(*out) * sum;
  return out;
}

Answer<double> linf_noise_floor(Counts reference, std::uint64_t n_live) {
  const auto n = total(reference);
  auto out = per_case(1.0, n, n_live);
  if (!out) return out;
  double widest = 0;
  for (const auto count : reference) widest = std::max(widest, binomial_sd(count, n));
  // The integrand is smooth, and below 1e-15 from 8 sd beyond the typical maximum sqrt(2 ln 2k) on: Simpson's rule.
  constexpr int steps = 200;
  const double end = widest * (8 + std::sqrt(2 * std::log(2 * static_cast<double>(reference.size()))));
  double sum = any_above(0, reference, n) + any_above(end, reference, n);
  for (int i = 1; i < steps; ++i) sum += (i % 2 == 1 ? 4 : 2) * any_above(end * i / steps, reference, n);
  *out = widest == 0 ? 0.0 : std::sqrt(*out) * sum * end / (3 * steps);
  return out;
}

Answer<double> chi2_noise_floor(std::uint64_t bins) {
  if (bins == 0) return Undefined::no_reference;
  return static_cast<double>(bins - 1);
}

Answer<double> ks_noise_floor(std::uint64_t n_reference, std::uint64_t n_live) {
  auto out = per_case(std::numbers::pi / 2, n_reference, n_live);
  if (out) *out = std::numbers::ln2 * std::sqrt(*out);
  return out;
}

Answer<double> wasserstein1_noise_floor(const FrozenSample& reference, std::uint64_t n_live) {
  auto out = per_case(2 / std::numbers::pi, reference.n(), n_live);
  if (!out) return out;
  if (!std::isfinite(reference.values.front()) || !std::isfinite(reference.values.back())) {
    return Undefined::out_of_domain;
  }
  double integral = 0;
  for (std::size_t i = 0; i + 1 < reference.values.size(); ++i) {
    integral += (reference.values[i + 1] - reference.values[i]) * binomial_sd(reference.cumulative[i], reference.n());
  }
  *out = std::sqrt(*out) * integral;
  return out;
}

Answer<double> wasserstein1_noise_floor(Counts reference, std::span<const double> representatives,
                                        std::uint64_t n_live) {
  PW_ASSERT(reference.size() == representatives.size());
  const auto n = total(reference);
  auto out = per_case(2 / std::numbers::pi, n, n_live);
  if (!out) return out;
  double integral = 0;
  std::uint64_t f = 0;
  for (std::size_t i = 0; i + 1 < reference.size(); ++i) {
    f += reference[i];
    integral += (representatives[i + 1] - representatives[i]) * binomial_sd(f, n);
  }
  *out = std::sqrt(*out) * integral;
  return out;
}

}  // namespace pilotwatch::stats
