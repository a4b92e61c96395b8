// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/pilot.h"

namespace pilotwatch::engine {

/// All pilots. Deterministic: the same calls in the same order give the same bytes.
class Engine {
 public:
  /// `settings` must outlive the engine.
  explicit Engine(const settings::Settings& settings);

  /// nullptr when the pilot is not configured (any more).
  [[nodiscard]] PilotState* find(std::string_view pilot);
  [[nodiscard]] const PilotState* find(std::string_view pilot) const;
  [[nodiscard]] std::vector<std::unique_ptr<PilotState>>& pilots() { return pilots_; }
  [[nodiscard]] const std::vector<std::unique_ptr<PilotState>>& pilots() const { return pilots_; }

 private:
  std::vector<std::unique_ptr<PilotState>> pilots_;  ///< in the order of the settings
  std::map<std::string, PilotState*, std::less<>> by_name_;
};

}  // namespace pilotwatch::engine
