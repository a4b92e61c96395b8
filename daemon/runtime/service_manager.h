// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

/// What the service manager (systemd) is told of the daemon, by sd_notify(3). Where none asks ($NOTIFY_SOCKET) nothing happens, and
/// what cannot be told is nobody's business. Any thread; does not block.
namespace pilotwatch::runtime {

enum class ServiceState { as_before, ready, reloading, stopping };

/// `status`: a line for `systemctl status`.
void tell_service_manager(const std::string& status, ServiceState state = ServiceState::as_before);
/// A start that takes long: systemd gives it so much from now on.
void ask_service_manager_for(std::chrono::microseconds time);

}  // namespace pilotwatch::runtime
