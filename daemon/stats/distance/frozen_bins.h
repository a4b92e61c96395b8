// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stats/answer.h"
#include "stats/distance/binning.h"
#include "stats/distance/counts.h"
#include "stats/distance/ks.h"

namespace pilotwatch::stats {

/// The bins of Bins::quantile over a frozen reference, for live values that are known by their positions alone:
///
///   index    0        1 .. inner    inner + 1
///   values   below    inner bins    above
///
/// upper bounds e_j = the smallest point v with F(v) >= j/k, j = 1 .. k, each once. Where the sample is exact they are
/// the bins, counts, representatives and sd of Bins::quantile and binned_reference of the same values; a thinned sample
/// takes each point for the values up to it, which moves representatives and sd by less than one of its k-th parts.
/// Formula bins_quantile_formula. Immutable, any thread.
struct FrozenBins {
  std::vector<double> upper;             ///< upper bounds of the inner bins, the last one v_D
  std::vector<std::uint64_t> reference;  ///< upper.size() + 2 counts of the reference; below and above are 0
  std::vector<double>
      representatives;  ///< one a bin, ascending: mean of the reference in the bin; v_1 below, v_D above
  double sd = 0;        ///< of the reference, ddof 0

  /// Counts of live values in these bins. `sample` is the one they were made of. O(positions + bins log D).
  [[nodiscard]] std::vector<std::uint64_t> counts(const FrozenSample& sample, PositionCounts live) const;
};

/// k inner bins of about equal mass; ties can leave fewer.
/// Errors  no_reference: an empty sample;  out_of_domain: a value is infinite. k in [1, Bins::max_inner] (PW_ASSERT).
/// Cost    O(D).
[[nodiscard]] Answer<FrozenBins> frozen_bins(const FrozenSample& sample, std::size_t k = Bins::default_quantiles);

}  // namespace pilotwatch::stats
