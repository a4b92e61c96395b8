// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/budget.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/result.h"

namespace pilotwatch::stats {

std::vector<double> split_budget(std::span<const Family> monitors, const FamilyShares& parts) {
  std::array<std::size_t, family_count> members{};
  for (const auto family : monitors) ++members[static_cast<std::size_t>(family)];
  double used = 0;
  for (std::size_t f = 0; f < family_count; ++f) {
    PW_ASSERT(parts[f] >= 0);
    if (members[f] > 0) used += parts[f];
  }
  const double all = std::accumulate(parts.begin(), parts.end(), 0.0);
  PW_ASSERT(all <= 1 + 1e-12);
  std::vector<double> out;
  out.reserve(monitors.size());
  for (const auto family : monitors) {
    const auto f = static_cast<std::size_t>(family);
    // A family whose part is 0 has no budget: its threshold is infinite.
    out.push_back(used > 0 ? parts[f] / used * all / static_cast<double>(members[f]) : 0);
  }
  return out;
}

std::vector<std::size_t> digest(std::span<const double> s, double n) {
  std::vector<double> sorted(s.begin(), s.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto monitors = static_cast<double>(s.size());
  std::size_t k = sorted.size();
  while (k > 0 && sorted[k - 1] < monitors * n / static_cast<double>(k)) --k;
  std::vector<std::size_t> out;
  if (k == 0) return out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] >= monitors * n / static_cast<double>(k)) out.push_back(i);
  }
  return out;
}

double global_statistic(std::span<const double> s, std::span<const double> shares) {
  PW_ASSERT(s.size() == shares.size());
  return std::inner_product(s.begin(), s.end(), shares.begin(), 0.0);
}

}  // namespace pilotwatch::stats
