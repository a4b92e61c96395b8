// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "engine/figures.h"
#include "stats/performance/scores.h"

namespace pilotwatch::engine {

/// What the performance of a binary pilot is expected to be, from all its scored decisions, outcomes or not: CBPE.
/// Nothing where the reference has no outcomes of scored decisions. Estimates: their interval says how far the outcomes
/// may scatter if the reference still holds, and nothing where it does not.
void estimated_figures(const WindowInput& input, const Reference* reference, const std::string& version,
                       const std::optional<stats::ScoreState>& live, WindowResult& out);

}  // namespace pilotwatch::engine
