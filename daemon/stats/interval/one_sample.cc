// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/one_sample.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

/// Probability on either side.
double tail(double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  return (1 - confidence) / 2;
}

/// x with I_x(a, b) = p.
double beta_quantile(double a, double b, double p) { return boost::math::ibeta_inv(a, b, p, Quiet{}); }
/// x with I_x(a, b) = 1 - p, without the loss of digits in 1 - p.
double beta_upper_quantile(double a, double b, double p) { return boost::math::ibetac_inv(a, b, p, Quiet{}); }

}  // namespace

std::optional<Interval> wilson(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double alpha = 2 * tail(confidence);
  if (n == 0) return std::nullopt;
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

std::optional<Interval> clopper_pearson(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double p = tail(confidence);
  if (n == 0) return std::nullopt;
  const double hits = static_cast<double>(k);
  const double misses = static_cast<double>(n - k);
  return Interval{k == 0 ? 0.0 : beta_quantile(hits, misses + 1, p),
                  k == n ? 1.0 : beta_upper_quantile(hits + 1, misses, p)};
}

std::optional<Interval> jeffreys(std::uint64_t k, std::uint64_t n, double confidence) {
  PW_ASSERT(k <= n);
  const double p = tail(confidence);
  if (n == 0) return std::nullopt;
  const double a = static_cast<double>(k) + 0.5;
  const double b = static_cast<double>(n - k) + 0.5;
  return Interval{k == 0 ? 0.0 : beta_quantile(a, b, p), k == n ? 1.0 : beta_upper_quantile(a, b, p)};
}

std::optional<Interval> garwood(std::uint64_t events, double exposure, double confidence) {
  const double p = tail(confidence);
  if (!std::isfinite(exposure) || exposure <= 0) return std::nullopt;
  const double count = static_cast<double>(events);
  const double lower = events == 0 ? 0.0 : boost::math::gamma_p_inv(count, p, Quiet{});
  const double upper = boost::math::gamma_q_inv(count + 1, p, Quiet{});
  return Interval{lower / exposure, upper / exposure};
}

}  // namespace pilotwatch::stats
