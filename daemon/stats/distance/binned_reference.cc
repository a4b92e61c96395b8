// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binned_reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pilotwatch::stats {
namespace {

struct Moments {
  double mean, sd;
};

/// `sorted`, so that the sums do not depend on the order of arrival; around a middle value, so that a large offset
/// costs no digits.
Moments moments(const std::vector<double>& sorted) {
  const long double middle = sorted[sorted.size() / 2], n = static_cast<long double>(sorted.size());
  long double sum = 0, squares = 0;
  for (const double x : sorted) sum += x - middle;
  const long double mean = sum / n;
  for (const double x : sorted) {
    const long double d = x - middle - mean;
    squares += d * d;
  }
  return {static_cast<double>(middle + mean), static_cast<double>(std::sqrt(squares / n))};
}

}  // namespace

Answer<BinnedReference> binned_reference(Bins bins, std::span<const double> reference) {
  std::vector<double> sorted(reference.begin(), reference.end());
  std::erase_if(sorted, [](double x) { return std::isnan(x); });
  if (sorted.empty()) return Undefined::no_reference;
  std::sort(sorted.begin(), sorted.end());
  if (!std::isfinite(sorted.front()) || !std::isfinite(sorted.back())) return Undefined::out_of_domain;
  auto counts = histogram(bins, reference);
  std::vector<double> representatives;
  const double* next = sorted.data();
  for (std::size_t bin = 0; bin < bins.ordered(); ++bin) {
    const auto count = static_cast<std::ptrdiff_t>(counts.all()[bin]);
    if (count > 0) {
      representatives.push_back(std::clamp(moments({next, next + count}).mean, *next, next[count - 1]));
    } else if (bin == bins.below() || bin == bins.above()) {
      representatives.push_back(bins.upper(bin == bins.below() ? 0 : bins.inner()));
    } else {
      representatives.push_back(std::midpoint(bins.upper(bin - 1), bins.upper(bin)));
    }
    next += count;
  }
  const auto all = moments(sorted);
  return BinnedReference{std::move(bins), std::move(counts), std::move(representatives), all.mean, all.sd};
}

}  // namespace pilotwatch::stats
