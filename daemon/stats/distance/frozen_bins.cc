// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/frozen_bins.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

std::uint64_t cases_at(const FrozenSample& sample, std::size_t i) {
  return sample.cumulative[i] - (i == 0 ? 0 : sample.cumulative[i - 1]);
}

/// Mean and sum of squared distances from it of the points [from, to), around the middle one, so that a large offset
/// costs no digits.
struct Moments {
  long double mean = 0, squares = 0, n = 0;
};
Moments moments(const FrozenSample& sample, std::size_t from, std::size_t to) {
  const long double middle = sample.values[from + (to - from) / 2];
  Moments out;
  long double sum = 0;
  for (std::size_t i = from; i < to; ++i) {
    const auto n = static_cast<long double>(cases_at(sample, i));
    sum += n * (sample.values[i] - middle);
    out.n += n;
  }
  const long double offset = out.n > 0 ? sum / out.n : 0;
  for (std::size_t i = from; i < to; ++i) {
    const long double d = sample.values[i] - middle - offset;
    out.squares += static_cast<long double>(cases_at(sample, i)) * d * d;
  }
  out.mean = middle + offset;
  return out;
}

}  // namespace

Answer<FrozenBins> frozen_bins(const FrozenSample& sample, std::size_t k) {
  PW_ASSERT(k >= 1 && k <= Bins::max_inner);
  if (sample.n() == 0) return Undefined::no_reference;
  const double least = sample.values.front(), most = sample.values.back();
  if (!std::isfinite(least) || !std::isfinite(most)) return Undefined::out_of_domain;
  FrozenBins out;
  out.upper = quantile_edges(sample, k);
  if (out.upper.empty() || out.upper.back() < most) out.upper.push_back(most);
  out.reference.push_back(0);
  out.representatives.push_back(least);
  std::size_t from = 0;
  for (const double bound : out.upper) {
    const auto to = static_cast<std::size_t>(
        std::upper_bound(sample.values.begin() + static_cast<std::ptrdiff_t>(from), sample.values.end(), bound) -
        sample.values.begin());
    out.reference.push_back(sample.cumulative[to - 1] - (from == 0 ? 0 : sample.cumulative[from - 1]));
    const auto mean = static_cast<double>(moments(sample, from, to).mean);
    out.representatives.push_back(std::clamp(mean, sample.values[from], bound));
    from = to;
  }
  out.reference.push_back(0);
  out.representatives.push_back(most);
  const auto all = moments(sample, 0, sample.values.size());
  out.sd = static_cast<double>(std::sqrt(all.squares / all.n));
  return out;
}

std::vector<std::uint64_t> FrozenBins::counts(const FrozenSample& sample, PositionCounts live) const {
  const std::uint64_t below = !live.empty() && live.front().first == 0 ? live.front().second : 0;
  auto out = bin_counts(sample, upper, live);  // the first bin with all that lies below it
  out.front() -= below;
  out.insert(out.begin(), below);
  return out;
}

}  // namespace pilotwatch::stats
