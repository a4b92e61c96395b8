// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/committer.h"
#include "app/decoded.h"
#include "app/outbox.h"
#include "base/guarded.h"
#include "base/steady.h"
#include "base/time.h"
#include "journal/checkpoint_writer.h"
#include "journal/journal.h"
#include "judge/fold.h"
#include "runtime/log.h"
#include "sinks/self_stats.h"
#include "sources/dead_letter_box.h"

namespace pilotwatch::app {

/// In the place of the shape: whoever starts from this checkpoint rebuilds the state from the entries.
inline constexpr const char* to_be_rebuilt = "a rebuild that is under way";

/// The one thread ("pw-core") that owns journal and fold.
///
///   loop: wait for deliveries, readers, or the next tick
///         group = what waits, up to a bound
///         one Entry -> journal.append -> fold.apply -> replies; while there is another group, that one's append is
///         done meanwhile, by a thread of its own ("pw-commit")
///         tick:   when a window is due without records, an empty Entry moves time on
///                 every checkpoint_interval: what has changed goes to the writer, which needs no more of the core
///         readers get a snapshot
///
/// A failed write refuses the group and is tried anew with the next. With Drive::steps nothing of it has a thread: whoever
/// has built it calls step() and store_step().
class Core {
 public:
  struct Parts {
    const settings::Settings& settings;
    journal::Journal& journal;
    judge::Fold& fold;
    const Clock& clock;
    const runtime::Log& log;
    sources::DeadLetterBox& dead_letters;
    /// The alerts' state after each tick and each transition; on the core's thread, must not block.
    std::function<void(const judge::Snapshot&)> publish_alerts;
    const SteadyClock& steady = system_steady_clock();
    Drive drive = Drive::thread;
    OutboxWriter* outbox = nullptr;  ///< null: no webhook is told
    /// Now and then during a long replay: entries done, and all; may be empty.
    std::function<void(std::uint64_t done, std::uint64_t all)> on_replay{};
  };
  explicit Core(Parts parts);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Restores the state: checkpoint and replay, or a rebuild from the first entry. Before start(); any length of time.
  /// Throws on a journal that cannot be read.
  void restore();
  void start();
  /// Refuses what comes from now on, finishes what waits, writes a checkpoint, joins. Not by the destructor where there
  /// is no thread.
  void stop();
  /// One turn of the loop, without waiting. False: it was the last, as nothing waits after stop().
  bool step();
  /// One turn of the writer of checkpoints; false: it has nothing to do.
  bool store_step() { return writer_.step(); }

  /// Takes it; waits while more waits than two groups hold. For the intake's thread, which must end before stop().
  void submit(Decoded delivery);
  /// How long a byte takes here, as of late: applying it, without the disk. 0 = nothing has come yet. Any thread.
  [[nodiscard]] double seconds_per_byte() const { return seconds_per_byte_; }
  /// Calls back with a snapshot that holds everything committed before the call; on the core's thread.
  void fresh(std::function<void(std::shared_ptr<const judge::Snapshot>)> reader);
  /// Readers that have waited longer than `patience` get the last snapshot. Called now and then by another thread.
  void release_readers(std::chrono::milliseconds patience);

  /// Into the journal, then into force; `done` gets why not, or nullopt once it is both. On the core's thread; on the
  /// caller's where the core is not running or too many wait. Any thread.
  void act(record::Action action, std::function<void(std::optional<judge::Objection>)> done);

  /// Fills what the core knows. Any thread.
  void describe(sinks::SelfStats& out) const;
  [[nodiscard]] bool ready() const { return ready_; }
  /// Makes the loop go round although nothing waits. Any thread.
  void poke();
  /// How often it has gone round; entries that are replayed count, too. Any thread.
  [[nodiscard]] std::uint64_t turns() const { return turns_ + replayed_; }

 private:
  struct Reader {
    std::function<void(std::shared_ptr<const judge::Snapshot>)> call;
    SteadyTime since;
  };

  struct WaitingAction {
    record::Action action;
    std::function<void(std::optional<judge::Objection>)> done;
  };

  /// A group on its way into the state.
  struct Committed {
    std::vector<Decoded> group;
    record::Entry entry{};
    std::vector<record::Cursor> cursors{};
    std::vector<record::DeadLetter> letters{};
    std::uint64_t bytes = 0, rejected = 0;
    std::uint64_t sequence = 0;  ///< of the entry, once it is in the journal
  };

