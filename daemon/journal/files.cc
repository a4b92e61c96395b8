// SPDX-License-Identifier: Apache-2.0
#include "journal/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <system_error>

#include "journal/journal.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view database_name = "pilotwatch.db", replacement_prefix = "pilotwatch.db.salvaged-",
                           damaged_prefix = "pilotwatch.db.damaged-", suspect_name = "pilotwatch.db.suspect";

/// That of a replacement that was begun: its name says what the old database is to be called.
std::optional<std::string> begun(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end; file.increment(error)) {
    const auto name = file->path().filename().string();
    if (name.starts_with(replacement_prefix)) return name.substr(replacement_prefix.size());
  }
  return std::nullopt;
}

void finish(const fs::path& folder, const std::string& stamp) {
  const auto old = folder / database_name;
  const auto damaged = folder / (std::string(damaged_prefix) + stamp);
  try {
    for (const auto* rest : {"-wal", "-shm", ""}) {
      if (fs::exists(old.string() + rest)) fs::rename(old.string() + rest, damaged.string() + rest);
    }
    fs::remove(folder / suspect_name);
    make_durable(folder);  // a new database beside the log of another is none
    fs::rename(folder / (std::string(replacement_prefix) + stamp), old);
    make_durable(folder);
  } catch (const fs::filesystem_error& error) {
    throw WriteError(error.what());
  }
}

}  // namespace

void make_durable(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!done) throw WriteError("cannot make " + path.string() + " durable: " + std::strerror(error));
}

fs::path replace_database(const fs::path& folder, const fs::path& fresh, const std::string& stamp) {
  std::error_code error;
  fs::rename(fresh, folder / (std::string(replacement_prefix) + stamp), error);
  if (error) throw WriteError("cannot rename " + fresh.string() + ": " + error.message());
  make_durable(folder);
  finish(folder, stamp);
  return folder / (std::string(damaged_prefix) + stamp);
}

bool is_replacing(const fs::path& folder) { return begun(folder).has_value(); }

void finish_replacing(const fs::path& folder) {
  if (const auto stamp = begun(folder)) finish(folder, *stamp);
  std::error_code error;
  if (!fs::exists(folder / database_name, error) && !error)
    fs::remove(folder / suspect_name, error);  // of one that is gone
}

void mark_suspect(const fs::path& folder) noexcept {
  try {
    const int fd = ::open((folder / suspect_name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return;  // it is there, or cannot be; the next write tries again
    ::close(fd);
    make_durable(folder);
  } catch (const std::exception&) {  // memory, or the disk: another time
  }
}

bool is_suspect(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / suspect_name, error) && fs::exists(folder / database_name, error);
}

}  // namespace pilotwatch::journal
