// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/heavy_hitters.h"

#include <algorithm>
#include <functional>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr std::size_t most_k = 65536;

template <class Items>
auto place_of(Items& items, std::uint64_t key) {
  return std::lower_bound(items.begin(), items.end(), key,
                          [](const auto& item, std::uint64_t k) { return item.key < k; });
}

}  // namespace

HeavyHitters::HeavyHitters(std::size_t k) : k_(k) {
  PW_ASSERT(k >= 1 && k <= most_k);
  items_.reserve(k);
}

void HeavyHitters::lose(std::uint64_t amount) {
  for (auto& item : items_) item.held -= std::min(item.held, amount);
  std::erase_if(items_, [](const Item& item) { return item.held == 0; });
  error_ += amount;
}

void HeavyHitters::add(std::uint64_t key, std::int64_t times) {
  PW_ASSERT(times >= 0);
  auto left = static_cast<std::uint64_t>(times);
  n_ += left;
  if (left == 0) return;
  auto place = place_of(items_, key);
  if (place != items_.end() && place->key == key) {
    place->held += left;
    return;
  }
  if (items_.size() == k_) {
    const auto by_held = [](const Item& a, const Item& b) { return a.held < b.held; };
    const auto amount = std::min(left, std::min_element(items_.begin(), items_.end(), by_held)->held);
    lose(amount);
    left -= amount;
    place = place_of(items_, key);
  }
  if (left > 0) items_.insert(place, {key, left});  // then the smallest counter was lost: there is room
}

HeavyHitters& HeavyHitters::operator+=(const HeavyHitters& other) {
  PW_ASSERT(k_ == other.k_);
  const auto theirs = other.items_;  // a copy: a state may be added to itself
  n_ += other.n_;
  error_ += other.error_;
  for (const auto& [key, held] : theirs) {
    const auto place = place_of(items_, key);
    if (place != items_.end() && place->key == key) {
      place->held += held;
    } else {
      items_.insert(place, {key, held});
    }
  }
  if (items_.size() <= k_) return *this;
  std::vector<std::uint64_t> held;
  for (const auto& item : items_) held.push_back(item.held);
  const auto cut = held.begin() + static_cast<std::ptrdiff_t>(k_);
  std::nth_element(held.begin(), cut, held.end(), std::greater<>());
  lose(*cut);
  return *this;
}

HeavyHitters::Count HeavyHitters::count(std::uint64_t key) const {
  const auto place = place_of(items_, key);
  const std::uint64_t held = place != items_.end() && place->key == key ? place->held : 0;
  return {held, held + error_};
}

std::vector<HeavyHitters::Item> HeavyHitters::items() const {
  auto out = items_;
  std::stable_sort(out.begin(), out.end(), [](const Item& a, const Item& b) { return a.held > b.held; });
  return out;
}

void HeavyHitters::write(ByteWriter& out) const {
  out.u64(k_);
  out.u64(n_);
  out.u64(error_);
  out.u64(items_.size());
  for (const auto& [key, held] : items_) {
    out.u64(key);
    out.u64(held);
  }
}

void HeavyHitters::read(ByteReader& in) {
  const auto k = in.u64();
  if (k < 1 || k > most_k) throw CorruptBytes("heavy hitters: k");
  HeavyHitters got(k);
  got.n_ = in.u64();
  got.error_ = in.u64();
  if (got.error_ > got.n_ / (k + 1)) throw CorruptBytes("heavy hitters: error");
  const auto size = in.count(2);
  if (size > k) throw CorruptBytes("heavy hitters: more keys than counters");
  std::uint64_t left = got.n_ - got.error_;
  for (std::size_t i = 0; i < size; ++i) {
    const auto key = in.u64(), held = in.u64();
    if (held == 0 || held > left || (i > 0 && key <= got.items_.back().key)) throw CorruptBytes("heavy hitters: a key");
    left -= held;
    got.items_.push_back({key, held});
  }
  *this = std::move(got);
}

}  // namespace pilotwatch::stats
