// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace pilotwatch::stats {

/// Cases counted by value, in `width` classes: a multiset of reals that is exact while it has at most `cap` distinct
/// values, and beyond that a histogram whose bins certify what they hide.
///
/// A value becomes a 64-bit integer in the order of the doubles, of which the last `level` bits are dropped. The level
/// is the least at which at most `cap` different keys remain; it only ever grows. So after any adds and merges the
/// state depends on the multiset alone, never on order or grouping. Taking back empties keys but never refines the
/// level; a case that only changes its class leaves the level where it was.
///
/// Size   (8 + 8 width) bytes a key, at most cap keys, and up to 256 cases of 24 bytes not yet sorted in.
/// Cost   `add` amortised O(cap / 256); memory grows at most once in 256 adds. Queries O(keys).
class KeyedCounts {
 public:
  static constexpr std::size_t default_cap = 10'000;
  static constexpr std::size_t max_width = 256, max_cap = std::size_t{1} << 24;

  /// width in [1, max_width], cap in [2, max_cap].
  explicit KeyedCounts(std::size_t width, std::size_t cap = default_cap);

  /// `value`: not NaN (a missing value is the caller's to count), -0 is 0. `times` < 0 takes back what was added
  /// before.
  void add(double value, std::size_t slot, std::int64_t times = 1);
  /// Same width and cap on both sides.
  KeyedCounts& operator+=(const KeyedCounts& other);
  /// Takes back all of `other`, which was merged in or added before.
  KeyedCounts& operator-=(const KeyedCounts& other);

  /// Values in [low, high], ascending and disjoint; low == high where the value is known.
  struct Group {
    double low, high;
    std::span<const std::int64_t> counts;  ///< width of them, >= 0, not all 0
    /// A value that stands for the group: itself where it is known, else the middle. Infinite only where known to be.
    [[nodiscard]] double middle() const;
  };
  /// A sorted copy to read from, so that readers never wait for cases that are not yet sorted in.
  class Table {
   public:
    [[nodiscard]] std::size_t size() const { return keys_.size(); }
    [[nodiscard]] Group operator[](std::size_t i) const;
    [[nodiscard]] std::size_t width() const { return width_; }
    /// Whether every group is one value.
    [[nodiscard]] bool exact() const { return level_ == 0; }

   private:
    friend class KeyedCounts;
    std::size_t width_ = 1;
    unsigned level_ = 0;
    std::vector<std::uint64_t> keys_;
    std::vector<std::int64_t> counts_;
  };
  [[nodiscard]] Table table() const;

  [[nodiscard]] std::size_t width() const { return table_.width_; }
  [[nodiscard]] std::size_t cap() const { return cap_; }

  void write(ByteWriter& out) const;
  /// Width must be that of the writer; the cap is read.
  void read(ByteReader& in);

 private:
  struct Case {
    std::uint64_t key;
    std::uint64_t slot;
    std::int64_t times;
  };
  void flush();
  void coarsen_to(unsigned level);
  void coarsen_to_cap();
  KeyedCounts& merge(const KeyedCounts& other, std::int64_t sign);

  std::size_t cap_;
  Table table_;
  std::vector<Case> pending_;
};

}  // namespace pilotwatch::stats
