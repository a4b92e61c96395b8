// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "judge/status.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

/// The built-in page at `/`: HTML 5 with inline SVG and one inline style sheet, no script, nothing fetched from elsewhere.
[[nodiscard]] std::string page_html(const judge::Snapshot& snapshot, const SelfStats& self);

}  // namespace pilotwatch::sinks
