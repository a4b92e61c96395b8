// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/decision.h"
#include "engine/decision_log.h"
#include "engine/old_decisions.h"
#include "engine/slot_queue.h"

namespace pilotwatch::engine {

/// How much a checkpoint must write.
enum class Extent : std::uint8_t {
  changes,      ///< what has changed since the last one
  unconfirmed,  ///< whatever may not be on disk: the last one was not finished
  everything,   ///< all, in a form that depends on the content alone, whatever is in memory and what is not
};

/// What a checkpoint should move out of memory, in bytes.
struct Relief {
  std::size_t rows = 0;             ///< of decisions that are in memory
  std::size_t late = ~std::size_t{0};  ///< so many may stay of late changes of old decisions
  [[nodiscard]] bool wanted() const { return rows > 0 || late != ~std::size_t{0}; }
};

/// All decisions of a pilot: packed rows by slot (0, 1, ... in the order of arrival), found by id. With a store the oldest
/// of them leave memory (engine/old_decisions.h); nothing that is said of a decision depends on where it is.
///
/// Size     a row holds what the pilot's settings give a decision (34 bytes with two attributes and classes), the index
///          6 to 12 bytes; an outcome 40 more. Weights other than 1 and complaints are kept beside the rows. An old
///          decision takes 6 bytes, one that waits for its horizon 1 or 2 more.
/// On disk  a log of what has happened to decisions, in parts that only grow: a checkpoint writes what is new, however
///          many decisions there are and whichever of them have changed. Old decisions are in blocks; parts of the log
///          that speak of them alone are dropped.
///
///   in memory    [size of old_ ............................ size_)
///   in blocks    [0 ........ confirmed_ .... frozen_)            frozen_: in the checkpoint that is being written
class Decisions {
 public:
  using Slot = std::uint32_t;
  using Save = std::function<void(std::string name, std::string bytes)>;

  explicit Decisions(const settings::Pilot& settings);
  Decisions(const Decisions&) = delete;  // the index looks into the rows
  Decisions& operator=(const Decisions&) = delete;
  /// Where what save() gives out under "block/" can be read again, once it is confirmed. `sound`: see OldDecisions.
  void set_store(ReadBlock read, std::function<bool(const Decision&)> sound) {
    old_.set_store(std::move(read), std::move(sound));
  }

  /// nullopt: its id is there already; nothing has changed. What of `d` is not a prediction's own (outcome, rank,
  /// complaints) does not count.
  std::optional<Slot> add(const Decision& d);
  /// The same of one whose id find() has not found.
  Slot add_new(const Decision& d);
  /// What find(), add() and [] will need of the disk for these ids; then they read nothing. Throws before anything has
  /// changed.
  void prepare(std::span<const Id128> ids) { old_.prepare(ids); }
  [[nodiscard]] bool any_old() const { return old_.size() > 0; }
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
  [[nodiscard]] std::optional<Slot> next_maturing() const { return maturing_.front(); }
  [[nodiscard]] Instant next_maturing_time() const;  ///< there must be one
  void matured();                                    ///< takes out the next one; there must be one

  /// Gives out parts of the log that are complete and not on disk yet: what save() then need not write.
  void save_complete(const Save& save) { log_.save_complete(save); }
  /// Gives out whatever else must be on disk so that load() finds everything up to now at the position that
  /// write_position() writes then; "" is a part that goes. A part that was on disk already begins with what was there.
  void save(Extent extent, const Save& save, const Relief& relief = {});
  void write_position(ByteWriter& out) const { out.text(position_); }  ///< as of the last save()
  /// The last save() is on disk and counts, or is not and never will. Then the next one's extent must be `unconfirmed`.
  void confirm(bool written);
  /// Takes some thousand decisions that are in blocks out of memory; false: there are none. After confirm().
  bool evict();
  void forget_blocks() { old_.forget_blocks(); }

  /// Into an empty table. `read`: gives a part. Parts may hold more than the position says. Throws CorruptBytes.
  void load(ByteReader& in, const ReadBlock& read);

