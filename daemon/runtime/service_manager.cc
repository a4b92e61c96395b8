// SPDX-License-Identifier: Apache-2.0
#include "runtime/service_manager.h"

#include <systemd/sd-daemon.h>

#include <algorithm>

namespace pilotwatch::runtime {
namespace {

std::string assignment(ServiceState state) {
  switch (state) {
    case ServiceState::as_before:
      return "";
    case ServiceState::ready:
      return "READY=1\n";
    case ServiceState::reloading: {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      return "RELOADING=1\nMONOTONIC_USEC=" +
             std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + "\n";
    }
    case ServiceState::stopping:
      return "STOPPING=1\n";
  }
  return "";
}

constexpr std::chrono::microseconds held = std::chrono::hours{1};

void watch_every(std::chrono::microseconds period) {
  static_cast<void>(sd_notify(0, ("WATCHDOG_USEC=" + std::to_string(period.count())).c_str()));
}

}  // namespace

void tell_service_manager(const std::string& status, ServiceState state) {
  std::string line = status.substr(0, status.find('\n'));  // one assignment a line
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20; }, ' ');
  static_cast<void>(sd_notify(0, (assignment(state) + "STATUS=" + line).c_str()));
}

void ask_service_manager_for(std::chrono::microseconds time) {
  static_cast<void>(sd_notify(0, ("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count())).c_str()));
}

ServiceWatchdog::ServiceWatchdog() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) > 0) period_ = std::chrono::microseconds{microseconds};
}

void ServiceWatchdog::look(std::uint64_t turns, SteadyTime now) {
  if (!due(now) || turns == turns_) return;
  turns_ = turns;
  next_ = now + period_ / 4;
  static_cast<void>(sd_notify(0, "WATCHDOG=1"));
}

void ServiceWatchdog::hold() {
  if (period_.count() > 0) watch_every(std::max(held, period_));
}

void ServiceWatchdog::resume() {
  if (period_.count() > 0) watch_every(period_);
}

}  // namespace pilotwatch::runtime
