// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/figures.h"

namespace pilotwatch::engine {

/// What of a group's side counts may not be shown; see GroupScope.
struct SideHidden {
  bool incidents = false, findings = false, reviews = false, kinds = false, progress = false;
};

struct SideScope {
  const std::string &version, &attribute, &group;  ///< "" = all, the whole pilot
  SideHidden hidden;
};

/// A mean over fewer answers is not shown: it would come close to what single people said.
inline constexpr std::uint64_t min_answers = 10;

/// Figures of incidents, findings on complaints, reviews and feedback of one scope. Those of streams that the window
/// has nothing of, and no limit asks for, are left out, for all scopes alike (else a group without the figure would be
/// known to have none). Feedback is of the whole pilot only.
void side_figures(const WindowInput& input, const Tally& tally, const SideScope& scope, WindowResult& out);

}  // namespace pilotwatch::engine
