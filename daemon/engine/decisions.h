// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/decision.h"

namespace pilotwatch::engine {

/// All decisions of a pilot: packed rows by slot (0, 1, ... in the order of arrival), found by id.
///
/// Size     a row holds what the pilot's settings give a decision (36 bytes with two attributes and classes), the index
///          6 to 12 bytes; an outcome 40 more. Weights other than 1 and complaints are kept beside the rows.
/// On disk  a log of what has happened to decisions, in parts that only grow: a checkpoint writes what is new, however
///          many decisions there are and whichever of them have changed.
class Decisions {
 public:
  using Slot = std::uint32_t;
  using Save = std::function<void(std::string name, std::string bytes)>;

  explicit Decisions(const settings::Pilot& settings);
  Decisions(const Decisions&) = delete;  // the index looks into the rows
  Decisions& operator=(const Decisions&) = delete;

  /// nullopt: its id is there already; nothing has changed. What of `d` is not a prediction's own (outcome, rank,
  /// complaints) does not count.
  std::optional<Slot> add(const Decision& d);
  [[nodiscard]] std::optional<Slot> find(const Id128& id) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  /// A copy, complete. `slot` < size().
  [[nodiscard]] Decision operator[](Slot slot) const;
  [[nodiscard]] Instant time(Slot slot) const;

  void set_outcome(Slot slot, const OutcomeRow& row);  ///< or replaces it
  void set_rank(Slot slot, std::uint64_t rank);        ///< kept where the pilot has count windows
  void add_complaint(Slot slot, Instant time);

  /// Decisions whose horizon has not passed yet, in decision order.
  void await_maturity(Slot slot);
  [[nodiscard]] std::optional<Slot> next_maturing() const;
  void matured();  ///< takes out the next one; there must be one

  /// Gives out parts of the log that are complete and not on disk yet: what save() then need not write.
  void save_complete(const Save& save);
  /// Gives out whatever else must be on disk so that load() finds everything up to now at the position that
  /// write_position() writes then. A part that was on disk already begins with what was there. `all`: everything anew, in
  /// a form that depends on the content alone.
  void save(bool all, const Save& save);
  void write_position(ByteWriter& out) const;
  /// Into an empty table. Parts may hold more than the position says. Throws CorruptBytes.
  void load(ByteReader& position, const std::map<std::string, std::string>& parts);

 private:
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;  // ids are hashes
    const Decisions* owner;
    std::size_t operator()(const Id128& id) const { return static_cast<std::size_t>(id.lo); }
    std::size_t operator()(Slot slot) const { return (*this)(owner->id(slot)); }
  };
  struct Equal {
    using is_transparent = void;
    const Decisions* owner;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(const Id128& a, Slot b) const { return a == owner->id(b); }
    bool operator()(Slot a, const Id128& b) const { return owner->id(a) == b; }
  };
  using Shard = boost::unordered_flat_set<Slot, Hash, Equal>;
  struct Complaints {
    std::uint32_t count = 0;
    Instant first = Instant::max();
  };
  [[nodiscard]] Id128 id(Slot slot) const;
  [[nodiscard]] const std::byte* row(Slot slot) const { return chunks_[slot / chunk_rows].get() + slot % chunk_rows * stride_; }
  [[nodiscard]] std::byte* row(Slot slot) { return chunks_[slot / chunk_rows].get() + slot % chunk_rows * stride_; }
  [[nodiscard]] Shard& shard(const Id128& id) { return index_[id.hi >> 56]; }
  [[nodiscard]] const Shard& shard(const Id128& id) const { return index_[id.hi >> 56]; }
  std::byte* new_row();
  bool take_in(Slot slot, std::uint64_t weight);
  void pack(const Decision& d, std::byte* at) const;
  void set_complaints(Slot slot, const Complaints& complaints);

  // decisions_log.cc
  template <class Write>
  void log(Write&& write) {
    write();
    if (tail_.bytes().size() >= part_bytes) seal();
  }
  void seal();
  void write_decision(ByteWriter& out, Slot slot) const;
  static void write_outcome(ByteWriter& out, Slot slot, const OutcomeRow& row);
  static void write_rank(ByteWriter& out, Slot slot, std::uint64_t rank);
  static void write_complaints(ByteWriter& out, Slot slot, const Complaints& complaints);
  static void write_maturing(ByteWriter& out, Slot slot);
  void write_all(Slot slot);
  void replay(std::string_view log);
  void replay_decision(ByteReader& in);
  [[nodiscard]] Slot slot_of(ByteReader& in) const;

  static constexpr std::size_t chunk_rows = 4096;
  static constexpr std::size_t part_bytes = 256 << 10;  ///< a part of the log is complete once it holds this much

  bool numbers_, scores_, ranks_;
  std::size_t groupings_, values_;
  std::size_t fixed_ = 0, stride_ = 0;  ///< bytes of a row: of what never changes, and all

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t size_ = 0;
  std::vector<Shard> index_;  ///< by the id's first byte, so that none takes long to grow
  std::deque<OutcomeRow> outcomes_;
  boost::unordered_flat_map<Slot, std::uint64_t> weights_;  ///< other than 1
  boost::unordered_flat_map<Slot, Complaints> complaints_;
  std::deque<Slot> maturing_;
  std::uint64_t matured_ = 0;  ///< of those in the log

  bool logging_ = false;             ///< since the first save(): before it there is nothing to add to
  ByteWriter tail_;                  ///< the last part of the log
  std::uint64_t sealed_ = 0;         ///< parts before it
  std::deque<std::string> unsaved_;  ///< the last of those, which are not on disk yet
};

}  // namespace pilotwatch::engine
