// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "settings/settings.h"

namespace pilotwatch::settings {

/// One setting that is not what it was. `path` is as in show(), lists of things with a name by name:
/// "pilots[permits].limits[error-rate].max". Values are those of show(), maps and lists on one line, long ones cut.
struct Difference {
  std::string path;
  std::optional<std::string> before, after;  ///< nullopt: not there
};

/// In the order of `after`, what is gone last at each place; empty where both say the same, however it is written down.
[[nodiscard]] std::vector<Difference> differences(const Settings& before, const Settings& after);

/// "pilots[permits].limits[error-rate].max: 0.1 -> 0.2"; "added: ...", "gone: ...".
[[nodiscard]] std::string to_string(const Difference& difference);

}  // namespace pilotwatch::settings
