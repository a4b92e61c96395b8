// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "sim/disk.h"
#include "sim/ledger.h"
#include "sim/life.h"
#include "sim/story.h"
#include "sources/tail_reader.h"

namespace pilotwatch::sim {

/// What a sender gets back, unless the daemon dies first.
using Answer = std::shared_ptr<std::optional<sources::Reply>>;
/// Hands a delivery to the daemon; the answer of one that is dead by then never comes.
Answer deliver(Life& life, const Disk& disk, sources::Delivery delivery);

/// Real files have other numbers and times in each run; what the journal gets of them is the same in each.
struct FileNumbers {
  std::uint64_t device = 0;
  std::map<std::uint64_t, std::uint64_t> number;  ///< by inode
  std::vector<std::uint64_t> inodes;              ///< by number
};

/// What senders share.
struct Stage {
  const settings::Settings& settings;
  Random& random;
  const Time& time;
  const Disk& disk;
  Story& story;
  Ledger& ledger;
  FileNumbers numbers{};
};

/// Sends by HTTP, as a pilot does that wants nothing lost: the same lines again until they are acknowledged, later, on
/// another connection, and sometimes although they had been.
class Client {
 public:
  explicit Client(Stage& stage) : stage_(stage) {}

  void step(Life& life, bool may_begin);
  void disconnected() { answer_.reset(); }
  [[nodiscard]] bool idle() const { return waiting_.empty(); }

 private:
  void begin();
  void answered(const sources::Reply& reply);

  Stage& stage_;
  std::deque<Body> waiting_;  ///< the first one is under way, or to be sent next
  Answer answer_;
  Millis not_before_{0};
};

/// A program that logs to a file on a real disk, and rotates it.
class LogWriter {
 public:
  LogWriter(Stage& stage, std::filesystem::path file) : stage_(stage), file_(std::move(file)) {}

  void step(bool followed);
  void finish_line() { write(std::exchange(unfinished_, "")); }

 private:
  void write(const std::string& bytes);
  void rotate();

  Stage& stage_;
  std::filesystem::path file_;
  std::string unfinished_;
  std::uint64_t rotations_ = 0, written_ = 0;
  std::int64_t time_of_change_ = 1'483'000'000;
};

/// What sources::FileTail does, by steps.
class Tail {
 public:
  Tail(Stage& stage, Life& life);

  void step(Life& life);
  /// All that stands in the files is in the journal, as far as it knows.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Something of the file that is there now has been delivered.
  [[nodiscard]] bool has_begun() const { return begun_; }

 private:
  void send(Life& life);

  Stage& stage_;
  const settings::Source& source_;
  sources::TailReader reader_;
  std::optional<sources::TailReader::Chunk> chunk_;
  Answer answer_;
  Millis not_before_{0};
  bool idle_ = false, begun_ = false;
};

}  // namespace pilotwatch::sim
