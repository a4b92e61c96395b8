// SPDX-License-Identifier: Apache-2.0
#include "engine/figure_state.h"

namespace pilotwatch::engine {

void settle(Figure& f, const WindowInput& input, Standing standing) {
  const auto min_n = input.settings.segments.min_n;
  if (standing.hidden) {
    f.value = f.lower = f.upper = f.coverage = std::nullopt;
    f.n = 0;
    f.state = "suppressed";
    f.reason = "a count from 1 to " + std::to_string(min_n - 1) +
               " is behind it, or could be worked out from it (segments.min_n " + std::to_string(min_n) + ")";
  } else if (!f.value && standing.why && *standing.why != stats::Undefined::no_data) {
    f.state = "undefined";
    f.reason = stats::name(*standing.why);
  } else if (!f.value) {
    f.state = "insufficient";
    f.reason = std::move(standing.nothing);
  } else if (standing.matures && !input.mature) {
    f.state = "immature";
    f.reason =
        "the outcome horizon (" + format_duration(input.settings.outcome_horizon) + ") of its decisions has not passed";
  } else {
    f.state = "ok";
  }
}

}  // namespace pilotwatch::engine
