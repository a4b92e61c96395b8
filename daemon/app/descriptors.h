// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/http.h"
#include "runtime/log.h"
#include "settings/settings.h"

namespace pilotwatch::app {

struct DescriptorPlan {
  std::uint64_t limit = 0;                        ///< of the process, now
  std::uint64_t wanted = 0;                       ///< by the settings
  std::uint64_t connections = 0, open_files = 0;  ///< of each listener, of each file source at most: what was given
  [[nodiscard]] bool lowered() const { return wanted > limit; }
};

/// Shares this process' file descriptors out, so that connections never take those that the store, followed files and
/// notifications need: raises the soft limit as far as needed and allowed, and where that is not enough lowers
/// `http.max_connections` and each file source's `max_open_files`, and says so.
void share_descriptors(settings::Settings& settings, runtime::HttpOptions& http, const runtime::Log& log);

/// The same for a given limit, without a look at the process: a pure function.
DescriptorPlan plan_descriptors(std::uint64_t limit, settings::Settings& settings, runtime::HttpOptions& http);

}  // namespace pilotwatch::app
