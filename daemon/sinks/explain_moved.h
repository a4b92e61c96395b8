// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "judge/status.h"

/// Where a limit's figure has moved, from published windows alone: what suppression hides is not there to be shown.
namespace pilotwatch::sinks {

/// One part of a window's figure.
struct Moved {
  std::string what;  ///< "feature" (a range or category of it), "group", "version", "category", "class"
  std::string name;  ///< "district north", "up to 12.5"
  double value = 0;  ///< in the limit's metric; of a feature: its share
  std::uint64_t n = 0;
  std::optional<double> before;  ///< the same in the window before; of a feature: in the reference
};

/// The window that the limit has looked at last; of those that look at decisions only, the newest of its kind; null
/// where there is none.
[[nodiscard]] const engine::WindowResult* window_of(const judge::LimitStatus& status, const engine::PilotView& view);
/// All closed windows of the limit's kind, the oldest first.
[[nodiscard]] std::vector<const engine::WindowResult*> windows_of(const judge::LimitStatus& status,
                                                                  const engine::PilotView& view);
/// The limit's figure in a window; null where it has none.
[[nodiscard]] const engine::Figure* figure_of(const judge::LimitStatus& status, const engine::WindowResult& window);

/// The parts that are furthest off, for their size, at most 8; the furthest first. A ranking of where to look, no test.
[[nodiscard]] std::vector<Moved> moved_parts(const judge::LimitStatus& status, const engine::PilotView& view);

}  // namespace pilotwatch::sinks
