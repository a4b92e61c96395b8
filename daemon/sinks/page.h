// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "judge/status.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

/// The built-in page at `/`: HTML 5 with inline SVG and one inline style sheet, no script, nothing fetched from
/// elsewhere. `refresh`: it reloads itself every 30 s; readers can turn that off (WCAG 2.2.1), which is
/// `/?refresh=off`.
[[nodiscard]] std::string page_html(const judge::Snapshot& snapshot, const SelfStats& self, bool refresh = true);

}  // namespace pilotwatch::sinks
