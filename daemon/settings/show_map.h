// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <vector>

#include "settings/mapping.h"

namespace pilotwatch::settings {

/// Writes the key `map` with the rules as they would be read again; nothing where there are none. Private to settings/.
void show_map_rules(YAML::Emitter& out, const std::vector<MapRule>& rules);

}  // namespace pilotwatch::settings
