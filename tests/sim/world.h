// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/disk.h"
#include "sim/ledger.h"
#include "sim/life.h"
#include "sim/oracle.h"
#include "sim/receiver.h"
#include "sim/senders.h"
#include "sim/vfs.h"
#include "support/scratch_dir.h"

namespace pilotwatch::sim {

/// One world: a daemon that is killed again and again, and everything around it, from one seed, on one thread.
///
///   for so many steps:
///     time passes; senders send, the file grows, the daemon's parts take some steps, in an order by chance
///     the weather of the disk, the moods of Alertmanagers and the wall clock change now and then
///     when the disk has died (at an operation chosen in advance): what had been applied is remembered, the process is
///     gone, of the disk remains what remains, and a new one starts
///   then all is well, until nobody waits for anything any more
///
/// At each start the journal is compared with the ledger and the oracle, the state before with the oracle's.
class World {
 public:
  World(std::uint64_t seed, bool verbose);

  /// Throws Violation.
  void run(unsigned steps);
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
  /// Not of one run: what happened in it, for people.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] const std::deque<std::string>& last_steps() const { return last_steps_; }

 private:
  void start();
  void step();
  void act();
  void decide();
  void work();
  void rest(Millis time);
  void tell_alerts();
  void change_weather();
  void change_clock();
  void die();
  void stop();
  void forget_life(std::string state, std::uint64_t applied);
  void check_journal();
  void check_checkpoint();
  void observe(std::uint64_t after);
  void compare_states();
  void settle();
  void check_end();
  void check_silence();
  void note(std::string what);
  [[nodiscard]] std::uint64_t operations_to_live();
  sinks::Post connect(const std::string& url);

  Random random_;
  const bool verbose_;
  testing::ScratchDir folder_;
  Time time_;
  Disk disk_{random_, [this](unsigned ms) { time_.pass(Millis{ms}); }};
  settings::Settings settings_;
  Vfs vfs_;
  Story story_{random_};
  Ledger ledger_{settings_};
  Oracle oracle_{settings_};
  Stage stage_{settings_, random_, time_, disk_, story_, ledger_};
  std::vector<Client> clients_;
  LogWriter log_writer_;
  std::vector<Receiver> receivers_;
  std::vector<Millis> next_post_;
  std::unique_ptr<Life> life_;
  std::unique_ptr<Tail> tail_;

  struct Past {
    std::string state;  ///< all that had been applied, as bytes
    std::uint64_t applied = 0, born_with = 0;
    Transitions told;
  };
  std::vector<Past> unchecked_;  ///< lives that no journal has been compared with yet
  std::uint64_t lives_ = 0, life_that_ran_ = 0, crashes_ = 0, stops_ = 0, failed_starts_ = 0, power_failures_ = 0,
                steps_ = 0, decisions_ = 0;
  bool calm_ = false;  ///< nothing is to go wrong any more
  std::deque<std::string> last_steps_;
};

}  // namespace pilotwatch::sim
