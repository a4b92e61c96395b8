// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// Ready settings of a pilot for the five uses that public bodies try first. Data only: presets.cc. Private to
/// settings/.
namespace pilotwatch::settings {

/// The keys of a pilot that it brings along, as YAML. Where the user writes a key, theirs wins; `limits` are merged by
/// name (preset_limits.cc). A limit whose text has $feature or $attribute is there once for each; one with `only_for`
/// is there for that task only.
struct Preset {
  std::string_view name;
  std::string_view watches;  ///< which harms its limits can see
  std::string_view blind;    ///< and which they cannot
  std::string_view yaml;
};

[[nodiscard]] std::span<const Preset> presets();
[[nodiscard]] std::span<const char* const> preset_names();
/// nullptr where there is none of that name.
[[nodiscard]] const Preset* find_preset(std::string_view name);

}  // namespace pilotwatch::settings
