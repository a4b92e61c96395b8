// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "settings/limit_test.h"
#include "settings/settings.h"

namespace pilotwatch::settings {

/// Where the keys of a configuration file stand, for what is found only when the settings meet the world.
class Places {
 public:
  /// Of a text that parse() takes; of any other it knows no place.
  explicit Places(std::string_view yaml);

  /// Of the value at a path as problems have it, "notify.webhooks[1].url"; where the file does not have it, of what
  /// would hold it.
  [[nodiscard]] Position of(std::string_view path) const;
  /// Whether the file itself has the path.
  [[nodiscard]] bool has(std::string_view path) const { return positions_.contains(path); }
  /// The path of a limit of the pilot: its own entry, or the preset that brought it along.
  [[nodiscard]] std::string limit(std::size_t pilot, const Limit& limit) const;
  /// The path of the n-th entry of notify.alertmanagers that has `dns`, or of those that have `url`: in the settings each
  /// of the two is a list of its own.
  [[nodiscard]] std::string alertmanager(std::size_t number, bool by_dns) const;
  /// "pilots[0]"
  [[nodiscard]] static std::string element(std::string_view list, std::size_t index);

 private:
  class Walk;
  std::map<std::string, Position, std::less<>> positions_;
  std::map<std::string, std::string, std::less<>> named_;  ///< "pilots[0].limits/errors" -> "pilots[0].limits[2]"
};

}  // namespace pilotwatch::settings
