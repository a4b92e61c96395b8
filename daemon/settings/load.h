// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "settings/settings.h"

namespace pilotwatch::settings {

/// One complaint about the user's file. `line` and `column` count from 1; `path` is the YAML path,
/// "pilots[2].limits[0].for".
struct Problem {
  std::filesystem::path file;
  int line = 1, column = 1;
  std::string path, message;
};

/// "file:line:column: path: message"
[[nodiscard]] std::string to_string(const Problem& problem);

/// The settings, or every problem of the file at once in the order of lines, never only the first.
/// Does not look at anything but the file itself (no reference files, no network). Any thread.
[[nodiscard]] std::variant<Settings, std::vector<Problem>> load(const std::filesystem::path& file);
/// The same on text; `file` is for messages and relative paths only.
[[nodiscard]] std::variant<Settings, std::vector<Problem>> parse(std::string_view yaml,
                                                                 const std::filesystem::path& file);

/// Every metric's alert name for a limit, e.g. (error_rate, max) -> "PilotErrorRateHigh".
[[nodiscard]] std::string default_alertname(const Limit& limit);

}  // namespace pilotwatch::settings
