// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/wasserstein.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "stats/distance/frozen_gaps.h"
#include "stats/distance/shares.h"

namespace pilotwatch::stats {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<double> sorted_without_missing(std::span<const double> sample) {
  std::vector<double> out(sample.begin(), sample.end());
  std::erase_if(out, [](double x) { return std::isnan(x); });
  std::sort(out.begin(), out.end());
  return out;
}

bool finite_ends(std::span<const double> sorted) {
  return std::isfinite(sorted.front()) && std::isfinite(sorted.back());
}

/// Largest and smallest |F - G|, times n m, where F is in [f, f_ceiling] and G in [g, g_end].
struct Spread {
  double least, most;
};
Spread spread(const detail::Gap& gap, const detail::Totals& t) {
  const double above = detail::Crossed(gap.f_ceiling, gap.g, t).signed_difference;  // the most of F - G
  const double below = detail::Crossed(gap.f, gap.g_end, t).signed_difference;      // the least of it
  return {std::max({0.0, below, -above}), std::max(above, -below)};
}

/// What lies outside the reference: `count` live values, the farthest of them `reach` away.
WassersteinBracket outside(std::uint64_t count, double reach, std::uint64_t m) {
  if (count == 0) return {0, 0};
  const double whole = static_cast<double>(m);
  return {std::isinf(reach) ? 0.0 : reach * (1 / whole), reach * (static_cast<double>(count) / whole)};
}

}  // namespace

Answer<double> wasserstein1(std::span<const double> reference, std::span<const double> live) {
  const auto first = sorted_without_missing(reference), second = sorted_without_missing(live);
  if (first.empty()) return Undefined::no_reference;
  if (second.empty()) return Undefined::no_data;
  if (!finite_ends(first) || !finite_ends(second)) return Undefined::out_of_domain;
  const detail::Totals t{first.size(), second.size()};
  double sum = 0;
  std::size_t i = 0, j = 0;
  const auto next = [&] {
    return std::min(i < first.size() ? first[i] : infinity, j < second.size() ? second[j] : infinity);
  };
  while (i < first.size() || j < second.size()) {
    const double x = next();
    while (i < first.size() && first[i] <= x) ++i;
    while (j < second.size() && second[j] <= x) ++j;
    if (i < first.size() || j < second.size()) sum += (next() - x) * detail::Crossed(i, j, t).difference();
  }
  return sum / t.product();
}

Answer<WassersteinBracket> wasserstein1(const FrozenSample& reference, PositionCounts live,
                                        std::optional<LiveRange> range) {
  const detail::Totals t{reference.n(), detail::checked_total(reference, live)};
  if (t.n == 0) return Undefined::no_reference;
  if (t.m == 0) return Undefined::no_data;
  if (!finite_ends(reference.values)) return Undefined::out_of_domain;
  if (range && !(std::isfinite(range->least) && std::isfinite(range->most))) return Undefined::out_of_domain;
  const std::size_t points = reference.values.size();
  WassersteinBracket sum{0, 0}, ends{0, 0};
  detail::for_each_gap(reference, live, [&](std::size_t i, const detail::Gap& gap) {
    if (i == 0 || i == points) {
      const auto count = gap.g_end - gap.g;
      const double reach = !range   ? infinity
                           : i == 0 ? reference.values.front() - range->least
                                    : range->most - reference.values.back();
      PW_ASSERT(count == 0 ? !range || reach <= 0 : reach > 0);
      const auto end = outside(count, reach, t.m);
      ends.lower += end.lower;
      ends.upper += end.upper;
    } else {
      const double width = reference.values[i] - reference.values[i - 1];
      const auto difference = spread(gap, t);
      sum.lower += width * difference.least;
      sum.upper += width * difference.most;
    }
  });
  return WassersteinBracket{sum.lower / t.product() + ends.lower, sum.upper / t.product() + ends.upper};
}

Answer<double> wasserstein1_binned(Counts reference, Counts live, std::span<const double> representatives) {
  PW_ASSERT(reference.size() == representatives.size());
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  double sum = 0;
  std::uint64_t f = 0, g = 0;
  for (std::size_t i = 0; i + 1 < reference.size(); ++i) {
    f += reference[i];
    g += live[i];
    sum += (representatives[i + 1] - representatives[i]) * detail::Crossed(f, g, *t).difference();
  }
  return sum / t->product();
}

Answer<double> wasserstein1_scaled(double w1, double reference_sd) {
  PW_ASSERT(w1 >= 0 && reference_sd >= 0);
  if (reference_sd == 0) return Undefined::constant;
  return w1 / reference_sd;
}

double wasserstein1_evidently(double w1, double reference_sd) {
  PW_ASSERT(w1 >= 0 && reference_sd >= 0);
  return w1 / std::max(reference_sd, 0.001);
}

}  // namespace pilotwatch::stats
