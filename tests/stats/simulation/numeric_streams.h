// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "stats/sequential/ranks.h"
#include "stats/simulation/streams.h"

namespace pilotwatch::stats::simulation {

/// A feature's reference of normal values in 64 quantile bins.
struct NormalReference {
  static constexpr std::size_t bins_wanted = 64;
  std::vector<double> edges;
  RankReference bins;

  NormalReference(Random& random, int rows) {
    std::vector<double> values(static_cast<std::size_t>(rows));
    for (double& value : values) value = random.normal();
    std::sort(values.begin(), values.end());
    for (std::size_t j = 1; j < bins_wanted; ++j) {
      edges.push_back(values[(j * values.size() + bins_wanted - 1) / bins_wanted - 1]);
    }
    bins.counts.assign(bins_wanted, 0);
    for (const double value : values) ++bins.counts[bin(value)];
  }
  /// Bin j holds (e_{j-1}, e_j].
  [[nodiscard]] std::size_t bin(double x) const {
    return static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), x) - edges.begin());
  }
};

}  // namespace pilotwatch::stats::simulation
