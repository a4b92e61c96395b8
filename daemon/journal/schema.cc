// SPDX-License-Identifier: Apache-2.0
#include "journal/schema.h"

#include "journal/journal.h"
#include "journal/wal.h"

namespace pilotwatch::journal {

std::int64_t pragma(const Database& database, const char* sql) {
  Statement statement(database, sql);
  return statement.step() ? statement.number(0) : 0;
}

namespace {

constexpr const char* schema = R"sql(
CREATE TABLE entries (              -- what was acknowledged, in order; state = fold(entries)
  sequence INTEGER PRIMARY KEY,
  wall_ms INTEGER NOT NULL,         -- commit time, Unix milliseconds
  body BLOB NOT NULL                -- zstd of record::encode_entry
) STRICT;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
)sql";

/// Of version 2; see record::Cursor. Version 1 had one row a source, without `id` and what follows `fingerprint_bytes`.
constexpr const char* cursors_table = R"sql(
CREATE TABLE cursors (              -- where the file sources stand; written with the entry that holds what was read
  source TEXT NOT NULL, id INTEGER NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL, fingerprint_bytes INTEGER NOT NULL,
  marker INTEGER NOT NULL DEFAULT 0, marker_bytes INTEGER NOT NULL DEFAULT 0, content INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL DEFAULT 0, modified_ns INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER NOT NULL DEFAULT 0,
  compressed INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,
  path TEXT NOT NULL DEFAULT '', place TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, id)
) STRICT;
)sql";

/// Of version 3. A checkpoint is what `facts` says: of each name the row of the greatest generation between
/// `checkpoint_base` and `checkpoint_generation`. Greater ones belong to a checkpoint that is being written. Before
/// version 3 there were no generations. A negative one says that the name has been gone since then.
constexpr const char* parts_table = R"sql(
CREATE TABLE checkpoint_parts (
  name TEXT NOT NULL, generation INTEGER NOT NULL,
  body BLOB NOT NULL,               -- zstd
  PRIMARY KEY (name, generation)
) STRICT;
)sql";

template <class Body>
void in_transaction(Database& database, Body&& body) {
  database.run("BEGIN IMMEDIATE");
  try {
    body();
    database.run("COMMIT");
  } catch (...) {
    if (!database.autocommit()) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void create(Database& database) {
  in_transaction(database, [&] {
    database.run(schema);
    database.run(cursors_table);
    database.run(parts_table);
    database.run(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
    database.run(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
  });
}

void migrate_to_2(Database& database) {
  in_transaction(database, [&] {
    database.run("ALTER TABLE cursors RENAME TO cursors_1");
    database.run(cursors_table);
    database.run(
        "INSERT INTO cursors(source, id, device, inode, offset, fingerprint, fingerprint_bytes) "
        "SELECT source, 1, device, inode, offset, fingerprint, fingerprint_bytes FROM cursors_1");
    database.run("DROP TABLE cursors_1");
    database.run("PRAGMA user_version=2");
  });
}

void migrate_to_3(Database& database) {
  in_transaction(database, [&] {
    database.run("ALTER TABLE checkpoint_parts RENAME TO checkpoint_parts_2");
    database.run(parts_table);
    database.run("INSERT INTO checkpoint_parts SELECT name, 0, body FROM checkpoint_parts_2");
    database.run("DROP TABLE checkpoint_parts_2");
    database.run("PRAGMA user_version=3");
  });
}

/// Version 4: entries may be gone from the beginning (the facts `forgotten_*`), of which earlier programs know nothing.
/// Free pages can be given back only by a database that was made so; VACUUM makes it anew, which takes time and twice the
/// room, so large ones stay as they are: their free pages are used again.
void migrate_to_4(Database& database) {
  constexpr std::int64_t small_pages = 16'384;  // 64 MB
  if (pragma(database, "PRAGMA auto_vacuum") == 0 && pragma(database, "PRAGMA page_count") <= small_pages) {
    try {
      database.run("PRAGMA auto_vacuum=INCREMENTAL");
      database.run("VACUUM");
    } catch (const SqliteError& error) {  // no room, most likely
      if (error.damaged()) throw;
    }
  }
  database.run("PRAGMA user_version=4");
}

/// Version 5: entries may be several frames, which earlier programs take for damage.
void migrate_to_5(Database& database) { database.run("PRAGMA user_version=5"); }

/// Version 6: entries hold actions of people, which earlier programs take for damage.
void migrate_to_6(Database& database) { database.run("PRAGMA user_version=6"); }

}  // namespace

void prepare(Database& database, const std::string& path) {
  // SQLite opens what it may only read all the same, and it would stay so for as long as the connection does.
  if (sqlite3_db_readonly(database.get(), "main") == 1) throw OpenError(path + " may not be written");
  const auto version = pragma(database, "PRAGMA user_version");
  const bool fresh = version == 0 && pragma(database, "SELECT count(*) FROM sqlite_master") == 0;
  if (!fresh && pragma(database, "PRAGMA application_id") != application_id)
    throw OpenError(path + " is not a pilotwatch database");
  if (version > schema_version) {
    throw OpenError(path + " was written by a newer pilotwatch (schema " + std::to_string(version) +
                    ", this one knows " + std::to_string(schema_version) + ")");
  }
  // EXTRA is FULL and, while the database is being created, makes durable that the rollback journal is gone: one that
  // came back would take with it all that has been committed since.
  database.run("PRAGMA synchronous=EXTRA");
  if (!fresh) rewrite_wal(database);  // before anything is copied out of it, which a migration may do
  if (fresh) database.run("PRAGMA auto_vacuum=INCREMENTAL");  // before the first page is written, or never
  database.run("PRAGMA journal_mode=WAL");
  database.run("PRAGMA journal_size_limit=67108864");
  // Debian's SQLite overwrites what is deleted unless told not to; where that matters, dead_letters() asks for it, and
  // Options::overwrite.
  database.run("PRAGMA secure_delete=OFF");
  if (fresh) return create(database);
  if (version < 2) migrate_to_2(database);
  if (version < 3) migrate_to_3(database);
  if (version < 4) migrate_to_4(database);
  if (version < 5) migrate_to_5(database);
  if (version < 6) migrate_to_6(database);
}

}  // namespace pilotwatch::journal
