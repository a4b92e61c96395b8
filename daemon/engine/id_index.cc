// SPDX-License-Identifier: Apache-2.0
#include "engine/id_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/result.h"

namespace pilotwatch::engine {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int few = 8, many = 16;                // bits of the prefix that choose a run
constexpr std::size_t most_of_few = 250'000;     // then there are more runs, and each entry is a byte shorter
constexpr std::uint32_t most_unsorted = 16;      // at the end of a run: entries are sorted in together
constexpr std::uint32_t slack = sizeof(std::uint64_t);  // behind the last entry: entries are read as whole words

/// Of a run of that size in a new buffer: a twelfth to grow, so that some fifteen entries are moved for each that comes.
std::uint32_t room_for(std::uint32_t size) { return size + size / 12 + 4; }

}  // namespace

std::uint64_t IdIndex::entry(const unsigned char* entries, std::uint32_t at) const {
  std::uint64_t value = 0;
  std::memcpy(&value, entries + std::size_t{at} * width_, sizeof value);
  return value & ((std::uint64_t{1} << (8 * width_)) - 1);
}

void IdIndex::put(unsigned char* entries, std::uint32_t at, std::uint64_t value) const {
  std::memcpy(entries + std::size_t{at} * width_, &value, width_);
}

/// The first entry that is not less. Entries are spread evenly, so it is near where its value says.
std::uint32_t IdIndex::lower_bound(const unsigned char* entries, std::uint32_t sorted, std::uint64_t value) const {
  if (sorted == 0) return 0;
  const auto guess =
      static_cast<std::uint32_t>(static_cast<Wide>(value) * sorted >> (prefix_bits - run_bits_ + 24));
  std::uint32_t low = 0, high = sorted;
  if (guess < sorted && entry(entries, guess) < value) {
    low = guess + 1;
    for (std::uint32_t step = 8; low < high; step *= 2) {
      const auto at = std::min(sorted - 1, low + step);
      if (entry(entries, at) >= value || at == sorted - 1) {
        high = entry(entries, at) >= value ? at : sorted;
        break;
      }
      low = at + 1;
    }
  } else {
    high = std::min(guess, sorted);
    for (std::uint32_t step = 8; high > 0; step *= 2) {
      const auto at = high > step ? high - step : 0;
      if (entry(entries, at) < value) {
        low = at + 1;
        break;
      }
      high = at;
    }
  }
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (entry(entries, middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// A new buffer for the runs of a group.
void IdIndex::make_room(std::uint64_t group) {
  const auto first = group * group_runs, last = std::min<std::uint64_t>(first + group_runs, runs_.size());
  std::size_t rooms = 0;
  for (auto number = first; number < last; ++number) rooms += room_for(std::max(runs_[number].size, expected_));
  PageBuffer buffer(rooms * width_ + slack);
  std::uint32_t begin = 0;
  for (auto number = first; number < last; ++number) {
    auto& run = runs_[number];
    if (run.size > 0)
      std::memcpy(buffer.data() + std::size_t{begin} * width_, entries_of(number), std::size_t{run.size} * width_);
    run.begin = begin;
    run.room = room_for(std::max(run.size, expected_));
    begin += run.room;
  }
  bytes_ += buffer.size();
  bytes_ -= groups_[group].size();
  groups_[group] = std::move(buffer);
}

void IdIndex::insert(std::uint64_t prefix, std::uint32_t block) {
  append(prefix, block);
  const auto number = prefix >> (prefix_bits - run_bits_);
  auto& run = runs_[number];
  if (run.size - run.sorted >= most_unsorted) sort_in(run, entries_of(number));
}

/// The newest entries among the others, from the end on.
void IdIndex::sort_in(Run& run, unsigned char* entries) const {
  std::array<std::uint64_t, most_unsorted> newest{};
  auto left = run.size - run.sorted;
  PW_ASSERT(left <= newest.size());
  for (std::uint32_t i = 0; i < left; ++i) newest[i] = entry(entries, run.sorted + i);
  std::sort(newest.begin(), newest.begin() + left);
  auto old = run.sorted;
  for (auto at = run.size; left > 0;) {
    const auto greatest = newest[left - 1];
    auto first = old;  // of the old ones that are greater: they move together
    while (first > 0 && entry(entries, first - 1) > greatest) --first;
    const auto moved = old - first;
    at -= moved;
    std::memmove(entries + std::size_t{at} * width_, entries + std::size_t{first} * width_, std::size_t{moved} * width_);
    old = first;
    put(entries, --at, greatest);
    --left;
  }
  run.sorted = run.size;
}

void IdIndex::add(std::uint64_t number, std::uint64_t value) {
  auto& run = runs_[number];
  if (run.size == run.room) make_room(number / group_runs);
  put(entries_of(number), run.size++, value);
}

void IdIndex::append(std::uint64_t prefix, std::uint32_t block) {
  PW_ASSERT(block <= max_block);
  if (run_bits_ == 0 || (run_bits_ == few && size_ == most_of_few)) set_runs(run_bits_ == 0 ? few : many);
  add(prefix >> (prefix_bits - run_bits_), rest(prefix) << 24 | block);
  ++size_;
}

void IdIndex::sort() {
  std::vector<std::uint64_t> values;
  for (std::size_t number = 0; number < runs_.size(); ++number) {
    auto& run = runs_[number];
    if (run.size == 0) continue;
    auto* const entries = entries_of(number);
    values.resize(run.size);
    for (std::uint32_t i = 0; i < run.size; ++i) values[i] = entry(entries, i);
    std::sort(values.begin(), values.end());
    for (std::uint32_t i = 0; i < run.size; ++i) put(entries, i, values[i]);
    run.sorted = run.size;
  }
  expected_ = 0;
}

void IdIndex::reserve(std::size_t size) {
  const auto bits = size > most_of_few ? many : few;
  if (bits > run_bits_) set_runs(bits);
  expected_ = static_cast<std::uint32_t>(size >> run_bits_);
}

/// In order: runs that are sorted stay so.
void IdIndex::set_runs(int bits) {
  IdIndex out;
  out.run_bits_ = bits;
  out.width_ = static_cast<std::uint32_t>((prefix_bits - bits + 24) / 8);
  out.runs_.resize(std::size_t{1} << bits);
  out.groups_.resize((out.runs_.size() + group_runs - 1) / group_runs);
  out.expected_ = static_cast<std::uint32_t>(size_ >> bits);
  sort();
  for (std::size_t number = 0; number < runs_.size(); ++number) {
    for (std::uint32_t i = 0; i < runs_[number].size; ++i) {
      const auto value = entry(entries_of(number), i);
      const auto prefix = std::uint64_t{number} << (prefix_bits - run_bits_) | value >> 24;
      out.add(prefix >> (prefix_bits - bits), out.rest(prefix) << 24 | (value & max_block));
    }
  }
  for (auto& run : out.runs_) run.sorted = run.size;
  out.size_ = size_;
  out.expected_ = 0;
  *this = std::move(out);
}

}  // namespace pilotwatch::engine
