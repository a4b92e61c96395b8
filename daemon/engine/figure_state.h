// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "engine/figures.h"
#include "stats/answer.h"

namespace pilotwatch::engine {

struct Standing {
  bool hidden = false;                    ///< suppression takes all numbers away
  bool matures = false;                   ///< the value still moves until the outcome horizon has passed
  std::string nothing{};                  ///< the reason where nothing was counted
  std::optional<stats::Undefined> why{};  ///< the reason where there are cases, but no value
};

/// Gives a figure its state and the reason for it; README documents them.
void settle(Figure& figure, const WindowInput& input, Standing standing);

}  // namespace pilotwatch::engine
