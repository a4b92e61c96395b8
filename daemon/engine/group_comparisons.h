// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "engine/figures.h"
#include "engine/suppression.h"

namespace pilotwatch::engine {

/// Figures of how each group compares with the attribute's reference group, or with all other cases of the window: all
/// versions together. `scopes` as suppress() left them, `whole` of all decisions.
///
/// Hidden where a side is: the group, the reference group, or the rest by itself. What is shown of a rest is no more
/// than the difference of two figures that stand beside it, the whole and the group; of a hidden group nothing is.
void compare_groups(const WindowInput& input, const std::vector<GroupScope>& scopes, const Tally& whole,
                    WindowResult& out);

}  // namespace pilotwatch::engine
