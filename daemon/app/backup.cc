// SPDX-License-Identifier: Apache-2.0
#include "journal/backup.h"

#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "journal/journal.h"

namespace pilotwatch::app {

int backup(const BackupOptions& options) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  std::uint64_t shown = 0;
  const auto progress = [&](std::uint64_t done, std::uint64_t all) {
    const auto percent = all == 0 ? 100 : 100 * done / all;
    if (!terminal || percent == shown) return;
    shown = percent;
    std::fprintf(stderr, "\r%3llu %%", static_cast<unsigned long long>(percent));
  };
  try {
    journal::back_up(options.storage_path, options.to, progress);
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "%spilotwatch: no backup: %s\n", terminal ? "\r" : "", error.what());
    return 1;
  }
  if (terminal) std::fprintf(stderr, "\r     \r");
  std::printf("%s is a backup of %s\n", options.to.c_str(), options.storage_path.c_str());
  return 0;
}

}  // namespace pilotwatch::app