  [[nodiscard]] std::size_t in_memory() const { return size_ - old_.size(); }
  [[nodiscard]] bool any_in_blocks() const { return frozen_ > 0; }
  [[nodiscard]] std::size_t bytes() const;    ///< of memory; as of some thousand decisions ago
  [[nodiscard]] std::size_t leaving() const;  ///< of these evict() takes, by and by
  [[nodiscard]] std::size_t movable() const;  ///< and a save() could make it take
  [[nodiscard]] std::size_t late_bytes() const { return old_.late_bytes(); }
  [[nodiscard]] const OldDecisions& old() const { return old_; }

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
  /// Rows in memory, and the outcomes of those that have one.
  struct Chunk {
    std::unique_ptr<std::byte[]> rows;
    std::vector<OutcomeRow> outcomes;
  };
  static constexpr std::size_t chunk_rows = OldDecisions::run_rows;
  static constexpr std::size_t most_merged = 256;  ///< blocks that a checkpoint writes again

  [[nodiscard]] bool is_old(Slot slot) const { return slot < old_.size(); }
  [[nodiscard]] const Chunk& chunk(Slot slot) const { return chunks_[(slot - old_.size()) / chunk_rows]; }
  [[nodiscard]] Chunk& chunk(Slot slot) { return chunks_[(slot - old_.size()) / chunk_rows]; }
  [[nodiscard]] Id128 id(Slot slot) const;
  [[nodiscard]] const std::byte* row(Slot slot) const { return chunk(slot).rows.get() + slot % chunk_rows * stride_; }
  [[nodiscard]] std::byte* row(Slot slot) { return chunk(slot).rows.get() + slot % chunk_rows * stride_; }
  [[nodiscard]] Shard& shard(const Id128& id) { return index_[id.hi >> 56]; }
  [[nodiscard]] const Shard& shard(const Id128& id) const { return index_[id.hi >> 56]; }
  [[nodiscard]] std::uint64_t rank_of(Slot slot) const;       ///< in memory; or no_rank
  [[nodiscard]] const OutcomeRow* outcome_of(Slot slot) const;  ///< in memory; or null
  std::byte* new_row();
  bool take_in(Slot slot, std::uint64_t weight);
  void set_complaints(Slot slot, const Complaints& complaints);
  void changed(Slot slot) {
    if (slot < frozen_) changed_.insert(slot);
  }

  // decisions_disk.cc
  void write_decision(DecisionLog& log, Slot slot) const;
  void write_all(DecisionLog& log, const Save& save, Slot from) const;
  void freeze(std::size_t bytes, const Save& save);
  void save_run(Slot first, const Save& save) const;
  void save_late(const Save& save);
  [[nodiscard]] std::string position(const DecisionLog& log, const SlotQueue& maturing, std::size_t blocks,
                                     std::uint64_t settled, std::uint64_t late_parts) const;
  void replay(std::string_view log, bool settled);
  void replay_decision(ByteReader& in);
  [[nodiscard]] Slot slot_of(ByteReader& in) const;

  RowLayout layout_;
  std::size_t stride_ = 0;  ///< bytes of a row with what can change

  std::vector<Chunk> chunks_;  ///< of what is in memory
  std::size_t size_ = 0;
  std::vector<Shard> index_;  ///< by the id's first byte, so that none takes long to grow
  std::size_t index_bytes_ = 0, outcome_bytes_ = 0;
  boost::unordered_flat_map<Slot, std::uint64_t> weights_;  ///< other than 1
  boost::unordered_flat_map<Slot, Complaints> complaints_;
  SlotQueue maturing_;
  mutable std::optional<Instant> maturing_time_;

  OldDecisions old_;
  std::size_t confirmed_ = 0, frozen_ = 0;
  boost::unordered_flat_set<Slot> changed_;  ///< of frozen ones that are in memory: since their block was written
  std::uint64_t settled_ = 0;     ///< parts of the log before this one say nothing new of decisions in blocks
  std::uint64_t late_parts_ = 0;  ///< with what has changed in decisions in blocks before that
  std::uint64_t late_on_disk_ = 0;  ///< so many there may be
  DecisionLog log_;
  std::string position_;
};

}  // namespace pilotwatch::engine
