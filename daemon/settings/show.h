// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "settings/settings.h"

namespace pilotwatch::settings {

/// The settings as YAML with every default and with what presets brought along, in the order of README's tables.
/// Reading it again as a file in the same folder gives the same settings (keys that would say nothing, such as a
/// tolerance of a classifier, are left out). `note` stands as a comment beside each limit's evidence.
[[nodiscard]] std::string show(const Settings& settings,
                               const std::function<std::string(const Pilot&, const Limit&)>& note);

}  // namespace pilotwatch::settings
