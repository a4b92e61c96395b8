// SPDX-License-Identifier: Apache-2.0
// Databases as every released version wrote them are opened, migrated and go on; also when the process is killed at any
// write of a migration.
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/bytes.h"
#include "journal/journal.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::Journal;

namespace {

namespace fs = std::filesystem;

constexpr const char* common = R"sql(
PRAGMA journal_mode=WAL;
CREATE TABLE entries (              -- what was acknowledged, in order; state = fold(entries)
  sequence INTEGER PRIMARY KEY,
  wall_ms INTEGER NOT NULL,         -- commit time, Unix milliseconds
  body BLOB NOT NULL                -- zstd of record::encode_entry
) STRICT;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA application_id=1886876771;
INSERT INTO facts VALUES('shape', 'round'), ('checkpoint_sequence', '2');
)sql";
constexpr const char* cursors_1 = R"sql(
CREATE TABLE cursors (
  source TEXT PRIMARY KEY,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL, fingerprint_bytes INTEGER NOT NULL
) STRICT;
INSERT INTO cursors VALUES('log', 1, 2, 300, -1, 256), ('other', 3, 4, 5, 6, 7);
)sql";
constexpr const char* cursors_2 = R"sql(
CREATE TABLE cursors (
  source TEXT NOT NULL, id INTEGER NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL, fingerprint_bytes INTEGER NOT NULL,
  marker INTEGER NOT NULL DEFAULT 0, marker_bytes INTEGER NOT NULL DEFAULT 0, content INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL DEFAULT 0, modified_ns INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER NOT NULL DEFAULT 0,
  compressed INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,
  path TEXT NOT NULL DEFAULT '', place TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, id)
) STRICT;
INSERT INTO cursors(source, id, device, inode, offset, fingerprint, fingerprint_bytes, path)
  VALUES('log', 1, 1, 2, 300, -1, 256, '/var/log/a'), ('other', 9, 3, 4, 5, 6, 7, '');
)sql";
constexpr const char* parts_1 = R"sql(
CREATE TABLE checkpoint_parts (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
INSERT INTO checkpoint_parts VALUES('state', x'28b52ffd2002110000686f');   -- "ho"
)sql";
constexpr const char* parts_3 = R"sql(
CREATE TABLE checkpoint_parts (
  name TEXT NOT NULL, generation INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (name, generation)
) STRICT;
INSERT INTO facts VALUES('checkpoint_generation', '3'), ('checkpoint_base', '2');
INSERT INTO checkpoint_parts VALUES('state', 1, x'00'), ('state', 3, x'28b52ffd2002110000686f'), ('state', 4, x'00');
)sql";
constexpr const char* letters_1 = R"sql(
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  wall_ms INTEGER NOT NULL, source TEXT NOT NULL, line INTEGER NOT NULL,
  stream INTEGER NOT NULL, reason INTEGER NOT NULL, detail TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
INSERT INTO dead_letters VALUES(5, 1, 'log', 7, 0, 0, 'not JSON', '');
)sql";

constexpr std::uint64_t rows = 3;

record::Entry entry(std::int64_t wall) {
  record::Submission s;
  s.source = "test " + std::to_string(wall);
  return {Instant{Millis{wall}}, {s}};
}

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

/// A database as that version made it.
void write_database(const fs::path& folder, int version) {
  std::string sql = common;
  sql += version == 1 ? cursors_1 : cursors_2;
  sql += version < 3 ? parts_1 : parts_3;
  if (version > 1) sql += letters_1;
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(rows); ++i)
    sql += "INSERT INTO entries VALUES(" + std::to_string(i) + "," + std::to_string(i) + ",x'" +
           hex(compress(record::encode_entry(entry(i)))) + "');";
  sql += "PRAGMA user_version=" + std::to_string(version);
  fs::create_directories(folder);
  run_sql(folder / "pilotwatch.db", sql.c_str());
}

