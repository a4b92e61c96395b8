// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "stats/distance/binning.h"

namespace pilotwatch::stats {

/// All that the binned distances need to know of a numeric reference: made once, then compared with any number of live
/// BinCounts of `bins`.
struct BinnedReference {
  Bins bins;
  BinCounts counts;  ///< of the reference, missing included
  /// One a bin of bins.ordered(), ascending: the mean of the reference in the bin; where it has none the middle of the
  /// bin, and for below and above the edge they begin at: how far beyond a value lies does not show.
  std::vector<double> representatives;
  double mean, sd;  ///< of the values that are not missing, sd with ddof 0

  [[nodiscard]] Counts ordered() const { return counts.first(bins.ordered()); }
};

/// The order of `reference` does not matter, bit for bit.
/// Errors  no_reference: no value that is not NaN;  out_of_domain: a value is infinite.
/// Cost    O(n log n), a copy.
[[nodiscard]] Answer<BinnedReference> binned_reference(Bins bins, std::span<const double> reference);

}  // namespace pilotwatch::stats
