// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace pilotwatch::engine {

/// Counts at few of many positions: sorted pairs, none of them zero, so that equal counts have equal bytes.
/// add: O(log n) where the position is known, O(n) where it is new.
class SparseCounts {
 public:
  using Item = std::pair<std::uint32_t, std::uint64_t>;

  SparseCounts() = default;
  /// Sorted, none of them zero.
  explicit SparseCounts(std::vector<Item> items) : items_(std::move(items)) {}

  void add(std::uint32_t position, std::int64_t times) {
    const auto at = std::lower_bound(items_.begin(), items_.end(), position,
                                     [](const Item& item, std::uint32_t p) { return item.first < p; });
    if (at == items_.end() || at->first != position) {
      items_.insert(at, {position, static_cast<std::uint64_t>(times)});
      return;
    }
    at->second += static_cast<std::uint64_t>(times);  // modular: a negative `times` takes back
    if (at->second == 0) items_.erase(at);
  }

  SparseCounts& operator+=(const SparseCounts& other) {
    if (other.items_.empty()) return *this;
    std::vector<Item> merged;
    merged.reserve(items_.size() + other.items_.size());
    auto a = items_.begin();
    for (const auto& item : other.items_) {
      while (a != items_.end() && a->first < item.first) merged.push_back(*a++);
      if (a != items_.end() && a->first == item.first) {
        merged.emplace_back(item.first, a++->second + item.second);
      } else {
        merged.push_back(item);
      }
    }
    merged.insert(merged.end(), a, items_.end());
    items_ = std::move(merged);
    return *this;
  }

  [[nodiscard]] std::uint64_t at(std::uint32_t position) const {
    const auto found = std::lower_bound(items_.begin(), items_.end(), position,
                                        [](const Item& item, std::uint32_t p) { return item.first < p; });
    return found != items_.end() && found->first == position ? found->second : 0;
  }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& item : items_) sum += item.second;
    return sum;
  }
  [[nodiscard]] std::span<const Item> items() const { return items_; }
  [[nodiscard]] bool empty() const { return items_.empty(); }

  void write(ByteWriter& out) const {
    out.u64(items_.size());
    for (const auto& [position, count] : items_) {
      out.u64(position);
      out.u64(count);
    }
  }
  void read(ByteReader& in) {
    items_.resize(in.count(2));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      items_[i] = {static_cast<std::uint32_t>(in.u64()), in.u64()};
      if (i > 0 && items_[i].first <= items_[i - 1].first) throw CorruptBytes("counts out of order");
    }
  }

 private:
  std::vector<Item> items_;
};

}  // namespace pilotwatch::engine
