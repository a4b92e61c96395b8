// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "stats/sequential/ranks.h"
#include "stats/simulation/streams.h"

namespace pilotwatch::stats::simulation {

/// A feature's reference of normal values in 64 quantile bins.
struct NormalReference {
  std::vector<double> edges;
  RankReference bins;

  NormalReference(Random& random, int rows) {
    std::vector<double> values(static_cast<std::size_t>(rows));
    for (double& value : values) value = random.normal();
    std::sort(values.begin(), values.end());
    for (std::size_t j = 1; j < max_rank_bins; ++j) {
      edges.push_back(values[(j * values.size() + max_rank_bins - 1) / max_rank_bins - 1]);
    }
    bins.counts.assign(max_rank_bins, 0);
    for (const double value : values) ++bins.counts[bin(value)];
  }
  /// Bin j holds (e_{j-1}, e_j].
  [[nodiscard]] std::size_t bin(double x) const {
    return static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), x) - edges.begin());
  }
};

}  // namespace pilotwatch::stats::simulation
