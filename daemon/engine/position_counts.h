// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "engine/sparse_counts.h"

namespace pilotwatch::engine {

/// Counts at positions of a frozen feature: what SparseCounts are, with the same bytes, but cheap to add to where there
/// are many of them. Pairs as long as they are few; once a third of all positions up to the greatest has a count, a
/// plain array. Of 32 bits, which halves what the processor's caches must hold, until a count needs more.
///
/// add: one access in the array; O(log n) among the pairs, where new positions gather in a short list that is merged
/// when it is full.
class PositionCounts {
 public:
  using Item = SparseCounts::Item;

  void add(std::uint32_t position, std::int64_t times) {
    if (position < small_.size()) {
      const auto sum = static_cast<std::int64_t>(small_[position]) + times;
      if (static_cast<std::uint64_t>(sum) <= most_small) {
        small_[position] = static_cast<std::uint32_t>(sum);
        return;
      }
      widen();
    }
    if (position < dense_.size()) {
      dense_[position] += static_cast<std::uint64_t>(times);  // modular: a negative `times` takes back
      return;
    }
    add_elsewhere(position, times);
  }
  PositionCounts& operator+=(const PositionCounts& other);

  [[nodiscard]] std::uint64_t at(std::uint32_t position) const;
  [[nodiscard]] std::uint64_t total() const;
  /// All that are not zero, by position.
  [[nodiscard]] std::vector<Item> items() const;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  /// Positions from here on (unseen_category; none of a sample) stay pairs, so that they make no array.
  static constexpr std::uint32_t never_dense = 1U << 24;
  static constexpr std::size_t most_fresh = 64;
  static constexpr std::uint64_t most_small = ~std::uint32_t{0};

  void add_elsewhere(std::uint32_t position, std::int64_t times);
  [[nodiscard]] std::vector<Item> pairs() const;
  void set_pairs(std::vector<Item> items);
  void widen();
  bool add_small(const PositionCounts& other);
  [[nodiscard]] std::size_t dense_size() const { return small_.empty() ? dense_.size() : small_.size(); }
  [[nodiscard]] std::uint64_t dense_at(std::size_t position) const {
    return small_.empty() ? dense_[position] : small_[position];
  }

  std::vector<std::uint32_t> small_;  ///< by position; empty: none, or one needs more
  std::vector<std::uint64_t> dense_;  ///< instead of it; both empty: all counts are pairs
  std::vector<Item> sorted_;          ///< beyond the array; a count that came back to zero stays until the next merge
  std::vector<Item> fresh_;           ///< sorted, too; none of these positions is in sorted_
};

}  // namespace pilotwatch::engine
