// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binned.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double total(Counts counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
}

/// nullopt when a side has no mass, else term(p, q) summed over the bins; p live share, q reference share,
/// each (count + pseudo) / (total + k pseudo).
template <class Term>
std::optional<double> sum_over_shares(Counts reference, Counts live, double pseudo, Term term) {
  PW_ASSERT(reference.size() == live.size());
  const double n = total(reference), m = total(live);
  if (n == 0 || m == 0) return std::nullopt;
  const double added = pseudo * static_cast<double>(reference.size());
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    sum += term((static_cast<double>(live[i]) + pseudo) / (m + added),
                (static_cast<double>(reference[i]) + pseudo) / (n + added));
  }
  return sum;
}

template <class Term>
std::optional<double> sum_over_shares(Counts reference, Counts live, Term term) {
  return sum_over_shares(reference, live, 0.0, term);
}

/// ln(p / q) for p, q > 0. Near p = q the plain logarithm would lose the digits that large counts have; atanh keeps
/// them. Both branches change only their sign when p and q change places, so PSI is symmetric to the last bit.
double log_ratio(double p, double q) {
  if (p < 2 * q && q < 2 * p) return 2 * std::atanh((p - q) / (p + q));
  return std::log(p) - std::log(q);
}

double psi_term(double p, double q) {
  if (p == q) return 0;
  if (p == 0 || q == 0) return std::numeric_limits<double>::infinity();
  return (p - q) * log_ratio(p, q);
}

double kl_term(double p, double q) {
  if (p == 0) return 0;
  if (q == 0) return std::numeric_limits<double>::infinity();
  return p * log_ratio(p, q);
}

/// x ln(x / ((x + y)/2)), as x log1p((x - y)/(x + y)).
double js_half(double x, double y) { return x == 0 ? 0 : x * std::log1p((x - y) / (x + y)); }

double square(double x) { return x * x; }

// Rounding can leave a sum of cancelling terms a little below 0 or above the range; a root of it must not be NaN.
std::optional<double> clamped(std::optional<double> value, double most) {
  if (value) value = std::clamp(*value, 0.0, most);
  return value;
}

}  // namespace

std::optional<double> psi_jeffreys(Counts reference, Counts live) {
  return sum_over_shares(reference, live, 0.5, psi_term);
}

std::optional<double> psi_unsmoothed(Counts reference, Counts live) {
  return sum_over_shares(reference, live, psi_term);
}

std::optional<double> psi_floor1e4(Counts reference, Counts live) {
  const auto lifted = [](double share) { return share == 0 ? 1e-4 : share; };
  return sum_over_shares(reference, live, [&](double p, double q) { return psi_term(lifted(p), lifted(q)); });
}

std::optional<double> psi_noise_floor(std::uint64_t bins, std::uint64_t n_reference, std::uint64_t n_live) {
  if (bins == 0 || n_reference == 0 || n_live == 0) return std::nullopt;
  return static_cast<double>(bins - 1) * (1 / static_cast<double>(n_reference) + 1 / static_cast<double>(n_live));
}

std::optional<double> kl(Counts reference, Counts live) {
  return clamped(sum_over_shares(reference, live, kl_term), std::numeric_limits<double>::infinity());
}

std::optional<double> js_divergence(Counts reference, Counts live, LogBase base) {
  const double unit = base == LogBase::two ? std::numbers::ln2 : 1.0;
  const auto term = [&](double p, double q) { return (js_half(p, q) + js_half(q, p)) / (2 * unit); };
  return clamped(sum_over_shares(reference, live, term), std::numbers::ln2 / unit);
}

std::optional<double> js_distance(Counts reference, Counts live, LogBase base) {
  auto value = js_divergence(reference, live, base);
  if (value) value = std::sqrt(*value);
  return value;
}

std::optional<double> hellinger(Counts reference, Counts live) {
  auto value = clamped(
      sum_over_shares(reference, live, [](double p, double q) { return square(std::sqrt(p) - std::sqrt(q)) / 2; }),
      1.0);
  if (value) value = std::sqrt(*value);
  return value;
}

std::optional<double> linf(Counts reference, Counts live) {
  double most = 0;
  const auto sum =
      sum_over_shares(reference, live, [&](double p, double q) { return most = std::max(most, std::abs(p - q)); });
  return sum ? std::optional(most) : std::nullopt;
}

std::optional<double> tvd(Counts reference, Counts live) {
  return clamped(sum_over_shares(reference, live, [](double p, double q) { return std::abs(p - q) / 2; }), 1.0);
}

std::optional<double> ks_binned(Counts reference, Counts live) {
  PW_ASSERT(reference.size() == live.size());
  const double n = total(reference), m = total(live);
  if (n == 0 || m == 0) return std::nullopt;
  double most = 0;
  std::uint64_t f = 0, g = 0;  // whole counts, so that the last bin ends at 1 on either side
  for (std::size_t i = 0; i < reference.size(); ++i) {
    f += reference[i];
    g += live[i];
    most = std::max(most, std::abs(static_cast<double>(f) / n - static_cast<double>(g) / m));
  }
  return most;
}

}  // namespace pilotwatch::stats
