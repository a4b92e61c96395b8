// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/figures.h"
#include "engine/tally.h"
#include "engine/window.h"

namespace pilotwatch::engine {

/// What the decisions of a scope are compared with.
struct Compared {
  const Reference* reference = nullptr;  ///< null = nothing (yet)
  bool differ =
      false;  ///< not all with the same (`reference` is one of them): a distance of them together is undefined
};
inline constexpr const char* references_differ = "references_differ";

/// Appends the distances between the reference and `live` (one histogram a feature of feature_list(); shorter = no
/// value) of one model version, a feature after the other. Nothing without a reference. O(features * bins).
void drift_figures(const settings::Pilot& pilot, const Compared& compared, const std::string& version,
                   const std::vector<Histogram>& live, WindowResult& out);

}  // namespace pilotwatch::engine
