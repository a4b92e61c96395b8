// SPDX-License-Identifier: Apache-2.0
#include "app/shown_settings.h"

#include <cstdio>

#include "judge/judge.h"
#include "settings/show.h"

namespace pilotwatch::app {
namespace {

/// What stands behind a limit's evidence, for whoever would otherwise have to guess.
std::string note(const settings::Pilot& pilot, const settings::Limit& limit) {
  if (limit.evidence == settings::Evidence::confidence_sequence) return "a risk of its own, for all looks together";
  if (limit.evidence != settings::Evidence::budget) return "each look has its own chance of a false alarm";
  const auto part = judge::allotment(pilot, limit);
  char text[160];
  std::snprintf(text, sizeof text, "share %.4g of the budget of %.6g %s: a breach where the evidence reaches %.4g",
                part.share, part.n, part.days ? "days" : "decisions", part.n / part.share);
  return text + std::string(limit.segment.empty() ? "" : "; the j-th group has 1/(j (j + 1)) of that share");
}

}  // namespace

std::string shown_settings(const settings::Settings& settings) { return settings::show(settings, note); }

}  // namespace pilotwatch::app
