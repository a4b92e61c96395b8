// SPDX-License-Identifier: Apache-2.0
#include "journal/backup.h"

#include <cstdio>

#include "app/commands.h"
#include "app/progress.h"
#include "journal/journal.h"

namespace pilotwatch::app {

int backup(const BackupOptions& options) {
  Progress progress("backing up", true);
  try {
    journal::back_up(options.storage_path, options.to, [&](std::uint64_t pages, std::uint64_t all) {
      progress.update(pages * journal::page_bytes, all * journal::page_bytes);
    });
  } catch (const std::runtime_error& error) {
    progress.finish();
    std::fprintf(stderr, "pilotwatch: no backup: %s\n", error.what());
    return 1;
  }
  progress.finish();
  std::printf("%s is a backup of %s\n", options.to.c_str(), options.storage_path.c_str());
  return 0;
}

}  // namespace pilotwatch::app
