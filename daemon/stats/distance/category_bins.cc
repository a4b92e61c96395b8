// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/category_bins.h"

#include <algorithm>

#include "base/result.h"

namespace pilotwatch::stats {

Answer<CategoryBins> CategoryBins::top(std::vector<Count> reference, std::size_t most) {
  std::erase_if(reference, [](const Count& c) { return c.second == 0; });
  if (reference.empty()) return Undefined::no_reference;
  std::sort(reference.begin(), reference.end(), [](const Count& a, const Count& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  CategoryBins out;
  out.kept_ = std::min(most, reference.size());
  for (std::size_t i = 0; i < reference.size(); ++i) {
    out.bins_.emplace_back(std::move(reference[i].first), std::min(i, out.kept_));
  }
  std::sort(out.bins_.begin(), out.bins_.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  PW_ASSERT(std::adjacent_find(out.bins_.begin(), out.bins_.end(), same) == out.bins_.end());
  return out;
}

std::size_t CategoryBins::bin_of(std::string_view category) const {
  const auto found = std::lower_bound(bins_.begin(), bins_.end(), category,
                                      [](const auto& bin, std::string_view wanted) { return bin.first < wanted; });
  return found != bins_.end() && found->first == category ? found->second : unseen();
}

}  // namespace pilotwatch::stats
