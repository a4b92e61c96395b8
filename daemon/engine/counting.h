// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"

/// Small steps of monotone counters.
namespace pilotwatch::engine {

/// `times` more of `key` in a list sorted by key.
template <class Key>
void add(std::vector<std::pair<Key, std::uint64_t>>& counts, const std::type_identity_t<Key>& key,
         std::uint64_t times) {
  const auto at = std::lower_bound(counts.begin(), counts.end(), key,
                                   [](const auto& item, const auto& k) { return item.first < k; });
  if (at != counts.end() && at->first == key) {
    at->second += times;
  } else {
    counts.insert(at, {key, times});
  }
}
template <class Key>
void bump(std::vector<std::pair<Key, std::uint64_t>>& counts, const Key& key) {
  add(counts, key, 1);
}

inline void raise(std::optional<Instant>& newest, Instant time) {
  if (!newest || *newest < time) newest = time;
}

}  // namespace pilotwatch::engine
