// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/multiple.h"

#include <algorithm>
#include <numeric>

#include "base/result.h"

namespace pilotwatch::stats {

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  PW_ASSERT(std::all_of(p.begin(), p.end(), [](double value) { return value >= 0 && value <= 1; }));
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double least = 1;
  for (std::size_t rank = p.size(); rank > 0; --rank) {
    const auto i = order[rank - 1];
    least = std::min(least, p[i] * (static_cast<double>(p.size()) / static_cast<double>(rank)));
    out[i] = least;
  }
  return out;
}

double false_coverage_confidence(std::uint64_t rejected, std::uint64_t tests, double q) {
  PW_ASSERT(tests > 0 && rejected <= tests && q > 0 && q < 1);
  return 1 - q * static_cast<double>(std::max<std::uint64_t>(1, rejected)) / static_cast<double>(tests);
}

}  // namespace pilotwatch::stats
