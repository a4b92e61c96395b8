// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/mixture.h"

#include <algorithm>
#include <boost/math/special_functions/log1p.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/result.h"
#include "stats/interval/root.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

constexpr double huge = 1e300;  // stands for an infinite value of a function whose root is sought

/// ln(2 pi) / 2
const double half_ln_2pi = std::log(2 * std::numbers::pi) / 2;

/// e^v - 1 - v.
double exp_excess(double v) { return std::abs(v) < 1 ? excess(std::expm1(v)) : std::expm1(v) - v; }

/// binary_deviance at p = (k/n) e^v, 0 < k < n. With w = e^v - 1 the two terms are k (w - v) and, as their linear parts
/// cancel exactly, (n - k) (z - ln(1 + z)) with z = -w k/(n - k): both >= 0.
double binary_deviance_at(double k, double n, double v) {
  const double z = -std::expm1(v) * (k / (n - k));
  return z <= -1 ? huge : std::min(huge, k * exp_excess(v) + (n - k) * excess(z));
}

}  // namespace

double stirling_error(double x) {
  if (x < 16) return std::lgamma(x) - ((x - 0.5) * std::log(x) - x + half_ln_2pi);
  const double y = 1 / (x * x);  // the next term is below 1e-17 from 16 on
  return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691.0 / 360360))))) / x;
}

double excess(double x) {
  if (x <= -1) return std::numeric_limits<double>::infinity();
  return std::abs(x) < 0.5 ? -boost::math::log1pmx(x, Quiet{}) : x - std::log1p(x);
}

// With Stirling's formula for every Gamma and theta- = (counts + prior) / (n + total), the shares of both together,
//
//   ln e(theta^) = -n KL(theta^, theta-) - total KL(prior / total, theta-) - sum_i ln(x_i / a_i)/2 + ln(X / total)/2 +
//   errors:
//
// no term is larger than the evidence it measures, however many cases, and however heavy the prior.
double dirichlet_at_best(std::span<const double> counts, std::span<const double> prior) {
  PW_ASSERT(counts.size() == prior.size());
  const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double total = std::accumulate(prior.begin(), prior.end(), 0.0), both = n + total;
  double sum = std::log1p(n / total) / 2 - (stirling_error(both) - stirling_error(total));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double k = counts[i], a = prior[i], x = k + a, share = x / both;
    sum -= poisson_deviance(k, 1, n * share) + poisson_deviance(a, 1, total * share);  // linear parts cancel over all i
    sum += stirling_error(x) - stirling_error(a) - std::log1p(k / a) / 2;
  }
  return sum;
}

double binary_deviance(double k, double n, double p) {
  if (k == 0) return -n * std::log1p(-p);
  if (k == n) return -n * std::log(p);
  if (p <= 0 || p >= 1) return std::numeric_limits<double>::infinity();
  return poisson_deviance(k, 1, n * p) + poisson_deviance(n - k, 1, n * (1 - p));  // their linear parts cancel
}

Interval binary_deviance_interval(double k, double n, double level) {
  if (k == 0) return {0, -std::expm1(-level / n)};
  if (k == n) return {std::exp(-level / n), 1};
  const double p = k / n, f = n - k;
  const auto over = [&](double v) { return binary_deviance_at(k, n, v) - level; };
  // f ln(f/n) >= -k, so at ln p - level/k - 1 the deviance has passed the level; likewise above, seen from 1 - p
  const double lower = p * std::exp(root_between(over, 0.0, -level / k - 1));
  const double rest = f / n * std::exp(-level / f - 1);
  const double upper = p * std::exp(root_between(over, 0.0, std::log1p((f / n - rest) / p)));
  return {lower, std::min(1.0, upper)};
}

// The same split, around the rate of events and prior together.
double gamma_at_best(double events, double exposure, double a, double b) {
  const double x = events + a, rate = x / (exposure + b);
  return -poisson_deviance(events, exposure, rate) - poisson_deviance(a, b, rate) - std::log1p(events / a) / 2 +
         stirling_error(x) - stirling_error(a);
}

double poisson_deviance(double events, double exposure, double rate) {
  const double mean = rate * exposure;
  if (events == 0) return mean;
  if (mean < events / 2) return mean - events - events * (std::log(mean) - std::log(events));
  return events * excess((mean - events) / events);
}

Interval poisson_deviance_interval(double events, double exposure, double level) {
  if (events == 0) return {0, level / exposure};
  const double rate = events / exposure;
  const auto over = [&](double v) { return std::min(huge, events * exp_excess(v)) - level; };
  // e^v - 1 - v is above -v - 1 everywhere, and above v^2/2 for v > 0
  return {rate * std::exp(root_between(over, 0.0, -level / events - 1)),
          rate * std::exp(root_between(over, 0.0, std::sqrt(2 * level / events)))};
}

}  // namespace pilotwatch::stats
