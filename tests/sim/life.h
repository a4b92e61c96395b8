// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "app/core.h"
#include "app/intake.h"
#include "sim/oracle.h"
#include "sim/time.h"
#include "sinks/alertmanager.h"

namespace pilotwatch::sim {

/// One run of the daemon: its real parts, put together as app/serve.cc does it, but on one thread and by steps, from
/// the start to the stop or to sudden death.
class Life {
 public:
  struct Parts {
    const settings::Settings& settings;
    const Time& time;
    const runtime::Log& log;
    std::filesystem::path folder;
    sinks::Alertmanagers::Connect connect;
  };
  explicit Life(Parts parts);

  /// Everything up to where records are taken. Throws what keeps the daemon from starting.
  void start();
  void stop();

  [[nodiscard]] app::Core& core() { return *core_; }
  [[nodiscard]] app::Intake& intake() { return *intake_; }
  [[nodiscard]] judge::Fold& fold() { return fold_; }
  [[nodiscard]] journal::Journal& journal() { return *journal_; }
  [[nodiscard]] sinks::Alertmanagers& alertmanagers() { return alertmanagers_; }
  [[nodiscard]] const Transitions& told() const { return told_; }
  [[nodiscard]] std::uint64_t born_with() const { return born_with_; }  ///< entries in the journal when it began
  [[nodiscard]] bool running() const { return running_; }
  /// Bounds of everything that queues. Throws Violation.
  void check_bounds() const;

 private:
  void listen();

  Parts parts_;
  judge::Fold fold_;
  sources::DeadLetterBox dead_letters_;
  sources::Tap tap_;
  sinks::Alertmanagers alertmanagers_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<app::Core> core_;
  std::unique_ptr<app::Intake> intake_;
  Transitions told_;
  std::uint64_t born_with_ = 0;
  bool running_ = false;
};

}  // namespace pilotwatch::sim
