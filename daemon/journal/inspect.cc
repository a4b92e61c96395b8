// SPDX-License-Identifier: Apache-2.0
#include "journal/inspect.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "journal/files.h"
#include "journal/journal.h"
#include "journal/schema.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

/// Whether somebody holds the lock of a daemon. It is not kept: a daemon may start at any time.
bool is_locked(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return locked;
}

/// A path as SQLite takes it in a URI.
std::string escaped(const std::string& path) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '%' && c != '?' && c != '#') {
      out += c;
    } else {
      (out += '%') += {hex[byte >> 4], hex[byte & 15]};
    }
  }
  return out;
}

class Look {
 public:
  Look(const fs::path& file, bool alone, Millis patience, Inspection& out)
      : out_(out),
        ends_(Steady::now() + patience),
        // A database that nobody has open and that has no log is read without making files for readers.
        database_("file:" + escaped(fs::absolute(file).string()) + (alone ? "?immutable=1" : "?mode=ro"),
                  SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) {}

  void run() {
    if (pragma(database_, "PRAGMA application_id") != application_id) {
      out_.problem = "is not a pilotwatch database";
      return;
    }
    out_.schema = pragma(database_, "PRAGMA user_version");
    if (out_.schema > schema_version) {
      out_.problem = "was written by a newer pilotwatch (schema " + std::to_string(out_.schema) + ", this one knows " +
                     std::to_string(schema_version) + ")";
      return;
    }
    const auto page = pragma(database_, "PRAGMA page_size"), unused = pragma(database_, "PRAGMA freelist_count");
    out_.used_bytes = out_.bytes - std::min(out_.bytes, static_cast<std::uint64_t>(page * unused));
    const auto newest =
        pragma(database_,
               "SELECT coalesce(max(wall_ms), 0) FROM (SELECT wall_ms FROM entries ORDER BY sequence DESC LIMIT 1)");
    if (newest > 0) out_.newest = Instant{Millis{newest}};
    Statement facts(database_, "SELECT key, value FROM facts WHERE key GLOB 'reference *'");
    while (facts.step()) out_.references.emplace(facts.bytes(0), facts.bytes(1));
    check();
  }

 private:
  void check() {
    // Every so many steps of the machine: a page takes some hundred.
    sqlite3_progress_handler(
        database_.get(), 10'000, [](void* look) { return Steady::now() > static_cast<Look*>(look)->ends_ ? 1 : 0; },
        this);
    try {
      Statement statement(database_, "PRAGMA quick_check(1)");
      const bool said = statement.step();
      out_.whole = said && statement.bytes(0) == "ok" ? Inspection::Whole::yes : Inspection::Whole::no;
      if (out_.whole == Inspection::Whole::no) out_.damage = said ? std::string(statement.bytes(0)) : "no answer";
    } catch (const SqliteError& error) {
      if ((error.code & 0xFF) != SQLITE_INTERRUPT) throw;
      out_.whole = Inspection::Whole::as_far_as_looked;
    }
  }

  Inspection& out_;
  Steady::time_point ends_;
  Database database_;
};

}  // namespace

Inspection inspect(const fs::path& folder, Millis patience) {
  Inspection out;
  const auto file = folder / "pilotwatch.db", log = folder / "pilotwatch.db-wal";
  std::error_code error;
  out.there = fs::exists(file, error);
  out.in_use = is_locked(folder / "lock");
  out.replacing = is_replacing(folder);
  out.suspect = is_suspect(folder);
  if (!out.there || out.replacing) return out;
  out.bytes = size_of(file) + size_of(log);
  try {
    Look(file, !out.in_use && size_of(log) == 0, patience, out).run();
  } catch (const SqliteError& sqlite) {
    if (sqlite.damaged()) {
      out.whole = Inspection::Whole::no;
      out.damage = sqlite.what();
    } else {
      out.problem = sqlite.what();
    }
  }
  return out;
}

}  // namespace pilotwatch::journal
