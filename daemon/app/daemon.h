// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/commands.h"
#include "app/reload.h"
#include "app/web_access.h"
#include "runtime/http.h"
#include "runtime/log.h"
#include "settings/settings.h"

namespace pilotwatch::app {

/// What a daemon leaves behind for those who look at other settings.
struct Known {
  std::map<std::string, std::string> pins;  ///< pin_of() -> id of the reference that was frozen
  std::string shape;                        ///< judge::Fold::shape()
};
/// What the reference of a pilot is known by.
[[nodiscard]] std::string pin_of(const settings::Pilot& pilot);

struct OtlpListener {
  std::string host;
  std::shared_ptr<const runtime::Listener> listener;
};

/// What a daemon is made of; what is referred to must outlive it.
struct DaemonParts {
  settings::Settings settings;
  const ServeOptions& options;
  runtime::HttpOptions http;         ///< with its listener
  std::optional<OtlpListener> otlp;  ///< only where a source asks for it
  WebAccess* web;                    ///< null without --web.config.file; must have started
  Reload& reload;
  Known& known;
  Instant started;  ///< the process, which may be older than this daemon
  const runtime::Log& log;
  std::function<void()> last;  ///< no daemon follows: called when told to end, before anything is stopped
};

enum class DaemonEnd { signal, reload };

/// Everything is built here, in order, and stopped in reverse. Returns when it has been told to end, by one of `signals`
/// (which all threads block) or by `parts.reload`. Throws ReferenceError and what the store throws, before anything has
/// been taken in.
DaemonEnd run_daemon(DaemonParts parts, const sigset_t& signals);

}  // namespace pilotwatch::app
