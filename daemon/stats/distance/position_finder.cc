// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/position_finder.h"

#include <algorithm>

namespace pilotwatch::stats {
namespace {

constexpr std::size_t few = 32;  // values that are counted rather than searched

std::size_t count_below(const double* values, std::size_t size, double x) {
  std::size_t below = 0;
  for (std::size_t i = 0; i < size; ++i) below += static_cast<std::size_t>(values[i] < x);
  return below;
}

}  // namespace

PositionFinder::PositionFinder(const FrozenSample& sample) : values_(sample.values.data()), size_(sample.values.size()) {
  for (std::size_t last = stride - 1; last < size_; last += stride) every_.push_back(values_[last]);
  for (std::size_t last = stride - 1; last < every_.size(); last += stride) far_.push_back(every_[last]);
}

/// How many of `size` sorted values are below x, `before` of which are known to be; those `stride` later are not.
std::size_t PositionFinder::below(const double* values, std::size_t size, std::size_t before, double x) {
  values += before;
  if (size - before < stride) return before + count_below(values, size - before, x);
  std::size_t below = before;
  for (std::size_t i = 0; i < stride; ++i) below += static_cast<std::size_t>(values[i] < x);
  return below;
}

std::size_t PositionFinder::position(double x) const {
  const std::size_t far =
      far_.size() <= few ? count_below(far_.data(), far_.size(), x)
                         : static_cast<std::size_t>(std::lower_bound(far_.begin(), far_.end(), x) - far_.begin());
  const std::size_t strides = below(every_.data(), every_.size(), far * stride, x);
  const std::size_t found = below(values_, size_, strides * stride, x);
  return 2 * found + static_cast<std::size_t>(found < size_ && values_[found] == x);
}

}  // namespace pilotwatch::stats
