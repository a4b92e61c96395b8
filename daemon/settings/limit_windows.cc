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

namespace {

/// Whether there will be chunks at all.
void check_chunks(const MapReader& map, const Pilot& pilot, const Sound& sound, const Limit& limit) {
  if (limit.window.kind == WindowKind::all) {
    map.value().problem("evidence: reference_chunks needs windows that follow each other; all is one");
  }
  if (sound.reference && limit.chunks.own == 0 && pilot.reference.file.empty()) {
    map.value().problem("evidence: reference_chunks needs a reference file, or chunks: N (its first N windows)");
  }
}

}  // namespace

void read_chunks(MapReader& map, const Pilot& pilot, const Sound& sound, Limit& limit) {
  auto compare = 0;
  const auto direction = map.take("direction"), sd = map.take("sd"), ddof = map.take("ddof"),
             against = map.take("compare_with"), own = map.take("chunks");
  const auto side = direction ? direction->choice<Direction>(direction_names) : std::nullopt;
  if (against) compare = against->choice<int>(chunk_compare_names).value_or(0);
  if (limit.evidence != Evidence::reference_chunks) {
    for (const auto& value : {direction, sd, ddof, against, own}) {
      if (value) value->key_problem("is only for evidence: reference_chunks");
    }
    return;
  }
  auto& out = limit.chunks;
  limit.direction = side.value_or(of_feature(limit.metric) ? Direction::above : Direction::both);
  if (sd) out.sd = sd->number(Real{0, 100}).value_or(out.sd);
  out.leave_one_out = compare == 1;
  out.ddof = out.leave_one_out ? 1 : 0;
  if (ddof) out.ddof = static_cast<unsigned>(ddof->whole(Whole{0, 1}).value_or(out.ddof));
  if (own) out.own = own->whole(Whole{2, 10'000}).value_or(2);
  if (out.leave_one_out && (out.own > 0 || !of_feature(limit.metric))) {
    against->problem("other_chunks is for distances and the chunks of a reference file");
  }
  check_chunks(map, pilot, sound, limit);
}

}  // namespace pilotwatch::settings
