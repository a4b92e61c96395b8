// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "settings/places.h"
#include "settings/settings.h"

/// What `check config` has to say of settings that are valid.
namespace pilotwatch::app {

enum class Level : std::uint8_t { note, warning, error };
inline constexpr const char* level_names[] = {"note", "warning", "error"};

struct Finding {
  Level level = Level::note;
  std::string place;  ///< "file:line:column" of the setting it is about; else a file or a flag
  std::string path;   ///< of that setting, "notify.webhooks[0].url"; "" where there is none
  std::string message;
};
/// "place: level: path: message", on one line.
[[nodiscard]] std::string to_string(const Finding& finding);

/// Gathers them, in the order in which they are found.
class Findings {
 public:
  Findings(const settings::Settings& settings, const settings::Places& places) : settings_(settings), places_(places) {}

  /// About a setting.
  void add(Level level, const std::string& path, std::string message);
  /// About something else.
  void add_at(Level level, std::string place, std::string message);
  [[nodiscard]] const settings::Places& places() const { return places_; }
  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }
  [[nodiscard]] std::size_t count(Level level) const;

 private:
  const settings::Settings& settings_;
  const settings::Places& places_;
  std::vector<Finding> all_;
};

}  // namespace pilotwatch::app
