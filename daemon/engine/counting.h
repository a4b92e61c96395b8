// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"

/// Small steps of monotone counters.
namespace pilotwatch::engine {

/// One more of `key` in a list sorted by key.
template <class Key>
void bump(std::vector<std::pair<Key, std::uint64_t>>& counts, const Key& key) {
  const auto at = std::lower_bound(counts.begin(), counts.end(), key,
                                   [](const auto& item, const auto& k) { return item.first < k; });
  if (at != counts.end() && at->first == key) {
    ++at->second;
  } else {
    counts.insert(at, {key, 1});
  }
}

inline void raise(std::optional<Instant>& newest, Instant time) {
  if (!newest || *newest < time) newest = time;
}

}  // namespace pilotwatch::engine
