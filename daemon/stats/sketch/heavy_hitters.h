// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace pilotwatch::stats {

inline constexpr const char* heavy_hitters_formula = "misra-gries/v1";

/// The most frequent keys of a stream in k counters: for displays ("the categories seen most").
///
/// A key with a counter adds to it; one without takes a free counter; where none is free, all counters and the newcomer
/// lose the same amount until one is free. What was lost in all is known, so every count is certified:
///
///   held <= true count <= held + error(),   error() <= n / (k + 1).
///
/// So every key with more than n/(k+1) cases is held. Exact while there are at most k distinct keys.
///
/// Merge   counters are added and all lose the (k+1)st largest: the same bound for the union. What is held depends on
/// the
///         order of cases and of merging; the bounds always hold. Nothing can be taken back.
/// Cost    16 bytes a counter; add O(log k) where the key is held, O(k) at most, no allocation.
/// Source  Misra, Gries 1982, Sci. Comput. Program. 2; Agarwal et al. 2012, PODS (mergeable summaries).
class HeavyHitters {
 public:
  /// k in [1, 65536], else a bug.
  explicit HeavyHitters(std::size_t k = 64);

  /// key: an id or a hash that the owner can translate back. times >= 0.
  void add(std::uint64_t key, std::int64_t times = 1);
  HeavyHitters& operator+=(const HeavyHitters& other);  ///< the same k, else a bug

  [[nodiscard]] std::uint64_t n() const { return n_; }
  [[nodiscard]] std::uint64_t error() const { return error_; }

  struct Count {
    std::uint64_t lower, upper;
  };
  /// What is certain of a key; upper = error() for a key that is not held.
  [[nodiscard]] Count count(std::uint64_t key) const;

  struct Item {
    std::uint64_t key, held;
    bool operator==(const Item&) const = default;
  };
  /// Held keys, the most frequent first, equal counts by key.
  [[nodiscard]] std::vector<Item> items() const;

  bool operator==(const HeavyHitters&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< k as written. CorruptBytes on bytes no state has.

 private:
  void lose(std::uint64_t amount);

  std::size_t k_;
  std::uint64_t n_ = 0, error_ = 0;
  std::vector<Item> items_;  ///< by key, held > 0
};

}  // namespace pilotwatch::stats
