// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "settings/settings.h"
#include "sim/random.h"

namespace pilotwatch::sim {

/// Two small pilots, one by the wall clock and one by event time, with a limit of each kind; one file source, "log", in
/// `folder`; two Alertmanagers; small bounds. What may differ from world to world does so by chance.
[[nodiscard]] settings::Settings settings_for(Random& random, const std::filesystem::path& folder);

}  // namespace pilotwatch::sim