  void run();
  [[nodiscard]] std::uint64_t micros_since(SteadyTime start) const;
  std::vector<Decoded> next_group();
  void tick();
  // commits.cc
  void process(std::vector<Decoded> group);
  [[nodiscard]] bool may_overlap() const;
  void assemble(Committed& out);
  void finish_committed();
  void finish_beside() noexcept;
  void answer(Decoded& delivery, const judge::Applied& applied);
  std::vector<record::DeadLetter> dead_letters(const std::vector<Decoded>& group, Instant wall);
  std::uint64_t commit(const record::Entry& entry, const std::vector<record::Cursor>& cursors,
                       const std::vector<record::DeadLetter>& letters = {});
  std::uint64_t append(const record::Entry& entry, const std::vector<record::Cursor>& cursors,
                       const std::vector<record::DeadLetter>& letters);
  void counting_failures(const std::function<void()>& write);
  void record_limits();
  void refuse(std::vector<Decoded>& group);
  // actions.cc
  void serve_actions();
  std::optional<judge::Objection> perform(record::Action action);
  // checkpoints.cc
  void checkpoint(bool full);
  void write_checkpoint(bool full);
  void checkpoint_failed();
  void finish_checkpoints();
  bool settle();
  void make_room(const std::function<void()>& relieve);
  // recover.cc
  void prepare(const record::Entry& entry);
  std::vector<judge::Applied> apply(const record::Entry& entry, std::uint64_t sequence);
  bool recover(const char* why, bool damaged);
  void distrust_checkpoint();
  // restore.cc
  void restore_state(bool anew);
  void begin_replay(std::uint64_t after);
  void tell_replay(std::uint64_t sequence);
  void replay(const record::Entry& entry, std::uint64_t sequence, const std::function<void()>& relieve);
  void relieve_rebuild(const journal::Checkpoint& checkpoint);
  // core_readers.cc
  void serve_readers();
  void publish_alerts();
  void repeat_alerts();
  void publish_light();
  bool write_outbox(std::uint64_t through = 0) { return parts_.outbox == nullptr || parts_.outbox->write(through); }
  [[nodiscard]] Instant wall();
  [[nodiscard]] bool restore_from(const journal::Checkpoint& checkpoint);
  void rebuild(const journal::Checkpoint& checkpoint);
  void tell_where_figures_begin();
  void forget_old();

  Parts parts_;

  mutable std::mutex mutex_;  // guards the block below, up to the blank line
  std::condition_variable wake_, room_;
  std::deque<Decoded> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::vector<Reader> readers_;
  std::vector<WaitingAction> actions_;
  bool stopping_ = false, poked_ = false;

  Guarded<std::shared_ptr<const judge::Snapshot>> last_snapshot_;
  std::thread thread_;
  std::optional<Committed> committed_;  ///< in the journal, not in the state yet
  bool limits_recorded_ = false;  ///< those of the settings are in force
  Instant last_wall_{};
  SteadyTime next_tick_{}, next_checkpoint_{};
  std::string shape_;  ///< of the fold
  std::uint64_t checkpointed_ = 0;
  bool full_checkpoint_ = true;
  bool in_flight_ = false;  ///< a checkpoint is being written
  bool whole_in_flight_ = false;  ///< and it is not one of a rebuild that is under way
  bool rebuilt_unsaved_ = false;  ///< the entries are needed: no checkpoint holds what was made of them anew
  std::uint64_t finished_before_ = 0;
  SteadyTime next_relief_{};  ///< not before: the last attempt failed
  bool lost_ = false;         ///< the state could not be read on; there is none until it is restored
  bool started_ = false;      ///< from then on nobody else can do what is to be done about damage
  bool too_small_said_ = false;
  std::uint64_t unlooked_bytes_ = 0;  ///< of deliveries since make_room() has looked at memory
  std::vector<judge::Applied> last_applied_;  ///< of what was replayed
  Guarded<judge::Fold::Memory> memory_;
  bool alerts_changed_ = false;
  judge::Snapshot light_;      ///< limits only, as they were last published
  SteadyTime next_repeat_{};  ///< of them, while the state is being restored
  std::optional<Instant> last_evaluation_;

  std::atomic<bool> ready_ = false, degraded_ = false;
  bool full_ = false;  ///< said already
  Guarded<std::optional<Instant>> figures_begin_;  ///< set: the entries before were gone when figures had to be rebuilt
  std::atomic<double> seconds_per_byte_{0};
  std::atomic<std::uint64_t> unavailable_ = 0, store_full_ = 0, letters_dropped_ = 0, write_failures_ = 0, commits_ = 0,
                             evaluations_ = 0, read_failures_ = 0, rebuilds_ = 0, turns_ = 0;
  std::atomic<std::uint64_t> commit_us_ = 0, evaluation_us_ = 0;
  std::atomic<std::uint64_t> replayed_ = 0, to_replay_ = 0;  ///< entries, by restore_state() as it last ran
  SteadyTime next_replay_word_{};
  journal::CheckpointWriter writer_;  ///< it reports to what is above
  Committer committer_;               ///< last
};

}  // namespace pilotwatch::app
