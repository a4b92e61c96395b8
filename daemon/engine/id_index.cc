// SPDX-License-Identifier: Apache-2.0
#include "engine/id_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int few = 8, many = 16;                // bits of the prefix that choose a run
constexpr std::size_t most_of_few = 250'000;     // then there are more runs, and each entry is a byte shorter
constexpr std::uint32_t most_unsorted = 16;      // at the end of a run: entries are sorted in together
constexpr std::uint32_t slack = sizeof(std::uint64_t);  // behind the last entry: entries are read as whole words

}  // namespace

std::uint64_t IdIndex::entry(const Run& run, std::uint32_t at) const {
  std::uint64_t value = 0;
  std::memcpy(&value, run.entries.get() + std::size_t{at} * width_, sizeof value);
  return value & ((std::uint64_t{1} << (8 * width_)) - 1);
}

void IdIndex::put(Run& run, std::uint32_t at, std::uint64_t value) {
  std::memcpy(run.entries.get() + std::size_t{at} * width_, &value, width_);
}

/// The first entry that is not less. Entries are spread evenly, so it is near where its value says.
std::uint32_t IdIndex::lower_bound(const Run& run, std::uint64_t value) const {
  if (run.sorted == 0) return 0;
  const auto guess = static_cast<std::uint32_t>(
      static_cast<Wide>(value) * run.sorted >> (prefix_bits - run_bits_ + 24));
  std::uint32_t low = 0, high = run.sorted;
  if (guess < run.sorted && entry(run, guess) < value) {
    low = guess + 1;
    for (std::uint32_t step = 8; low < high; step *= 2) {
      const auto at = std::min(run.sorted - 1, low + step);
      if (entry(run, at) >= value || at == run.sorted - 1) {
        high = entry(run, at) >= value ? at : run.sorted;
        break;
      }
      low = at + 1;
    }
  } else {
    high = std::min(guess, run.sorted);
    for (std::uint32_t step = 8; high > 0; step *= 2) {
      const auto at = high > step ? high - step : 0;
      if (entry(run, at) < value) {
        low = at + 1;
        break;
      }
      high = at;
    }
  }
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (entry(run, middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void IdIndex::make_room(Run& run) {
  if (run.size < run.room) return;
  const auto room = run.room + std::max<std::uint32_t>(4, run.room / 16);
  auto* grown = static_cast<unsigned char*>(std::realloc(run.entries.get(), std::size_t{room} * width_ + slack));
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(run.entries.release());
  run.entries.reset(grown);
  bytes_ += std::size_t{room - run.room} * width_ + (run.room == 0 ? slack + 16 : 0);  // 16: the allocator's own
  run.room = room;
}

void IdIndex::insert(std::uint64_t prefix, std::uint32_t block) {
  append(prefix, block);
  auto& run = runs_[prefix >> (prefix_bits - run_bits_)];
  if (run.size - run.sorted >= most_unsorted) sort_in(run);
}

/// The newest entries among the others, from the end on.
void IdIndex::sort_in(Run& run) {
  std::array<std::uint64_t, most_unsorted> newest{};
  auto left = run.size - run.sorted;
  PW_ASSERT(left <= newest.size());
  for (std::uint32_t i = 0; i < left; ++i) newest[i] = entry(run, run.sorted + i);
  std::sort(newest.begin(), newest.begin() + left);
  auto old = run.sorted;
  for (auto at = run.size; left > 0;) {
    const auto greatest = newest[left - 1];
    auto first = old;  // of the old ones that are greater: they move together
    while (first > 0 && entry(run, first - 1) > greatest) --first;
    const auto moved = old - first;
    at -= moved;
    std::memmove(run.entries.get() + std::size_t{at} * width_, run.entries.get() + std::size_t{first} * width_,
                 std::size_t{moved} * width_);
    old = first;
    put(run, --at, greatest);
    --left;
  }
  run.sorted = run.size;
}

void IdIndex::append(std::uint64_t prefix, std::uint32_t block) {
  PW_ASSERT(block <= max_block);
  reserve(size_ + 1);
  auto& run = runs_[prefix >> (prefix_bits - run_bits_)];
  make_room(run);
  put(run, run.size++, rest(prefix) << 24 | block);
  ++size_;
}

void IdIndex::sort() {
  std::vector<std::uint64_t> values;
  for (auto& run : runs_) {
    values.resize(run.size);
    for (std::uint32_t i = 0; i < run.size; ++i) values[i] = entry(run, i);
    std::sort(values.begin(), values.end());
    for (std::uint32_t i = 0; i < run.size; ++i) put(run, i, values[i]);
    run.sorted = run.size;
  }
}

void IdIndex::reserve(std::size_t size) {
  if (run_bits_ == 0) set_runs(size > most_of_few ? many : few);
  if (size > most_of_few && run_bits_ == few) set_runs(many);
}

/// In order: runs that are sorted stay so.
void IdIndex::set_runs(int bits) {
  sort();
  auto before = std::move(runs_);
  const auto bits_before = run_bits_;
  const auto width_before = width_;
  runs_ = std::vector<Run>(std::size_t{1} << bits);
  bytes_ = 0;
  for (std::size_t number = 0; number < before.size(); ++number) {
    auto& run = before[number];
    for (std::uint32_t i = 0; i < run.size; ++i) {
      run_bits_ = bits_before;
      width_ = width_before;
      const auto value = entry(run, i);
      const auto prefix = std::uint64_t{number} << (prefix_bits - bits_before) | value >> 24;
      run_bits_ = bits;
      width_ = static_cast<std::uint32_t>((prefix_bits - bits + 24) / 8);
      auto& into = runs_[prefix >> (prefix_bits - bits)];
      make_room(into);
      put(into, into.size++, rest(prefix) << 24 | (value & max_block));
      into.sorted = into.size;
    }
  }
  run_bits_ = bits;
  width_ = static_cast<std::uint32_t>((prefix_bits - bits + 24) / 8);
}

}  // namespace pilotwatch::engine
