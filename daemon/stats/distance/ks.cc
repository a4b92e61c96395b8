// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/ks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "stats/distance/frozen_gaps.h"

namespace pilotwatch::stats {
namespace {

double share(std::uint64_t count, std::uint64_t n) { return static_cast<double>(count) / static_cast<double>(n); }

/// F and G change only at occupied positions or, F alone, between them. While G stands still F grows, so the extremes
/// of F - G are just after one occupied position and just before the next: two looks a position are enough, however
/// many points lie between.
double exact_distance(const FrozenSample& reference, PositionCounts live, std::uint64_t m) {
  const auto n = reference.n();
  double d = 0;
  std::uint64_t g = 0;
  for (const auto& [position, count] : live) {
    const std::size_t below = position / 2;          // points < every value at this position
    const std::size_t reached = (position + 1) / 2;  // points <= every value at this position
    d = std::max(d, std::abs(share(detail::at_most(reference, below), n) - share(g, m)));
    g += count;
    d = std::max(d, std::abs(share(detail::at_most(reference, reached), n) - share(g, m)));
  }
  return d;
}

struct Bracket {
  double lower = 0, upper = 0;
};

/// In the gap right of v_i F(x) is in [f, ceiling] and G(x) in [start, end]; G(v_{i+1}-) = end while F is still in
/// [f, ceiling].
Bracket thinned_distance(const FrozenSample& reference, PositionCounts live, std::uint64_t m) {
  const auto n = reference.n();
  Bracket out;
  detail::for_each_gap(reference, live, [&](std::size_t, const detail::Gap& gap) {
    const double f = share(gap.f, n), ceiling = share(gap.f_ceiling, n);
    const double start = share(gap.g, m), end = share(gap.g_end, m);
    out.lower = std::max({out.lower, std::abs(f - start), end - ceiling});
    out.upper = std::max({out.upper, std::abs(f - start), ceiling - start, end - f});
  });
  return {out.lower, std::max(out.lower, out.upper)};
}

FrozenSample distinct(const std::vector<double>& sorted) {
  FrozenSample out;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + 1 < sorted.size() && sorted[i + 1] == sorted[i]) continue;
    out.values.push_back(sorted[i]);
    out.cumulative.push_back(i + 1);
  }
  return out;
}

/// Targets j/(most-1) of the mass, j = 0 .. most-1: for each the first point that reaches it. A target that falls on a
/// point already taken pays for the point just below that one.
FrozenSample thin(const FrozenSample& all, std::size_t most) {
  FrozenSample out;
  out.exact = false;
  const auto keep = [&](double value, std::uint64_t count) {
    out.values.push_back(value);
    out.cumulative.push_back(count);
  };
  keep(all.values.front(), all.cumulative.front());
  std::size_t last = 0;  // index in `all` of the last point taken
  bool paid = true;      // whether F just below it is known: below the first value it is 0
  for (std::size_t j = 1; j < most; ++j) {
    const double target = static_cast<double>(j) / static_cast<double>(most - 1) * static_cast<double>(all.n());
    std::size_t at = last;
    while (at + 1 < all.values.size() && static_cast<double>(all.cumulative[at]) < target) ++at;
    if (at != last) {
      keep(all.values[at], all.cumulative[at]);
      last = at;
      paid = false;
    } else if (!paid) {
      paid = true;
      const double below = std::nextafter(all.values[last], -std::numeric_limits<double>::infinity());
      if (out.values[out.values.size() - 2] < below) {
        out.values.insert(out.values.end() - 1, below);
        out.cumulative.insert(out.cumulative.end() - 1, all.cumulative[last - 1]);
      }
    }
  }
  return out;
}

std::vector<double> sorted_without_missing(std::vector<double> sample) {
  std::erase_if(sample, [](double x) { return std::isnan(x); });
  std::sort(sample.begin(), sample.end());
  return sample;
}

