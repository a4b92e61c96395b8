// SPDX-License-Identifier: Apache-2.0
#include "engine/position_counts.h"

#include <algorithm>
#include <iterator>

namespace pilotwatch::engine {
namespace {

using Items = std::vector<PositionCounts::Item>;

/// Lower bound without a branch that depends on the data: positions come in random order.
std::size_t place_of(const Items& items, std::uint32_t position) {
  const auto* base = items.data();
  std::size_t left = items.size();
  while (left > 1) {
    const std::size_t half = left / 2;
    base = base[half - 1].first < position ? base + half : base;
    left -= half;
  }
  const auto at = static_cast<std::size_t>(base - items.data());
  return left == 1 && base->first < position ? at + 1 : at;
}

bool is_at(const Items& items, std::size_t place, std::uint32_t position) {
  return place < items.size() && items[place].first == position;
}

}  // namespace

void PositionCounts::add_elsewhere(std::uint32_t position, std::int64_t times) {
  const auto known = place_of(sorted_, position);
  if (is_at(sorted_, known, position)) {
    sorted_[known].second += static_cast<std::uint64_t>(times);
    return;
  }
  const auto place = place_of(fresh_, position);
  if (is_at(fresh_, place, position)) {
    fresh_[place].second += static_cast<std::uint64_t>(times);
    return;
  }
  fresh_.insert(fresh_.begin() + static_cast<std::ptrdiff_t>(place), {position, static_cast<std::uint64_t>(times)});
  // While there are few counts the list is shorter: an array comes early where it can.
  if (fresh_.size() >= std::min(most_fresh, 1 + (sorted_.size() + dense_size()) / 16)) set_pairs(items());
}

/// The pairs alone, merged.
std::vector<PositionCounts::Item> PositionCounts::pairs() const {
  Items out;
  out.reserve(sorted_.size() + fresh_.size());
  std::merge(sorted_.begin(), sorted_.end(), fresh_.begin(), fresh_.end(), std::back_inserter(out),
             [](const Item& a, const Item& b) { return a.first < b.first; });
  std::erase_if(out, [](const Item& item) { return item.second == 0; });
  return out;
}

std::vector<PositionCounts::Item> PositionCounts::items() const {
  Items out;
  for (std::uint32_t position = 0; position < dense_size(); ++position) {
    if (const auto count = dense_at(position); count != 0) out.emplace_back(position, count);
  }
  const auto others = pairs();
  out.insert(out.end(), others.begin(), others.end());  // beyond the array
  return out;
}

/// `items`: all there are.
void PositionCounts::set_pairs(std::vector<Item> items) {
  fresh_.clear();
  const auto end = place_of(items, never_dense);
  const std::size_t positions = end == 0 ? 0 : items[end - 1].first + std::size_t{1};
  small_.clear();
  dense_.clear();
  if (end * 3 < positions || positions == 0) {
    sorted_ = std::move(items);
    return;
  }
  const bool fit = std::all_of(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(end),
                               [](const Item& item) { return item.second <= most_small; });
  if (fit) {
    small_.assign(positions, 0);
    for (std::size_t i = 0; i < end; ++i) small_[items[i].first] = static_cast<std::uint32_t>(items[i].second);
  } else {
    dense_.assign(positions, 0);
    for (std::size_t i = 0; i < end; ++i) dense_[items[i].first] = items[i].second;
  }
  sorted_.assign(items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
}

void PositionCounts::widen() {
  dense_.assign(small_.begin(), small_.end());
  small_ = {};
}

/// False: nothing has changed, since one of the arrays, or their sum, has more than 32 bits.
bool PositionCounts::add_small(const PositionCounts& other) {
  if (small_.empty() || other.small_.empty()) return false;
  std::uint64_t beyond = 0;
  for (std::size_t i = 0; i < other.small_.size(); ++i) beyond |= (std::uint64_t{small_[i]} + other.small_[i]) >> 32;
  if (beyond != 0) return false;
  for (std::size_t i = 0; i < other.small_.size(); ++i) small_[i] += other.small_[i];
  return true;
}

PositionCounts& PositionCounts::operator+=(const PositionCounts& other) {
  if (dense_size() > 0 && other.dense_size() <= dense_size()) {
    const bool added = add_small(other);
    for (std::uint32_t i = added ? static_cast<std::uint32_t>(other.dense_size()) : 0; i < other.dense_size(); ++i) {
      if (const auto count = other.dense_at(i); count != 0) add(i, static_cast<std::int64_t>(count));
    }
    for (const auto& item : other.pairs()) add(item.first, static_cast<std::int64_t>(item.second));
    return *this;
  }
  SparseCounts sum(items());
  sum += SparseCounts(other.items());
  set_pairs({sum.items().begin(), sum.items().end()});
  return *this;
}

std::uint64_t PositionCounts::at(std::uint32_t position) const {
  if (position < dense_size()) return dense_at(position);
  for (const auto* items : {&sorted_, &fresh_}) {
    const auto place = place_of(*items, position);
    if (is_at(*items, place, position)) return (*items)[place].second;
  }
  return 0;
}

std::uint64_t PositionCounts::total() const {
  std::uint64_t sum = 0;
  for (const auto count : small_) sum += count;
  for (const auto count : dense_) sum += count;
  for (const auto* items : {&sorted_, &fresh_}) {
    for (const auto& item : *items) sum += item.second;
  }
  return sum;
}

void PositionCounts::write(ByteWriter& out) const { SparseCounts(items()).write(out); }

void PositionCounts::read(ByteReader& in) {
  SparseCounts read;
  read.read(in);
  set_pairs({read.items().begin(), read.items().end()});
}

}  // namespace pilotwatch::engine
