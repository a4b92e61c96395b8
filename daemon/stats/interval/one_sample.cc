// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/one_sample.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <optional>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

/// Probability outside of a one-sided bound; half of it lies on either side of an interval.
double outside(double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  return 1 - confidence;
}

/// x with I_x(a, b) = p.
double beta_quantile(double a, double b, double p) { return boost::math::ibeta_inv(a, b, p, Quiet{}); }
/// x with I_x(a, b) = 1 - p, without the loss of digits in 1 - p.
double beta_upper_quantile(double a, double b, double p) { return boost::math::ibetac_inv(a, b, p, Quiet{}); }

double cp_lower(std::uint64_t k, std::uint64_t n, double p) {
  return k == 0 ? 0.0 : beta_quantile(static_cast<double>(k), static_cast<double>(n - k) + 1, p);
}
double cp_upper(std::uint64_t k, std::uint64_t n, double p) {
  return k == n ? 1.0 : beta_upper_quantile(static_cast<double>(k) + 1, static_cast<double>(n - k), p);
}

double poisson_lower(std::uint64_t events, double p) {
  return events == 0 ? 0.0 : boost::math::gamma_p_inv(static_cast<double>(events), p, Quiet{});
}
double poisson_upper(std::uint64_t events, double p) {
  return boost::math::gamma_q_inv(static_cast<double>(events) + 1, p, Quiet{});
}

/// Why there is no rate over this exposure, if there is none.
std::optional<Undefined> unusable(double exposure) {
  if (!std::isfinite(exposure) || exposure < 0) return Undefined::out_of_domain;
  if (exposure == 0) return Undefined::zero_exposure;
  return std::nullopt;
}

}  // namespace

Answer<Interval> wilson(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = outside(confidence);
  if (n == 0) return Undefined::no_data;
  const double trials = static_cast<double>(n);
  const double p = static_cast<double>(k) / trials;
  const double q = static_cast<double>(n - k) / trials;
  const double z = normal_upper_quantile(alpha / 2);
  const double h = z * z / (2 * trials);
  const double root = z * std::sqrt((p * q + h / 2) / trials);
  const double lower = p * p / (p + h + root);  // (p + h - root) / (1 + 2h), rationalised
  const double upper = k == n ? 1.0 : std::min(1.0, (p + h + root) / (1 + 2 * h));
  return Interval{lower, upper};
}

Answer<Interval> clopper_pearson(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = outside(confidence);
  if (n == 0) return Undefined::no_data;
  return Interval{cp_lower(k, n, alpha / 2), cp_upper(k, n, alpha / 2)};
}

Answer<double> clopper_pearson_upper(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = outside(confidence);
  if (n == 0) return Undefined::no_data;
  return cp_upper(k, n, alpha);
}

Answer<double> clopper_pearson_lower(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = outside(confidence);
  if (n == 0) return Undefined::no_data;
  return cp_lower(k, n, alpha);
}

Answer<Interval> jeffreys(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = outside(confidence);
  if (n == 0) return Undefined::no_data;
  const double a = static_cast<double>(k) + 0.5;
  const double b = static_cast<double>(n - k) + 0.5;
  return Interval{k == 0 ? 0.0 : beta_quantile(a, b, alpha / 2), k == n ? 1.0 : beta_upper_quantile(a, b, alpha / 2)};
}

Answer<Interval> garwood(std::uint64_t events, double exposure, double confidence) {
  const double alpha = outside(confidence);
  if (const auto why = unusable(exposure)) return *why;
  return Interval{poisson_lower(events, alpha / 2) / exposure, poisson_upper(events, alpha / 2) / exposure};
}

Answer<double> garwood_upper(std::uint64_t events, double exposure, double confidence) {
  const double alpha = outside(confidence);
  if (const auto why = unusable(exposure)) return *why;
  return poisson_upper(events, alpha) / exposure;
}

Answer<double> garwood_lower(std::uint64_t events, double exposure, double confidence) {
  const double alpha = outside(confidence);
  if (const auto why = unusable(exposure)) return *why;
  return poisson_lower(events, alpha) / exposure;
}

}  // namespace pilotwatch::stats