/// Per edge the last position that belongs to its bin.
std::size_t last_position(const FrozenSample& reference, double edge) {
  const std::size_t position = reference.position(edge);
  PW_ASSERT(position % 2 == 1);  // an edge is a point
  return position;
}

}  // namespace

std::size_t FrozenSample::position(double x) const {
  // Lower bound without a branch that depends on the data: the window's values are in random order.
  const double* base = values.data();
  std::size_t length = values.size();
  if (length == 0) return 0;
  while (length > 1) {
    const std::size_t half = length / 2;
    base += half * static_cast<std::size_t>(base[half - 1] < x);  // GCC 12 turns `? half : 0` into a jump
    length -= half;
  }
  const auto below = static_cast<std::size_t>(base - values.data()) + (*base < x ? 1U : 0U);
  return 2 * below + (below < values.size() && values[below] == x ? 1U : 0U);
}

FrozenSample freeze(std::vector<double> sample, std::size_t max_distinct) {
  for (double& x : sample) x += 0.0;  // -0 and 0 are one value: the frozen bytes must not tell which came first
  const auto all = distinct(sorted_without_missing(std::move(sample)));
  const auto most = std::max<std::size_t>(max_distinct, 2);
  return all.values.size() <= most ? all : thin(all, most);
}

Answer<KsResult> ks(const FrozenSample& reference, PositionCounts live) {
  const auto m = detail::checked_total(reference, live);
  if (reference.n() == 0) return Undefined::no_reference;
  if (m == 0) return Undefined::no_data;
  if (reference.exact) {
    const double d = exact_distance(reference, live, m);
    return KsResult{d, d, d, reference.n(), m};
  }
  const auto bracket = thinned_distance(reference, live, m);
  return KsResult{bracket.lower, bracket.lower, bracket.upper, reference.n(), m};
}

Answer<double> ks_two_sample(std::span<const double> reference, std::span<const double> live) {
  const auto first = sorted_without_missing({reference.begin(), reference.end()});
  const auto second = sorted_without_missing({live.begin(), live.end()});
  if (first.empty()) return Undefined::no_reference;
  if (second.empty()) return Undefined::no_data;
  double d = 0;
  std::size_t i = 0, j = 0;
  while (i < first.size() && j < second.size()) {
    const double x = std::min(first[i], second[j]);
    while (i < first.size() && first[i] <= x) ++i;  // all ties on either side first: F and G at x, not just below
    while (j < second.size() && second[j] <= x) ++j;
    d = std::max(d, std::abs(share(i, first.size()) - share(j, second.size())));
  }
  return d;
}

std::vector<double> quantile_edges(const FrozenSample& reference, std::size_t bins) {
  std::vector<double> edges;
  std::size_t i = 0;
  for (std::size_t j = 1; j < bins && !reference.values.empty(); ++j) {
    while (reference.cumulative[i] * bins < j * reference.n()) ++i;  // in integers: a rounded j/bins could miss a tie
    if (edges.empty() || edges.back() < reference.values[i]) edges.push_back(reference.values[i]);
  }
  return edges;
}

std::vector<std::uint64_t> bin_counts(const FrozenSample& reference, std::span<const double> edges,
                                      PositionCounts live) {
  std::vector<std::uint64_t> counts(edges.size() + 1, 0);
  auto next = live.begin();
  for (std::size_t j = 0; j < edges.size(); ++j) {
    const auto last = last_position(reference, edges[j]);
    for (; next != live.end() && next->first <= last; ++next) counts[j] += next->second;
  }
  for (; next != live.end(); ++next) counts.back() += next->second;
  return counts;
}

std::vector<std::uint64_t> reference_bin_counts(const FrozenSample& reference, std::span<const double> edges) {
  std::vector<std::uint64_t> counts;
  std::uint64_t before = 0;
  for (const double edge : edges) {
    const auto up_to = detail::at_most(reference, (last_position(reference, edge) + 1) / 2);
    counts.push_back(up_to - before);
    before = up_to;
  }
  counts.push_back(reference.n() - before);
  return counts;
}

}  // namespace pilotwatch::stats
