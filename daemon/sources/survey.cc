// SPDX-License-Identifier: Apache-2.0
#include "sources/survey.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "sources/file_patterns.h"

namespace pilotwatch::sources {
namespace {

constexpr std::size_t most_named = 10;

void add(Survey& out, const std::filesystem::path& path, int error) {
  if (out.unreadable.size() == most_named) {
    ++out.more_unreadable;
  } else {
    out.unreadable.push_back({path, error == 0 ? "is no regular file" : std::strerror(error), error == EACCES});
  }
}

}  // namespace

Survey survey(const std::filesystem::path& pattern) {
  Survey out;
  const auto scan = scan_files({pattern});
  for (const auto& file : scan.files) {
    const Descriptor open(::open(file.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (open.get() < 0) {
      add(out, file.path, errno);
    } else {
      ++out.files;
    }
  }
  for (const auto& path : scan.errors) add(out, path, EACCES);
  if (scan.irregular > 0) add(out, pattern, 0);
  const auto folder = watched_folder(pattern);
  std::error_code error;
  if (out.files == 0 && out.unreadable.empty() && !std::filesystem::is_directory(folder.empty() ? "." : folder, error))
    out.missing = folder;
  return out;
}

}  // namespace pilotwatch::sources
