// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/steady.h"

/// What the service manager (systemd) is told of the daemon, by sd_notify(3). Where none asks ($NOTIFY_SOCKET) nothing
/// happens, and what cannot be told is nobody's business. Any thread; does not block.
namespace pilotwatch::runtime {

enum class ServiceState { as_before, ready, reloading, stopping };

/// `status`: a line for `systemctl status`.
void tell_service_manager(const std::string& status, ServiceState state = ServiceState::as_before);
/// A start that takes long: systemd gives it so much from now on.
void ask_service_manager_for(std::chrono::microseconds time);

/// systemd's watchdog (WatchdogSec=): it is told that the daemon lives for as long as a loop that matters goes round,
/// and ends a daemon that hangs. Does nothing where nobody has asked for it. One thread.
class ServiceWatchdog {
 public:
  /// How often it wants to know is in the environment (sd_watchdog_enabled(3)).
  ServiceWatchdog();
  [[nodiscard]] bool is_asked_for() const { return period_.count() > 0; }
  /// Whether it is time to make the loop go round, so that there is something to tell.
  [[nodiscard]] bool due(SteadyTime now) const { return period_.count() > 0 && now >= next_; }
  /// `turns`: how often the loop has gone round. Tells four times a period at most.
  void look(std::uint64_t turns, SteadyTime now);
  /// What follows takes long by right (an hour is allowed), until resume().
  void hold();
  void resume();

 private:
  std::chrono::microseconds period_{0};  ///< 0 = not asked for
  std::uint64_t turns_ = 0;
  SteadyTime next_{};
};

}  // namespace pilotwatch::runtime
