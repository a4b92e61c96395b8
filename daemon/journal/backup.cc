// SPDX-License-Identifier: Apache-2.0
#include "journal/backup.h"

#include <sys/stat.h>

#include <memory>
#include <system_error>

#include "journal/files.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;

constexpr int pages_a_step = 256;  // 1 MB

/// Of this process, while it lives: files that nobody else can read.
struct PrivateFiles {
  PrivateFiles() : before(::umask(077)) {}
  ~PrivateFiles() { ::umask(before); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;
  const mode_t before;
};

struct Finish {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

constexpr std::string_view partial_name = "pilotwatch.db.partial";

/// What an interrupted backup has left is taken away; anything else is somebody's.
void must_be_empty(const fs::path& to) {
  if (!fs::exists(to)) return;
  std::vector<fs::path> rests;
  bool interrupted = false, other = false;
  for (const auto& file : fs::directory_iterator(to)) {
    const auto name = file.path().filename().string();
    const bool partial = name.starts_with(partial_name);
    interrupted = interrupted || partial;
    other = other || (!partial && name != "id.key");
    rests.push_back(file.path());
  }
  if (other || (!rests.empty() && !interrupted))
    throw OpenError(to.string() + " is not empty; a backup needs a folder of its own");
  for (const auto& file : rests) fs::remove(file);
}

void copy_database(const fs::path& from, const fs::path& to,
                   const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  Database source(from.string(), SQLITE_OPEN_READWRITE);
  // Of a store that nobody has open this is the last connection: only a start may copy what a killed process has left.
  sqlite3_db_config(source.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (pragma(source, "PRAGMA application_id") != application_id)
    throw OpenError(from.string() + " is not a pilotwatch database");
  Database copy(to.string());
  // One snapshot for all steps: without it, each commit of the daemon would make the copy begin anew.
  source.run("BEGIN; SELECT count(*) FROM sqlite_master");
  const std::unique_ptr<sqlite3_backup, Finish> backup(
      sqlite3_backup_init(copy.get(), "main", source.get(), "main"));
  if (!backup) copy.fail("backup");
  int rc = SQLITE_OK;
  while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
    rc = sqlite3_backup_step(backup.get(), pages_a_step);
    const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup.get()));
    if (progress) progress(all - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup.get())), all);
  }
  if (rc != SQLITE_DONE) throw SqliteError(rc, "backup: " + std::string(sqlite3_errstr(rc)));
}

void check(const fs::path& file) {
  Database copy(file.string());
  Statement statement(copy, "PRAGMA quick_check(1)");
  if (!statement.step() || statement.bytes(0) != "ok")
    throw OpenError("the copy is damaged, and so is what it was made of: " + std::string(statement.bytes(0)));
}

}  // namespace

void back_up(const fs::path& folder, const fs::path& to,
             const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto from = folder / "pilotwatch.db";
  if (!fs::exists(from)) throw OpenError(folder.string() + " holds no store");
  if (is_replacing(folder)) throw OpenError(folder.string() + " is being salvaged; the next start finishes that");
  const PrivateFiles files;
  try {
    must_be_empty(to);
    fs::create_directories(to);
    const auto partial = to / partial_name;
    copy_database(from, partial, progress);
    check(partial);
    for (const auto* rest : {"-wal", "-shm"}) fs::remove(partial.string() + rest);
    make_durable(partial);
    if (fs::exists(folder / "id.key")) {
      fs::copy_file(folder / "id.key", to / "id.key");
      make_durable(to / "id.key");
    }
    fs::rename(partial, to / "pilotwatch.db");
    make_durable(to);
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  } catch (const fs::filesystem_error& error) {
    throw WriteError(error.what());
  }
}

}  // namespace pilotwatch::journal