void must_be_whole(Journal& journal, int version) {
  std::uint64_t count = 0;
  journal.replay(0, [&](std::uint64_t sequence, const record::Entry& e) {
    CHECK(sequence == ++count);
    CHECK(e.submissions.at(0).source == "test " + std::to_string(sequence));
  });
  CHECK(count == rows);
  const auto checkpoint = journal.read_checkpoint();
  CHECK(checkpoint.sequence == 2);
  CHECK(checkpoint.parts == std::map<std::string, std::string>{{"state", "ho"}});
  CHECK(journal.fact("shape") == "round");
  const auto log = journal.cursors("log"), other = journal.cursors("other");
  REQUIRE(log.size() == 1);
  REQUIRE(other.size() == 1);
  CHECK(std::tuple(log[0].id, log[0].device, log[0].inode, log[0].offset, log[0].fingerprint,
                   log[0].fingerprint_bytes) == std::tuple(1U, 1U, 2U, 300U, ~std::uint64_t{0}, 256U));
  CHECK(log[0].path == (version == 1 ? "" : "/var/log/a"));
  CHECK(other[0].id == (version == 1 ? 1U : 9U));
  const auto letters = journal.dead_letters(10, false);
  CHECK(letters.size() == (version == 1 ? 0U : 1U));
  if (!letters.empty()) CHECK(letters[0].reject.detail == "not JSON");
}

/// SQLite's files, of which the process dies at a certain write, half of it done.
class DeadlyFiles {
 public:
  static void install(int die_at) {
    left_ = die_at;
    base_ = sqlite3_vfs_find(nullptr);
    ours_ = *base_;
    ours_.zName = "deadly";
    ours_.xOpen = open;
    sqlite3_vfs_register(&ours_, 1);
  }

 private:
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int rc = base_->xOpen(base_, name, file, flags, out);
    if (rc == SQLITE_OK && file->pMethods != nullptr) {
      auto& methods = methods_[(flags & SQLITE_OPEN_MAIN_DB) != 0];  // only these have locks and shared memory
      write_ = file->pMethods->xWrite;
      methods = *file->pMethods;
      methods.xWrite = write;
      file->pMethods = &methods;
    }
    return rc;
  }
  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
    if (--left_ == 0) {
      write_(file, bytes, count / 2, at);
      ::_exit(9);
    }
    return write_(file, bytes, count, at);
  }

  static inline int left_ = 0;
  static inline sqlite3_vfs* base_ = nullptr;
  static inline sqlite3_vfs ours_{};
  static inline int (*write_)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;
  static inline std::array<sqlite3_io_methods, 2> methods_{};
};

/// True: it was killed; false: it opened the journal, and ended.
bool killed_while_opening(const fs::path& folder, int at_write) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      DeadlyFiles::install(at_write);
      const Journal journal(folder);
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
  return WEXITSTATUS(status) == 9;
}

std::int64_t version_of(const fs::path& file) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  const auto out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return out;
}

}  // namespace

TEST_CASE("migration: a database of every version goes on with all that is in it") {
  const auto version = GENERATE(1, 2, 3, 4, 5);
  CAPTURE(version);
  const ScratchDir dir;
  write_database(dir.path(), version);
  for (int opened = 0; opened < 2; ++opened) {
    Journal journal(dir.path());
    must_be_whole(journal, version);
  }
  CHECK(version_of(dir.path() / "pilotwatch.db") == journal::schema_version);
  {
    Journal journal(dir.path(), {.overwrite = true});
    record::Cursor moved;
    moved.source = "log";
    moved.id = 1;
    moved.offset = 301;
    CHECK(journal.append(entry(4), {&moved, 1}) == 4);
    while (journal.sweep(true)) {
    }
    const std::vector<journal::PackedPart> parts{{"more", compress("parts")}};
    journal.stage(parts);
    journal.finish_checkpoint(4, false, "square");
    while (journal.forget(Instant{Millis{100}})) {
    }
  }
  Journal journal(dir.path());
  CHECK(journal.read_checkpoint().parts == std::map<std::string, std::string>{{"more", "parts"}, {"state", "ho"}});
  CHECK(journal.forgotten_through() == 3);
  CHECK(journal.cursors("log").at(0).offset == 301);
  CHECK(journal.append(entry(5), {}) == 5);
}

TEST_CASE("migration: killed at any write it begins again, and nothing is missing") {
  const ScratchDir dir;
  write_database(dir.path() / "template", 1);
  int at_write = 1;
  for (bool killed = true; killed; ++at_write) {
    CAPTURE(at_write);
    const auto folder = dir.path() / std::to_string(at_write);
    fs::copy(dir.path() / "template", folder);
    killed = killed_while_opening(folder, at_write);
    Journal journal(folder);
    must_be_whole(journal, 1);
    CHECK(version_of(folder / "pilotwatch.db") == journal::schema_version);
  }
  CHECK(at_write > 30);  // it wrote something
}
