// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/id_index.h"
#include "engine/row_block.h"

namespace pilotwatch::engine {

/// What has changed in a decision since its block was written; each with all that is known of it.
struct LateChange {
  OutcomeRow outcome;
  std::uint64_t rank = no_rank;
  Instant first_complaint = Instant::max();
  std::uint32_t complaints = 0;
  std::uint32_t version = 0;  ///< grows with each change
  bool has_outcome = false;
};

/// A pilot's old decisions: slots 0 ... size() - 1. Their rows are on disk, in blocks that are read when somebody asks for
/// one of them; in memory are an index by id, what has changed since the blocks were written, and some blocks.
/// Whatever asks for a row throws what ReadBlock throws, and CorruptBytes where a row cannot be.
class OldDecisions {
 public:
  using Slot = std::uint32_t;
  using Save = std::function<void(std::string name, std::string bytes)>;
  /// Decisions that leave memory together; a number of blocks.
  static constexpr std::size_t run_rows = 4096;

  explicit OldDecisions(const RowLayout& layout) : layout_(&layout) {}
  /// `sound`: whether a row can be one of this pilot.
  void set_store(ReadBlock read, std::function<bool(const Decision&)> sound);
  [[nodiscard]] bool has_store() const { return read_ != nullptr; }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// The next run_rows decisions, which are in blocks already; those of `changed` are not as they are there.
  void take_in(std::span<const Id128> ids, std::span<const std::pair<Slot, Decision>> changed);

  /// Reads what find() and [] will need for these ids, each block once and in the order of the disk; throws before
  /// anything has changed. What was prepared before is forgotten. Costs two or three places in memory an id.
  void prepare(std::span<const Id128> ids);
  /// What prepare() found of an id: a slot, or none; null where it was not asked, or not in this order.
  static constexpr Slot none = ~Slot{0};
  [[nodiscard]] const Slot* prepared(const Id128& id) const;
  [[nodiscard]] std::optional<Slot> find(const Id128& id) const;
  [[nodiscard]] Decision operator[](Slot slot) const;  ///< complete
  [[nodiscard]] LateChange& change(Slot slot);

  /// The blocks of a run, and what the index holds of it.
  static void save_run(std::size_t run, std::vector<std::string> blocks, std::span<const Id128> ids, const Save& save);
  /// Writes late changes into their blocks until about so many bytes of memory are theirs; at most `most` blocks.
  void merge(std::size_t late_bytes, std::size_t most, const Save& save);
  /// What merge() has written counts, or does not.
  void confirm(bool written);
  void forget_blocks();  ///< those in memory, and what was prepared
  void write_late(ByteWriter& out) const;
  static void write_late(ByteWriter& out, Slot slot, const LateChange& late);
  [[nodiscard]] static LateChange late_of(const Decision& d);
  /// Into an empty table: `size` decisions, with what save_run() and write_late() wrote.
  void load(std::size_t size, const std::vector<std::string>& late);
  void read_late(ByteReader& in);

  [[nodiscard]] std::size_t late_bytes() const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::size_t index_bytes() const { return index_.bytes(); }  ///< of bytes(): what never leaves memory
  [[nodiscard]] std::uint64_t blocks_read() const { return blocks_read_; }
  [[nodiscard]] std::uint64_t false_hits() const { return false_hits_; }  ///< blocks that were read for nothing

 private:
  struct Cached {
    std::uint32_t number = 0;
    std::uint64_t used = 0;
    std::shared_ptr<const RowBlock> block;
  };
  [[nodiscard]] std::shared_ptr<const RowBlock> block(std::uint32_t number) const;
  [[nodiscard]] Decision row(const RowBlock& block, std::size_t row) const;
  void apply(Slot slot, Decision& d) const;

  const RowLayout* layout_;
  ReadBlock read_;
  std::function<bool(const Decision&)> sound_;
  std::size_t size_ = 0;
  IdIndex index_;
  boost::unordered_flat_map<Slot, LateChange> late_;
  std::vector<std::pair<Slot, std::uint32_t>> merged_;  ///< slot and version, as they are being written
  Slot merge_next_ = 0;                                 ///< where the next merge() begins

  std::vector<std::pair<Id128, Slot>> prepared_;  ///< in the order in which they will be asked for
  mutable std::size_t asked_ = 0;                 ///< of these
  boost::unordered_flat_map<Slot, Decision> thawed_;
  mutable std::vector<Cached> cache_;
  mutable std::uint64_t uses_ = 0, blocks_read_ = 0, false_hits_ = 0;
};

}  // namespace pilotwatch::engine
