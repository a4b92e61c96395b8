// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

namespace pilotwatch::engine {

Engine::Engine(const settings::Settings& settings) {
  for (const auto& pilot : settings.pilots) {
    pilots_.push_back(std::make_unique<PilotState>(pilot));
    by_name_.emplace(pilot.name, pilots_.back().get());
  }
}

PilotState* Engine::find(std::string_view pilot) {
  const auto found = by_name_.find(pilot);
  return found == by_name_.end() ? nullptr : found->second;
}

const PilotState* Engine::find(std::string_view pilot) const {
  const auto found = by_name_.find(pilot);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace pilotwatch::engine
