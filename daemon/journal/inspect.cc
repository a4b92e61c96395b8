// SPDX-License-Identifier: Apache-2.0
#include "journal/inspect.h"

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "journal/files.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

/// What changes when somebody writes there.
std::vector<std::pair<std::uint64_t, fs::file_time_type>> stamps(const std::vector<fs::path>& files) {
  std::vector<std::pair<std::uint64_t, fs::file_time_type>> out;
  for (const auto& file : files) {
    std::error_code error;
    const auto written = fs::last_write_time(file, error);
    out.emplace_back(size_of(file), error ? fs::file_time_type{} : written);
  }
  return out;
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

/// How a database is opened so that nothing beside it appears, changes or is locked against a daemon.
enum class Way : std::uint8_t {
  alone,     ///< nobody has it open, and there is no log: as a file that never changes
  with_log,  ///< nobody has it open: its log is read, and the index of that, which is a file elsewhere, kept in memory
  beside_a_daemon,  ///< as a reader, by the index that the daemon has made
};

const char* parameters(Way way) {
  if (way == Way::alone) return "?immutable=1";
  return way == Way::with_log ? "?mode=ro&vfs=unix-none" : "?mode=ro&readonly_shm=1";
}

class Look {
 public:
  Look(const fs::path& file, Way way, Millis patience, Inspection& out)
      : out_(out),
        way_(way),
        ends_(Steady::now() + patience),
        database_("file:" + escaped(fs::absolute(file).string()) + parameters(way),
                  SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // Of who has it alone the index is in memory. Locks there are none: whoever starts meanwhile is noticed afterwards.
    if (way == Way::with_log) database_.run("PRAGMA locking_mode=EXCLUSIVE");
  }

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
    // A reader holds up the copying of the log: beside a daemon it must be a short one.
    if (way_ != Way::beside_a_daemon) check();
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
  Way way_;
  Steady::time_point ends_;
  Database database_;
};

void look(const fs::path& file, Way way, Millis patience, Inspection& out) {
  try {
    Look(file, way, patience, out).run();
  } catch (const SqliteError& sqlite) {
    if (way == Way::beside_a_daemon) return;  // which starts or ends just now
    if (sqlite.damaged()) {
      out.whole = Inspection::Whole::no;
      out.damage = sqlite.what();
    } else {
      out.problem = sqlite.what();
    }
  }
}

Inspection files_of(const fs::path& folder) {
  Inspection out;
  std::error_code error;
  out.there = fs::exists(folder / "pilotwatch.db", error);
  auto lock = LockFile::ask(folder / "lock");
  out.in_use = lock.held != LockFile::Held::no;
  out.lock_problem = std::move(lock.why);
  out.replacing = is_replacing(folder);
  out.suspect = is_suspect(folder);
  out.bytes = size_of(folder / "pilotwatch.db") + size_of(folder / "pilotwatch.db-wal");
  out.used_bytes = out.bytes;
  return out;
}

}  // namespace

Inspection inspect(const fs::path& folder, Millis patience) {
  const auto file = folder / "pilotwatch.db", log = folder / "pilotwatch.db-wal";
  auto out = files_of(folder);
  if (!out.there || out.replacing) return out;
  const auto before = stamps({file, log});
  look(file, out.in_use ? Way::beside_a_daemon : size_of(log) == 0 ? Way::alone : Way::with_log, patience, out);
  if (out.in_use || (LockFile::ask(folder / "lock").held == LockFile::Held::no && stamps({file, log}) == before))
    return out;
  // Somebody has begun to write under our eyes: what was read may be half of one and half of another.
  out = files_of(folder);
  out.in_use = true;
  return out;
}

}  // namespace pilotwatch::journal
