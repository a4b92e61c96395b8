// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

/// What a file source would find now; for who looks before a daemon runs.
namespace pilotwatch::sources {

struct Survey {
  struct Unreadable {
    std::filesystem::path path;
    std::string why;  ///< of the system, or that it is no regular file
    bool denied = false;
  };
  std::size_t files = 0;               ///< that the pattern matches and that can be opened
  std::vector<Unreadable> unreadable;  ///< files and folders that it matches or leads through, the first ten
  std::size_t more_unreadable = 0;     ///< of them
  std::filesystem::path missing;       ///< the folder in which the files would be, where there is none; else ""
};

/// Opens each file once, and reads nothing.
[[nodiscard]] Survey survey(const std::filesystem::path& pattern);

}  // namespace pilotwatch::sources
