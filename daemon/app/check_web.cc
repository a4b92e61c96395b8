// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "app/commands.h"
#include "app/web_access.h"

namespace pilotwatch::app {

int check_web_config(const CheckWebOptions& options) {
  const auto reading = read_access(options.config_file, SystemClock().now());
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&reading.result)) {
    for (const auto& problem : *problems) std::cerr << settings::to_string(problem) << '\n';
    return 2;
  }
  const auto& loaded = std::get<LoadedAccess>(reading.result);
  for (const auto& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
  const auto users = loaded.access->users.size();
  std::cout << options.config_file << " is valid: " << (loaded.access->tls ? "TLS" : "no TLS");
  if (loaded.certificate_expires) std::cout << " until " << format_rfc3339(*loaded.certificate_expires);
  std::cout << ", " << users << (users == 1 ? " user\n" : " users\n");
  return 0;
}

}  // namespace pilotwatch::app
