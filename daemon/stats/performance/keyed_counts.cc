// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/keyed_counts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr std::size_t max_pending = 256;
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

/// Order of the keys = order of the doubles.
std::uint64_t key_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 + 0 = 0
  return (bits & sign_bit) != 0 ? ~bits : bits | sign_bit;
}

double value_of(std::uint64_t key) { return std::bit_cast<double>((key & sign_bit) != 0 ? key & ~sign_bit : ~key); }

/// A coarse key reaches beyond infinity into the NaNs.
std::uint64_t clamp_key(std::uint64_t key) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return std::clamp(key, key_of(-inf), key_of(inf));
}

bool all_zero(const std::int64_t* counts, std::size_t width) {
  return std::all_of(counts, counts + width, [](std::int64_t count) { return count == 0; });
}

}  // namespace

double KeyedCounts::Group::middle() const {
  if (low == high) return low;
  constexpr double most = std::numeric_limits<double>::max();
  return std::clamp(low, -most, most) / 2 + std::clamp(high, -most, most) / 2;
}

KeyedCounts::Group KeyedCounts::Table::operator[](std::size_t i) const {
  const std::uint64_t first = keys_[i] << level_, last = first | ((std::uint64_t{1} << level_) - 1);
  return {value_of(clamp_key(first)), value_of(clamp_key(last)), std::span(counts_).subspan(i * width_, width_)};
}

KeyedCounts::KeyedCounts(std::size_t width, std::size_t cap) : cap_(cap) {
  PW_ASSERT(width >= 1 && width <= max_width);
  PW_ASSERT(cap >= 2 && cap <= max_cap);
  table_.width_ = width;
}

void KeyedCounts::add(double value, std::size_t slot, std::int64_t times) {
  PW_ASSERT(!std::isnan(value));
  PW_ASSERT(slot < width());
  if (times == 0) return;
  pending_.push_back({key_of(value) >> table_.level_, slot, times});
  if (pending_.size() >= max_pending) flush();
}

/// Merges the pending cases into the sorted table, then coarsens where there are too many keys. A key whose counts have
/// all come back to 0 goes first, so that a case taken back at once leaves no trace.
void KeyedCounts::flush() {
  if (pending_.empty()) return;
  std::sort(pending_.begin(), pending_.end(), [](const Case& a, const Case& b) { return a.key < b.key; });
  Table merged;
  merged.width_ = width();
  merged.level_ = table_.level_;
  merged.keys_.reserve(table_.size() + pending_.size());
  merged.counts_.reserve((table_.size() + pending_.size()) * width());
  std::size_t i = 0;
  for (auto next = pending_.begin(); i < table_.size() || next != pending_.end();) {
    const bool from_table = i < table_.size() && (next == pending_.end() || table_.keys_[i] <= next->key);
    const std::uint64_t key = from_table ? table_.keys_[i] : next->key;
    const std::size_t at = merged.counts_.size();
    merged.counts_.resize(at + width(), 0);
    if (from_table) {
      std::copy_n(&table_.counts_[i * width()], width(), &merged.counts_[at]);
      ++i;
    }
    for (; next != pending_.end() && next->key == key; ++next) merged.counts_[at + next->slot] += next->times;
    for (std::size_t slot = 0; slot < width(); ++slot) PW_ASSERT(merged.counts_[at + slot] >= 0);
    if (all_zero(&merged.counts_[at], width())) {
      merged.counts_.resize(at);
    } else {
      merged.keys_.push_back(key);
    }
  }
  pending_.clear();
  table_ = std::move(merged);
  coarsen_to_cap();
}

/// Two neighbouring keys stay apart under a further shift s iff the highest bit in which they differ is above it.
void KeyedCounts::coarsen_to_cap() {
  if (table_.size() <= cap_) return;
  std::array<std::size_t, 65> apart{};  // [b] = neighbours that differ first in bit b - 1
  for (std::size_t i = 1; i < table_.size(); ++i) {
    ++apart[static_cast<std::size_t>(std::bit_width(table_.keys_[i - 1] ^ table_.keys_[i]))];
  }
  std::size_t distinct = table_.size();
  unsigned shift = 0;
  while (distinct > cap_) distinct -= apart[++shift];
  coarsen_to(table_.level_ + shift);
}

