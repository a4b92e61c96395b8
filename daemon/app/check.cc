// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "app/commands.h"
#include "app/limit_test_records.h"
#include "app/shown_settings.h"
#include "settings/load.h"

namespace pilotwatch::app {
namespace {

std::string counted(std::size_t number, const char* singular) {
  return std::to_string(number) + " " + singular + (number == 1 ? "" : "s");
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
    std::cout << shown_settings(settings);
    return 0;
  }
  if (const auto problems = test_problems(settings); !problems.empty()) {
    for (const auto& problem : problems) std::cerr << settings::to_string(problem) << '\n';
    return 2;
  }
  std::size_t limits = 0;
  for (const auto& pilot : settings.pilots) limits += pilot.limits.size();
  std::cout << config_file << " is valid: " << counted(settings.pilots.size(), "pilot") << ", "
            << counted(limits, "limit");
  if (!settings.tests.empty()) std::cout << ", " << counted(settings.tests.size(), "test") << " (not run)";
  std::cout << '\n';
  return 0;
}

}  // namespace pilotwatch::app
