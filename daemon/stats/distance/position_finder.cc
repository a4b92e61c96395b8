// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/position_finder.h"

namespace pilotwatch::stats {

PositionFinder::PositionFinder(const FrozenSample& sample) : values_(sample.values.data()), size_(sample.values.size()) {
  for (std::size_t last = stride - 1; last < size_; last += stride) every_.push_back(values_[last]);
}

std::size_t PositionFinder::position(double x) const {
  // How many full strides end below x; without a branch that depends on the data, which comes in random order.
  const double* base = every_.data();
  std::size_t length = every_.size(), strides = 0;
  if (length > 0) {
    while (length > 1) {
      const std::size_t half = length / 2;
      base += half * static_cast<std::size_t>(base[half - 1] < x);
      length -= half;
    }
    strides = static_cast<std::size_t>(base - every_.data()) + static_cast<std::size_t>(*base < x);
  }
  const std::size_t first = strides * stride;
  std::size_t below = first;
  if (size_ - first >= stride) {
    for (std::size_t i = 0; i < stride; ++i) below += static_cast<std::size_t>(values_[first + i] < x);
  } else {
    for (std::size_t i = first; i < size_; ++i) below += static_cast<std::size_t>(values_[i] < x);
  }
  return 2 * below + static_cast<std::size_t>(below < size_ && values_[below] == x);
}

}  // namespace pilotwatch::stats
