// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/reference.h"
#include "engine/tally.h"
#include "engine/window.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// What the figures of one window are computed from.
struct WindowInput {
  const settings::Pilot& settings;
  const VersionCells& cells;
  const std::vector<std::string>& versions;
  const std::vector<std::vector<std::string>>& values;  ///< by attribute or pair
  const std::vector<std::string>& categories;           ///< of complaints, by index: its name, or __other__
  /// What a version's decisions in the window are compared with; null = nothing (yet).
  std::function<const Reference*(std::uint16_t version)> reference;
  bool mature;
};

/// Fills figures, confusions, counts and suppressed_groups of `out`. Group figures go through suppression
/// (suppression.h).
void compute(const WindowInput& input, WindowResult& out);

/// The confidence of every interval.
inline constexpr double confidence = 0.95;

}  // namespace pilotwatch::engine
