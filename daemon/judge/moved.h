// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/window.h"
#include "settings/settings.h"

namespace pilotwatch::judge {

/// Of a limit on the whole pilot: the published group whose figure is furthest off in the wrong direction, for its size,
/// with that figure; "" where none is. A ranking of where to look first, no test.
[[nodiscard]] std::string most_moved(const settings::Limit& limit, const engine::WindowResult& window);

}  // namespace pilotwatch::judge
