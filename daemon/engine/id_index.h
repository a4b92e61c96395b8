// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/id.h"
#include "base/page_buffer.h"

namespace pilotwatch::engine {

/// In which block an old decision may be, by its id: the first 40 bits of ids (which are keyed hashes, so they are
/// spread evenly) in sorted runs, found by interpolation, with the newest behind them as they came. What it says must be confirmed on the whole id: of ids that are
/// not there it names a block for one in 10,000 of them where 100 million are.
///
/// Runs that stand side by side share a buffer, in which each has room to grow; where one has none left, all of them get a new buffer. Runs of their
/// own would leave holes behind: all grow at the same pace, so that what one has outgrown fits none.
///
/// Size  7 bytes a decision, 6.5 beyond 250,000. Cost: three places in memory a look.
class IdIndex {
 public:
  static constexpr std::uint32_t max_block = (1U << 24) - 1;
  static constexpr int prefix_bits = 40;
  [[nodiscard]] static std::uint64_t prefix(const Id128& id) { return id.hi >> (64 - prefix_bits); }

  /// `block` <= max_block.
  void insert(std::uint64_t prefix, std::uint32_t block);
  /// For many at once: append() all, then sort(). Between them nothing is found. `size`: of all that will be there.
  void reserve(std::size_t size);
  void append(std::uint64_t prefix, std::uint32_t block);
  void sort();

  /// Calls f(block) for each block that may hold it.
  template <class F>
  void find(std::uint64_t prefix, F&& f) const {
    if (size_ == 0) return;
    const auto number = prefix >> (prefix_bits - run_bits_);
    const auto& run = runs_[number];
    const auto* entries = entries_of(number);
    const auto key = rest(prefix);
    __builtin_prefetch(entries + std::size_t{run.sorted} * width_);
    for (auto at = lower_bound(entries, run.sorted, key << 24); at < run.sorted && entry(entries, at) >> 24 == key; ++at)
      f(static_cast<std::uint32_t>(entry(entries, at) & max_block));
    for (auto at = run.sorted; at < run.size; ++at) {
      if (const auto newest = entry(entries, at); newest >> 24 == key) f(static_cast<std::uint32_t>(newest & max_block));
    }
  }
  /// Brings what find() will look at first nearer.
  void prefetch(std::uint64_t prefix) const {
    if (size_ > 0) __builtin_prefetch(&runs_[prefix >> (prefix_bits - run_bits_)]);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const {
    return bytes_ + runs_.capacity() * sizeof(Run) + groups_.capacity() * sizeof(PageBuffer);
  }

 private:
  /// Entries of `width_` bytes: what the run's place does not say of the prefix, then the block. The first are sorted.
  struct Run {
    std::uint32_t begin = 0, room = 0;   ///< in the group's buffer, in entries
    std::uint32_t size = 0, sorted = 0;
  };

  [[nodiscard]] std::uint64_t rest(std::uint64_t prefix) const {
    return prefix & ((std::uint64_t{1} << (prefix_bits - run_bits_)) - 1);
  }
  [[nodiscard]] unsigned char* entries_of(std::uint64_t number) const {
    return groups_[number / group_runs].data() + std::size_t{runs_[number].begin} * width_;
  }
  [[nodiscard]] std::uint64_t entry(const unsigned char* entries, std::uint32_t at) const;
  void put(unsigned char* entries, std::uint32_t at, std::uint64_t value) const;
  [[nodiscard]] std::uint32_t lower_bound(const unsigned char* entries, std::uint32_t sorted, std::uint64_t value) const;
  void add(std::uint64_t number, std::uint64_t value);
  void make_room(std::uint64_t group);
  void sort_in(Run& run, unsigned char* entries) const;
  void set_runs(int bits);

  static constexpr std::size_t group_runs = 128;

  std::vector<Run> runs_;
  std::vector<PageBuffer> groups_;
  int run_bits_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t expected_ = 0;  ///< entries of a run
  std::size_t size_ = 0, bytes_ = 0;  ///< bytes_: of the buffers
};

}  // namespace pilotwatch::engine
