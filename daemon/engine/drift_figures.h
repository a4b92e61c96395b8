// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/figures.h"
#include "engine/tally.h"
#include "engine/window.h"

namespace pilotwatch::engine {

/// Appends the distances between the reference and `live` (one histogram a feature of feature_list(); shorter = no
/// value) of one model version, a feature after the other. Nothing without a reference. O(features * bins).
void drift_figures(const WindowInput& input, const std::string& version, const std::vector<Histogram>& live,
                   WindowResult& out);

}  // namespace pilotwatch::engine
