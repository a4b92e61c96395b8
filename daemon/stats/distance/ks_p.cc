// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/ks_p.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>
#include <vector>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

std::optional<Undefined> problem(double d, std::uint64_t n, std::uint64_t m) {
  if (n == 0) return Undefined::no_reference;
  if (m == 0) return Undefined::no_data;
  if (!(d >= 0 && d <= 1)) return Undefined::out_of_domain;
  return std::nullopt;
}

/// A(n, m) of ks_p.h, n >= m; |i step_i - j step_j| >= reach is "reached". Row by row over i; j runs over the cells
/// that have not reached it, and what lies outside of them is 1.
double share_reaching(std::int64_t n, std::int64_t m, std::int64_t step_i, std::int64_t step_j, std::int64_t reach) {
  std::vector<double> row(static_cast<std::size_t>(m) + 1, 1.0);  // row[j] = A(i, j)
  std::vector<double> inverse(static_cast<std::size_t>(n + m) + 1);
  for (std::size_t s = 1; s < inverse.size(); ++s) inverse[s] = 1 / static_cast<double>(s);
  for (std::int64_t i = 0; i <= n; ++i) {
    const std::int64_t at = i * step_i;
    const std::int64_t first = at < reach ? 0 : (at - reach) / step_j + 1;  // smallest j with j step_j > at - reach
    const std::int64_t last = std::min(m, (at + reach - 1) / step_j);       // greatest j with j step_j < at + reach
    double left = first == 0 ? 0.0 : 1.0;                                   // A(i, first - 1); at j = 0 its weight is 0
    for (std::int64_t j = first; j <= last; ++j) {
      auto& cell = row[static_cast<std::size_t>(j)];
      cell = left =
          (static_cast<double>(i) * cell + static_cast<double>(j) * left) * inverse[static_cast<std::size_t>(i + j)];
    }
  }
  return row.back();
}

}  // namespace

Answer<double> ks_p_exact(double d, std::uint64_t n_reference, std::uint64_t n_live) {
  if (const auto why = problem(d, n_reference, n_live)) return *why;
  PW_ASSERT(n_reference <= ks_p_exact_most && n_live <= ks_p_exact_most);
  const auto n = static_cast<std::int64_t>(std::max(n_reference, n_live));
  const auto m = static_cast<std::int64_t>(std::min(n_reference, n_live));
  const auto divisor = std::gcd(n, m);
  const auto reach = std::llround(d * static_cast<double>(n / divisor * m));  // D is a multiple of 1 / lcm(n, m)
  if (reach == 0) return 1.0;
  return std::min(1.0, share_reaching(n, m, m / divisor, n / divisor, reach));
}

double kolmogorov_survival(double z) {
  PW_ASSERT(z >= 0);
  constexpr int terms = 4;
  double sum = 0;
  if (z >= 1) {
    for (int j = terms; j >= 1; --j) sum = std::exp(-2.0 * j * j * z * z) - sum;
    return 2 * sum;
  }
  if (z < 0.04) return 1;  // 1 - 1e-334
  const double t = std::numbers::pi * std::numbers::pi / (8 * z * z);
  for (int j = terms; j >= 1; --j) sum += std::exp(-t * (2 * j - 1) * (2 * j - 1));
  return 1 - std::sqrt(2 * std::numbers::pi) / z * sum;
}

Answer<double> ks_p_limit(double d, std::uint64_t n_reference, std::uint64_t n_live) {
  if (const auto why = problem(d, n_reference, n_live)) return *why;
  const double n = static_cast<double>(n_reference), m = static_cast<double>(n_live);
  return kolmogorov_survival(d * std::sqrt(n * m / (n + m)));
}

Answer<KsP> ks_p(double d, std::uint64_t n_reference, std::uint64_t n_live) {
  const auto most = std::max(n_reference, n_live);
  const bool exact = most <= ks_p_exact_most && n_reference * n_live <= 4'000'000;
  const auto p = exact ? ks_p_exact(d, n_reference, n_live) : ks_p_limit(d, n_reference, n_live);
  if (!p) return p.error();
  return KsP{*p, exact ? ks_p_exact_formula : ks_p_limit_formula};
}

}  // namespace pilotwatch::stats
