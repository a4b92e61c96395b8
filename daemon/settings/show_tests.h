// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include "settings/settings.h"

namespace pilotwatch::settings {

/// The key `tests` and its value; nothing where there are none. Times are written out. Private to settings/.
void show_tests(YAML::Emitter& out, const Settings& settings);

}  // namespace pilotwatch::settings
