// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tally.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// Counts of one model version ("" = all) and one group over one window, and what of them may be shown.
struct GroupScope {
  std::string model_version, attribute, group;
  Tally tally;
  bool hidden = false;            ///< nothing may be shown
  bool outcomes_hidden = false;   ///< volume may, counts of predictions and outcomes by kind may not
  bool complaints_hidden = false;
};

/// Decides what may be shown so that no count between 1 and min_n - 1 about a group leaves the daemon, neither itself nor as
/// the numerator, its complement, or the difference of two shown figures (reference: small-cell suppression in official
/// statistics; primary suppression, then one complementary cell in each margin that has exactly one hidden).
/// min_n <= 1 hides nothing. O(scopes).
void suppress(std::vector<GroupScope>& scopes, const settings::Pilot& pilot);

}  // namespace pilotwatch::engine