void KeyedCounts::coarsen_to(unsigned level) {
  if (level <= table_.level_) return;
  const unsigned shift = level - table_.level_;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const std::uint64_t key = table_.keys_[i] >> shift;
    const bool first = kept == 0 || table_.keys_[kept - 1] != key;
    if (first) table_.keys_[kept++] = key;
    for (std::size_t slot = 0; slot < width(); ++slot) {
      std::int64_t& into = table_.counts_[(kept - 1) * width() + slot];
      const std::int64_t count = table_.counts_[i * width() + slot];
      into = first ? count : into + count;
    }
  }
  table_.keys_.resize(kept);
  table_.counts_.resize(kept * width());
  table_.level_ = level;
}

KeyedCounts& KeyedCounts::merge(const KeyedCounts& other, std::int64_t sign) {
  PW_ASSERT(width() == other.width() && cap_ == other.cap_);
  const Table theirs = other.table();
  flush();
  coarsen_to(theirs.level_);
  // As pending cases, whatever their number: one merge does the rest.
  const unsigned shift = table_.level_ - theirs.level_;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    for (std::size_t slot = 0; slot < width(); ++slot) {
      const std::int64_t count = theirs.counts_[i * width() + slot];
      if (count != 0) pending_.push_back({theirs.keys_[i] >> shift, slot, sign * count});
    }
  }
  flush();
  return *this;
}

KeyedCounts& KeyedCounts::operator+=(const KeyedCounts& other) { return merge(other, 1); }
KeyedCounts& KeyedCounts::operator-=(const KeyedCounts& other) { return merge(other, -1); }

KeyedCounts::Table KeyedCounts::table() const {
  if (pending_.empty()) return table_;
  KeyedCounts sorted = *this;
  sorted.flush();
  return std::move(sorted.table_);
}

void KeyedCounts::write(ByteWriter& out) const {
  const Table all = table();
  out.u64(cap_);
  out.u64(all.width_);
  out.u64(all.level_);
  out.u64(all.size());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    out.u64(all.keys_[i] - before);
    before = all.keys_[i];
    for (std::size_t slot = 0; slot < all.width_; ++slot) {
      out.u64(static_cast<std::uint64_t>(all.counts_[i * all.width_ + slot]));
    }
  }
}

void KeyedCounts::read(ByteReader& in) {
  const std::uint64_t cap = in.u64(), width_read = in.u64(), level = in.u64();
  if (cap < 2 || cap > max_cap || width_read != width() || level > 63) throw CorruptBytes("not these keyed counts");
  const std::size_t size = in.count(1 + width());
  if (size > cap) throw CorruptBytes("more keys than the cap");
  KeyedCounts fresh(width(), static_cast<std::size_t>(cap));
  Table& all = fresh.table_;
  all.level_ = static_cast<unsigned>(level);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t step = in.u64(), before = i == 0 ? 0 : all.keys_.back();
    const std::uint64_t key = before + step;
    const bool ascending = i == 0 || (step > 0 && key > before);
    if (!ascending || key > ~std::uint64_t{0} >> level) throw CorruptBytes("keys out of order");
    if (level == 0 && std::isnan(value_of(key))) throw CorruptBytes("a NaN among the values");
    all.keys_.push_back(key);
    for (std::size_t slot = 0; slot < width(); ++slot) {
      const std::uint64_t count = in.u64();
      if (count >> 62 != 0) throw CorruptBytes("count too large");
      all.counts_.push_back(static_cast<std::int64_t>(count));
    }
    if (all_zero(&all.counts_[i * width()], width())) throw CorruptBytes("a key without cases");
  }
  *this = std::move(fresh);
}

}  // namespace pilotwatch::stats
