// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "base/time.h"
#include "sources/open_file.h"

namespace pilotwatch::sources {

/// Sleeps until something may have happened to files. inotify only ends the sleep early: where it is exhausted, or the
/// file system does not tell (a network's), or a file is reached by a symbolic link, sleeps take their whole time.
class TailWake {
 public:
  explicit TailWake(std::vector<std::filesystem::path> patterns);

  enum class Why : std::uint8_t { time_is_up, changed, stopped };
  /// At most `time`; `for_changes`: less when inotify tells of one. After stop() it returns at once, always.
  [[nodiscard]] Why wait(Millis time, bool for_changes);
  void stop();  ///< any thread

  /// Watches the patterns' folders as far as they exist and are not watched yet. Cheap when all are.
  void watch();
  [[nodiscard]] std::uint64_t watches() const { return folders_.size(); }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }  ///< folders that could not be watched

 private:
  [[nodiscard]] bool drain();

  std::vector<std::filesystem::path> patterns_;
  Descriptor stop_, inotify_;
  std::map<int, std::filesystem::path> folders_;  ///< by watch
  std::set<std::filesystem::path> failed_;        ///< counted once
  std::uint64_t errors_ = 0;
};

}  // namespace pilotwatch::sources
