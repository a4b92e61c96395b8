// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>

#include "app/commands.h"
#include "judge/judge.h"
#include "settings/load.h"
#include "settings/show.h"

namespace pilotwatch::app {
namespace {

std::string counted(std::size_t number, const char* singular) {
  return std::to_string(number) + " " + singular + (number == 1 ? "" : "s");
}

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

int check_config(const CheckOptions& options) {
  const auto& config_file = options.config_file;
  const auto loaded = settings::load(config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    for (const auto& problem : *problems) std::cerr << settings::to_string(problem) << '\n';
    return 2;
  }
  const auto& settings = std::get<settings::Settings>(loaded);
  if (options.show) {
    std::cout << settings::show(settings, note);
    return 0;
  }
  std::size_t limits = 0;
  for (const auto& pilot : settings.pilots) limits += pilot.limits.size();
  std::cout << config_file << " is valid: " << counted(settings.pilots.size(), "pilot") << ", "
            << counted(limits, "limit") << '\n';
  return 0;
}

}  // namespace pilotwatch::app
