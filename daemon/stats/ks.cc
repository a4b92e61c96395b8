// SPDX-License-Identifier: Apache-2.0
#include "stats/ks.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {

std::size_t FrozenSample::position(double value) const {
  if (std::isnan(value)) return 2 * values.size();
  const auto at = std::lower_bound(values.begin(), values.end(), value);
  const auto below = static_cast<std::size_t>(at - values.begin());
  return at != values.end() && *at == value ? 2 * below + 1 : 2 * below;
}

FrozenSample freeze(std::vector<double> sample, std::size_t max_distinct) {
  std::sort(sample.begin(), sample.end());
  FrozenSample all;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (i + 1 < sample.size() && sample[i + 1] == sample[i]) continue;
    all.values.push_back(sample[i]);
    all.cumulative.push_back(i + 1);
  }
  max_distinct = std::max<std::size_t>(max_distinct, 2);
  if (all.values.size() <= max_distinct) return all;
  FrozenSample thin;
  thin.exact = false;
  for (std::size_t k = 0; k < max_distinct; ++k) {
    const std::size_t i = k * (all.values.size() - 1) / (max_distinct - 1);
    thin.values.push_back(all.values[i]);
    thin.cumulative.push_back(all.cumulative[i]);
  }
  return thin;
}

std::optional<KsResult> ks(const FrozenSample& reference, std::span<const PositionCount> live) {
  KsResult out;
  out.n_reference = reference.n();
  for (const auto& [position, count] : live) out.n_live += count;
  if (out.n_reference == 0 || out.n_live == 0) return std::nullopt;
  const auto n = static_cast<double>(out.n_reference), m = static_cast<double>(out.n_live);
  auto item = live.begin();
  std::uint64_t seen = 0;   // live values counted so far
  const auto take_until = [&](std::size_t position) {
    for (; item != live.end() && item->first <= position; ++item) seen += item->second;
    return static_cast<double>(seen) / m;
  };
  double reference_before = 0, live_before = 0;   // both distribution functions at the value before
  for (std::size_t i = 0; i < reference.values.size(); ++i) {
    const double live_left = take_until(2 * i);   // limit from the left at values[i]
    const double live_at = take_until(2 * i + 1);
    const double reference_at = static_cast<double>(reference.cumulative[i]) / n;
    // Exact: the reference does not move between two values. Thinned: it may have reached anything up to here.
    out.lower = std::max({out.lower, std::abs(live_at - reference_at), reference.exact ? std::abs(live_left - reference_before) : 0.0});
    out.upper = std::max({out.upper, out.lower, live_left - reference_before, reference_at - live_before});
    reference_before = reference_at;
    live_before = live_at;
  }
  if (reference.exact) out.upper = out.lower;
  out.d = out.lower;
  return out;
}

std::vector<std::size_t> quantile_edges(const FrozenSample& reference, std::size_t bins) {
  std::vector<std::size_t> edges;
  const std::uint64_t n = reference.n();
  for (std::size_t j = 1; j < bins; ++j) {
    // The smallest value with cumulative * bins >= j * n, in integers so that no rounding moves an edge.
    const auto at = std::lower_bound(reference.cumulative.begin(), reference.cumulative.end(), j,
                                     [&](std::uint64_t cumulative, std::size_t step) { return cumulative * bins < step * n; });
    const auto index = static_cast<std::size_t>(at - reference.cumulative.begin());
    if (index + 1 < reference.values.size() && (edges.empty() || edges.back() != index)) edges.push_back(index);
  }
  return edges;
}

std::vector<std::uint64_t> reference_bin_counts(const FrozenSample& reference, std::span<const std::size_t> edges) {
  std::vector<std::uint64_t> out;
  std::uint64_t before = 0;
  for (const auto edge : edges) {
    out.push_back(reference.cumulative[edge] - before);
    before = reference.cumulative[edge];
  }
  out.push_back(reference.n() - before);
  return out;
}

std::vector<std::uint64_t> bin_counts(const FrozenSample&, std::span<const std::size_t> edges, std::span<const PositionCount> live) {
  std::vector<std::uint64_t> out(edges.size() + 1, 0);
  std::size_t bin = 0;
  for (const auto& [position, count] : live) {
    while (bin < edges.size() && position > 2 * edges[bin] + 1) ++bin;   // position of the edge itself: 2i + 1, i from 0
    out[bin] += count;
  }
  return out;
}

}  // namespace pilotwatch::stats
