// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "judge/judge.h"
#include "judge/status.h"
#include "record/entry.h"

namespace pilotwatch::judge {

/// What became of one submission's records.
struct Applied {
  static constexpr std::size_t most_errors = 20;
  std::uint64_t accepted = 0, duplicate = 0, rejected = 0;
  std::vector<record::Reject> errors;  ///< the first of those that the state has no room for

  void refuse(const record::Record& record);
};

/// The whole deterministic state: engine, judge, ingest counters. State = fold(journal): only apply() changes it.
///
///   apply(entry):  the entry's limits come into force, then its actions
///                  for each submission, for each record: engine.apply; pilots with `clock: event` move on with each
///   record
///                  then pilots with `clock: wall` move on to entry.wall
///                  each window that closes or matures on the way is looked at by the judge, in order
class Fold {
 public:
  /// `settings` must outlive the fold.
  explicit Fold(const settings::Settings& settings);

  std::vector<Applied> apply(const record::Entry& entry, std::uint64_t sequence);
  /// The limits of the settings, where they are not those in force: what an entry must record (record::Entry::limits)
  /// before anything else is applied. Cost: the text of all limits.
  [[nodiscard]] std::optional<std::vector<record::LimitDefinition>> limits_to_record() const;

  /// Why an action of a person cannot be, now; nullopt = an entry may hold it, with the times that are set here: a pause
  /// begins behind every time that any record has given. `wall`: of the entry.
  [[nodiscard]] std::optional<Objection> settle(record::Action& action, Instant wall) const;

  /// Whether it is in force already, to the letter: an acknowledgement.
  [[nodiscard]] bool knows(const record::Action& action) const;

  /// No more records will come (backtest): closes every window that holds one.
  void finish(Instant wall);

  /// When an entry without records would change something: the earliest due time of the pilots with `clock: wall`.
  [[nodiscard]] std::optional<Instant> next_due() const;

  /// The chunks of a pilot's reference file (judge/chunks.h); after its reference has been set, before load().
  void set_chunks(const settings::Pilot& pilot, ChunkValues values) { judge_.set_chunks(pilot, std::move(values)); }

  /// Called for each change of state, as it happens; not while judging is off.
  std::function<void(const Transition&)> on_transition;
  /// Called for each window when it closes and when it matures: each exactly once, in order.
  std::function<void(const settings::Pilot&, const engine::Closing&)> on_closing;
  /// Called for each reference when it is frozen, in order with the windows; not for those of files.
  std::function<void(const settings::Pilot&, const engine::ReferenceInfo&)> on_reference;

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot(Instant wall);
  [[nodiscard]] std::vector<LimitStatus> statuses() const { return judge_.statuses(); }
  [[nodiscard]] engine::Engine& engine() { return engine_; }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  using Save = std::function<void(std::string name, std::string bytes)>;
  /// Parts that belong to any later checkpoint and need not wait for it.
  void save_complete(const Save& save);
  /// Checkpoint parts by name ("pilot/<name>/...", "block/<name>/...", "judge", "counters", "transitions"); what has not
  /// changed is left out unless `all`. A part of no bytes is one that goes.
  void save(bool all, const Save& save) { this->save(all ? engine::Extent::everything : engine::Extent::changes, save, false); }
  /// `relieve`: decisions that should leave memory are written as blocks. To be followed by confirm().
  void save(engine::Extent extent, const Save& save, bool relieve);

  /// Where parts named "block/..." can be read again once their checkpoint counts, and how many bytes of memory decisions
  /// may take, all pilots together. Without it all stay in memory. Before load(). `read` throws what it likes.
  void set_store(engine::ReadBlock read, std::uint64_t memory);
  /// Reads what apply() will need of old decisions. Throws; then nothing has changed.
  void prepare(const record::Entry& entry);
  /// The last save() is on disk and counts, or never will.
  void confirm(bool written);
  /// Takes some thousand decisions out of memory that need not be there; false: there are none.
  bool evict();
  void forget_blocks();  ///< that have been read, and what was prepared
  struct Memory {
    std::uint64_t bytes = 0, limit = 0;      ///< of decisions; limit 0 = none
    std::uint64_t decisions = 0, old = 0;    ///< in memory, in blocks only
    std::uint64_t blocks_read = 0, false_hits = 0;
    std::uint64_t late_bytes = 0, index_bytes = 0;
    std::uint64_t leaving = 0, movable = 0;  ///< of the bytes: those that evict() takes, those that a save() could make it take
    /// A checkpoint that relieves should come now, and would help.
    [[nodiscard]] bool wants_relief() const {
      return limit > 0 && ((bytes - leaving > limit / 8 * 7 && movable > 0) || late_bytes > limit / 16);
    }
    /// So should it before anything else.
    [[nodiscard]] bool full() const { return limit > 0 && bytes > limit; }
  };
  /// Cost: a look at each pilot.
  [[nodiscard]] Memory memory() const;
  [[nodiscard]] bool any_in_blocks() const;
  /// Forgets everything but settings, references and store.
  void clear();
  /// Throws CorruptBytes; then nothing has changed.
  void load(const std::map<std::string, std::string>& parts, std::uint64_t sequence, Instant wall);
  /// Limits only: for a rebuild of everything else after a change of settings.
  void load_judge(const std::string& bytes, Instant wall);
  void load_recent(const std::string& bytes);
  /// What was received and became of it, where the entries of before are gone. False: it cannot be read, nothing has
  /// changed.
  bool load_counters(const std::string& bytes);
  /// Whether both can be read; `recent` may be "".
  [[nodiscard]] bool can_load_limits(const std::string& judge, const std::string& recent) const;
  /// While true, windows that close are not judged (rebuild).
  void set_judging(bool judging) { judging_ = judging; }

  /// Everything of the settings and reference files that the engine's state depends on, as text; another value needs a
  /// rebuild from the journal. After references have been set, before load().
  [[nodiscard]] std::string shape() const;

 private:
  class Routes;
  Applied apply(const record::Submission& submission, Instant wall);
  engine::PilotState::Listener listener(engine::PilotState& pilot, Instant wall);
  void look(engine::PilotState& pilot, const engine::Closing& closing, Instant wall);
  void observe(engine::PilotState& pilot, std::span<const engine::Observation> run, Instant wall);
  void define(const std::vector<record::LimitDefinition>& limits, Instant wall);
  [[nodiscard]] std::optional<Instant> from_here(const std::string& pilot, Instant wall) const;
  void publish(std::vector<Transition> changed);
  void read_counters(const std::string& bytes);
  [[nodiscard]] std::unique_ptr<Fold> blank() const;
  void become(Fold& other);
  [[nodiscard]] std::vector<engine::Relief> reliefs() const;
  void read_parts(const std::map<std::string, std::string>& parts, Instant wall);
  IngestCounters::Row& row(const std::string& source, record::Stream stream);
  void add_to(std::vector<std::pair<std::string, std::uint64_t>>& counts, const std::string& source,
              std::uint64_t times);

  const settings::Settings* settings_;
  engine::Engine engine_;
  Judge judge_;
  IngestCounters ingest_;
  std::deque<Transition> recent_, breaches_;
  std::shared_ptr<const std::vector<Transition>> shown_breaches_;  ///< breaches_ as they are now, or null
  std::uint64_t sequence_ = 0;
  bool judging_ = true;
  engine::ReadBlock read_block_;
  std::uint64_t memory_ = 0;
};

}  // namespace pilotwatch::judge
