// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include <algorithm>

namespace pilotwatch::settings {

const Pilot* Settings::find(std::string_view pilot) const {
  const auto found = std::find_if(pilots.begin(), pilots.end(), [&](const Pilot& p) { return p.name == pilot; });
  return found == pilots.end() ? nullptr : &*found;
}

}  // namespace pilotwatch::settings
