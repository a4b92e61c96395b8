// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/steady.h"
#include "journal/journal.h"

namespace pilotwatch::journal {

/// The thread ("pw-store") that compresses and writes checkpoints in small steps, deletes what they replace and what is
/// too old, gives free pages back, and tends the write-ahead log, while others append. Everything but the constructor,
/// stop() and step(): any thread. With Drive::steps there is no thread; then who has to wait works meanwhile.
class CheckpointWriter {
 public:
  /// `failed` is told what could not be written, on the writer's thread.
  CheckpointWriter(Journal& journal, std::function<void(const std::string& what)> failed, Drive drive = Drive::thread);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// The next checkpoint begins anew: what has been added for it does not count, and a failure is forgotten.
  void anew();
  /// A part of the next checkpoint. Waits while more than max_waiting_bytes wait.
  void add(std::string name, std::string bytes);
  /// The next checkpoint is complete: see Journal::finish_checkpoint().
  void finish(std::uint64_t sequence, bool drop_others, std::string shape);

  /// Entries from before that are to be deleted, by and by, as far as the last finished checkpoint holds them.
  void forget(Instant before);
  /// They stay after all: nothing more is deleted until the next forget(). Waits for a step that is under way.
  void keep();

  [[nodiscard]] bool busy() const;  ///< a checkpoint is complete but not written
  /// Something could not be written. What comes until anew() is thrown away.
  [[nodiscard]] bool broken() const;
  [[nodiscard]] std::uint64_t finished() const;  ///< checkpoints so far
  void wait();                                   ///< until nothing waits
  void stop();                                   ///< the thread writes what waits; then nothing may be added
  /// What the thread does again and again: the next job or, where none waits, one small step of tending. False: nothing
  /// is left to do for a while.
  bool step();

  static constexpr std::size_t max_waiting_bytes = std::size_t{256} << 20;

 private:
  struct Job {
    enum class Kind { part, anew, finish } kind = Kind::part;
    std::string name, bytes;  ///< finish: bytes is the shape
    std::uint64_t sequence = 0;
    bool drop_others = false;
  };

  void push(Job job);
  void run();
  template <class Done>
  void wait_for(std::unique_lock<std::mutex>& lock, Done done);
  void write(Job job, bool broken);
  void work(Job& job);
  void flush();
  void report(const std::string& what);
  void tend_wal();
  bool tend(bool broken);
  bool forget_some();

  Journal& journal_;
  std::function<void(const std::string&)> failed_;
  const Drive drive_;
  std::vector<PackedPart> packed_;  ///< the writer's own, like the next
  std::size_t packed_bytes_ = 0;
  bool swept_ = false;         ///< nothing is left to delete of checkpoints
  bool forget_fails_ = false;  ///< said already
  bool wal_fails_ = false;  ///< said already

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable wake_, room_;
  std::deque<Job> jobs_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t unfinished_ = 0, finished_ = 0;
  std::optional<Instant> forget_;  ///< set: not all has been looked at
  bool forgetting_ = false;        ///< a step of that is under way
  bool working_ = false, broken_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace pilotwatch::journal
