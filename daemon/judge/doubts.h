// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "settings/settings.h"

namespace pilotwatch::judge {

/// Why a limit can never be in breach, or its figures never be shown, whatever comes.
struct Doubt {
  std::string key;  ///< what it is about, of the limit; or with a dot, of its pilot: "segments.reference_groups.sex"
  std::string message;
};

/// Everything that follows from the settings alone. Windows of so many decisions are taken to hold so many cases, and
/// limits with a budget to see cases one by one: records with a `weight` are set aside, and the message says so. What a
/// limit could be in practice, such as slow, is no doubt. Cost: milliseconds where a limit with a budget counts
/// decisions, else nothing.
[[nodiscard]] std::vector<Doubt> doubts(const settings::Pilot& pilot, const settings::Limit& limit);

}  // namespace pilotwatch::judge
