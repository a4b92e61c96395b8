// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/http.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

struct StatusApi {
  std::string config;  ///< in force, as YAML, with all defaults and without secrets
  std::vector<std::pair<std::string, std::string>> flags;  ///< of the command line, with defaults: name without dashes, value
  std::string working_directory;
  std::string retention;  ///< of the store, a duration; "" = for ever
  std::function<SelfStats()> self;  ///< any thread
};

/// `/api/v1/status/config`, `.../flags`, `.../runtimeinfo`: what Prometheus has under these names, so that its tools find it. They ask
/// nothing of the core.
[[nodiscard]] std::vector<runtime::Route> status_routes(StatusApi api);

}  // namespace pilotwatch::sinks
