// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/findings.h"
#include "base/time.h"

/// The environment stage of `check config`: whether what the settings name is there, and can be used by who asks.
namespace pilotwatch::app {

/// What the daemon would be started with.
struct Surroundings {
  const settings::Settings& settings;
  std::filesystem::path storage;     ///< --storage.path
  std::filesystem::path web_config;  ///< --web.config.file; "" = none
  bool offline = false;              ///< nothing is connected to
};

/// Looks at all of it and changes nothing: store, files that are read, and (unless offline) who is told of breaches. Of
/// those nobody gets a notification: an Alertmanager is asked for /-/ready, to a webhook only the connection is made.
/// Bounded: 5 s for the store's quick check, 5 s for a target, 30 s for all of them, beside what reading reference
/// files takes. Never throws on what it finds.
void look_at_environment(const Surroundings& surroundings, const Clock& clock, Findings& out);

}  // namespace pilotwatch::app
