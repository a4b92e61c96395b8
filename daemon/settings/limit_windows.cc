// SPDX-License-Identifier: Apache-2.0
// What classical limits make of several windows.
#include <utility>

#include "settings/sections.h"

namespace pilotwatch::settings {

void read_times_of(MapReader& map, Limit& limit) {
  constexpr Whole range{1, 64};
  const auto times = map.take("times"), of = map.take("of");
  for (const auto& [value, other, missing] : {std::tuple{&times, &of, "of"}, std::tuple{&of, &times, "times"}}) {
    if (!*value) continue;
    if (watches_decisions(limit.evidence)) {
      (*value)->key_problem("is not for evidence: " + std::string(evidence_names[static_cast<int>(limit.evidence)]) +
                            ", which looks at decisions and not at windows");
    } else if (!*other) {
      (*value)->key_problem(std::string("needs ") + missing + " beside it (times: 2, of: 3)");
    }
  }
  if (!times || !of || watches_decisions(limit.evidence)) return;
  const auto k = times->whole(range), m = of->whole(range);
  if (!k || !m) return;
  if (*k > *m) return times->problem("must be at most of, " + std::to_string(*m));
  limit.times = *k;
  limit.of = *m;
}

}  // namespace pilotwatch::settings
