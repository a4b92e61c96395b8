// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "settings/settings.h"

namespace pilotwatch::app {

/// The settings as `check config --show` prints them: YAML, every default, beside each limit what stands behind its evidence, no
/// secret.
[[nodiscard]] std::string shown_settings(const settings::Settings& settings);

}  // namespace pilotwatch::app
