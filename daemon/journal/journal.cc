// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/bytes.h"
#include "journal/dead_letters.h"
#include "journal/sqlite.h"

namespace pilotwatch::journal {
namespace {

constexpr std::int64_t application_id = 0x70777463;  // "pwtc"

constexpr const char* schema = R"sql(
CREATE TABLE entries (              -- what was acknowledged, in order; state = fold(entries)
  sequence INTEGER PRIMARY KEY,
  wall_ms INTEGER NOT NULL,         -- commit time, Unix milliseconds
  body BLOB NOT NULL                -- zstd of record::encode_entry
) STRICT;
CREATE TABLE checkpoint_parts (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;   -- zstd
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

/// The lock dies with the process, whatever way that happens.
class LockFile {
 public:
  explicit LockFile(const std::filesystem::path& file) : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw OpenError("cannot open " + file.string() + ": " + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(fd_);
    throw OpenError(file.parent_path().string() + " is in use by another pilotwatch (lock " + file.filename().string() +
                    ")");
  }
  ~LockFile() { ::close(fd_); }
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  int fd_;
};

std::filesystem::path prepared(const std::filesystem::path& folder) {
  if (std::error_code error; !std::filesystem::exists(folder, error)) {
    const auto previous = ::umask(077);
    std::filesystem::create_directories(folder, error);
    ::umask(previous);
    if (error) throw OpenError("cannot create " + folder.string() + ": " + error.message());
  }
  return folder;
}

std::int64_t pragma(const Database& database, const char* name) {
  Statement statement(database, name);
  return statement.step() ? statement.number(0) : 0;
}

std::string unpack(std::string_view bytes) {
  auto body = decompress(bytes, max_entry_bytes);
  if (body.has_error()) throw CorruptBytes(body.error().what);
  return std::move(body).value();
}

}  // namespace

struct Journal::Impl {
  explicit Impl(const std::filesystem::path& folder)
      : path(prepared(folder) / "pilotwatch.db"), lock(folder / "lock"), database(path.string()) {
    prepare();
    insert.emplace(database, "INSERT INTO entries(sequence, wall_ms, body) VALUES(?, ?, ?)");
    insert_cursor.emplace(database,
                          "INSERT OR REPLACE INTO cursors VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    delete_cursor.emplace(database, "DELETE FROM cursors WHERE source = ? AND id = ?");
    letters.emplace(database);
    insert_part.emplace(database, "INSERT OR REPLACE INTO checkpoint_parts VALUES(?, ?)");
    last = static_cast<std::uint64_t>(pragma(database, "SELECT coalesce(max(sequence), 0) FROM entries"));
  }

  void prepare() {
    database.run("PRAGMA journal_mode=WAL");
    database.run("PRAGMA synchronous=FULL");
    database.run("PRAGMA journal_size_limit=67108864");
    const auto version = pragma(database, "PRAGMA user_version");
    if (version == 0 && pragma(database, "SELECT count(*) FROM sqlite_master") == 0) {
      database.run("BEGIN IMMEDIATE");
      database.run(schema);
      database.run(cursors_table);
      database.run(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
      database.run(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
      database.run("COMMIT");
      return;
    }
    if (pragma(database, "PRAGMA application_id") != application_id)
      throw OpenError(path.string() + " is not a pilotwatch database");
    if (version > schema_version) {
      throw OpenError(path.string() + " was written by a newer pilotwatch (schema " + std::to_string(version) +
                      ", this one knows " + std::to_string(schema_version) + ")");
    }
    if (version < 2) migrate_to_2();
  }

  /// Forward only, in one transaction; an older pilotwatch refuses the database from then on.
  void migrate_to_2() {
    database.run("BEGIN IMMEDIATE");
    try {
      database.run("ALTER TABLE cursors RENAME TO cursors_1");
      database.run(cursors_table);
      database.run(
          "INSERT INTO cursors(source, id, device, inode, offset, fingerprint, fingerprint_bytes) "
          "SELECT source, 1, device, inode, offset, fingerprint, fingerprint_bytes FROM cursors_1");
      database.run("DROP TABLE cursors_1");
      database.run("PRAGMA user_version=2");
      database.run("COMMIT");
    } catch (...) {
      if (!database.autocommit()) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }

  void write_cursor(const record::Cursor& cursor) {
    const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
    if (cursor.gone) {
      delete_cursor->bind(1, cursor.source).bind(2, number(cursor.id)).run();
      return;
    }
    insert_cursor->bind(1, cursor.source)
        .bind(2, number(cursor.id))
        .bind(3, number(cursor.device))
        .bind(4, number(cursor.inode))
        .bind(5, number(cursor.offset))
        .bind(6, number(cursor.fingerprint))
        .bind(7, number(cursor.fingerprint_bytes))
        .bind(8, number(cursor.marker))
        .bind(9, number(cursor.marker_bytes))
        .bind(10, number(cursor.content))
        .bind(11, number(cursor.size))
        .bind(12, cursor.modified_ns)
        .bind(13, cursor.seen_ms)
        .bind(14, number(cursor.compressed))
        .bind(15, number(cursor.finished))
        .bind(16, cursor.path)
        .bind(17, cursor.place)
        .run();
  }

  /// Runs `body` in one transaction. After an error in COMMIT the transaction is closed, with unknown outcome.
  template <class Body>
  void transaction(Body&& body) {
    database.run("BEGIN IMMEDIATE");
    try {
      body();
      database.run("COMMIT");
    } catch (...) {
      if (!database.autocommit()) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      insert->reset();
      insert_cursor->reset();
      delete_cursor->reset();
      insert_part->reset();
      letters->reset();
      throw;
    }
  }

  std::filesystem::path path;
  LockFile lock;
  Database database;
  std::optional<Statement> insert, insert_cursor, delete_cursor, insert_part;
  std::optional<DeadLetters> letters;
  std::atomic<std::uint64_t> last = 0;
};

Journal::Journal(const std::filesystem::path& folder) try : impl_(std::make_unique<Impl>(folder)) {
} catch (const SqliteError& error) {
  throw OpenError(std::string(error.what()) + " (in " + folder.string() + ")");
}
Journal::~Journal() = default;

std::uint64_t Journal::append(const record::Entry& entry, std::span<const record::Cursor> cursors,
                              std::span<const record::DeadLetter> letters, std::uint64_t keep_letters) {
  const std::uint64_t sequence = impl_->last + 1;
  const std::string body = compress(record::encode_entry(entry));
  bool inserted = false;
  try {
    impl_->transaction([&] {
      impl_->insert->bind(1, static_cast<std::int64_t>(sequence))
          .bind(2, entry.wall.time_since_epoch().count())
          .bind_blob(3, body)
          .run();
      for (const auto& cursor : cursors) impl_->write_cursor(cursor);
      impl_->letters->write(letters, keep_letters);
      inserted = true;
    });
  } catch (const SqliteError& error) {
    // A failed fsync can leave the rows in place: ask, so that memory and disk agree.
    std::int64_t stored = 0;
    try {
      stored = pragma(impl_->database, "SELECT coalesce(max(sequence), 0) FROM entries");
    } catch (const SqliteError&) {
      throw WriteError(error.what());
    }
    if (!inserted || static_cast<std::uint64_t>(stored) != sequence) {
      // A row that is not this entry: an earlier COMMIT, refused because nobody could be asked, was durable after all.
      if (!inserted && static_cast<std::uint64_t>(stored) > impl_->last)
        impl_->last = static_cast<std::uint64_t>(stored);
      throw WriteError(error.what());
    }
  }
  impl_->last = sequence;
  return sequence;
}

void Journal::write_checkpoint(std::uint64_t sequence, const std::vector<std::pair<std::string, std::string>>& parts,
                               bool drop_others) {
  try {
    impl_->transaction([&] {
      if (drop_others) impl_->database.run("DELETE FROM checkpoint_parts");
      for (const auto& [name, bytes] : parts) {
        const std::string body = compress(bytes);
        impl_->insert_part->bind(1, name).bind_blob(2, body).run();
      }
      Statement fact(impl_->database, "INSERT OR REPLACE INTO facts VALUES('checkpoint_sequence', ?)");
      const std::string text = std::to_string(sequence);
      fact.bind(1, text).run();
    });
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  }
}

Checkpoint Journal::read_checkpoint() {
  Checkpoint out;
  const auto sequence = fact("checkpoint_sequence");
  if (sequence.empty()) return out;
  out.sequence = std::stoull(sequence);
  Statement parts(impl_->database, "SELECT name, body FROM checkpoint_parts");
  while (parts.step()) out.parts.emplace(parts.bytes(0), unpack(parts.bytes(1)));
  return out;
}

void Journal::replay(std::uint64_t after, const std::function<void(std::uint64_t, const record::Entry&)>& visit) {
  try {
    Statement entries(impl_->database, "SELECT sequence, body FROM entries WHERE sequence > ? ORDER BY sequence");
    entries.bind(1, static_cast<std::int64_t>(after));
    while (entries.step()) {
      visit(static_cast<std::uint64_t>(entries.number(0)), record::decode_entry(unpack(entries.bytes(1))));
    }
  } catch (const SqliteError& error) {
    throw ReadError(error.what());
  }
}

std::uint64_t Journal::last_sequence() const { return impl_->last; }

std::vector<record::Cursor> Journal::cursors(const std::string& source) {
  Statement select(impl_->database,
                   "SELECT id, device, inode, offset, fingerprint, fingerprint_bytes, marker, marker_bytes, content, "
                   "size, modified_ns, seen_ms, compressed, finished, path, place FROM cursors WHERE source = ? "
                   "ORDER BY id");
  select.bind(1, source);
  std::vector<record::Cursor> out;
  while (select.step()) {
    auto& row = out.emplace_back();
    row.source = source;
    int column = 0;
    for (auto* field : {&row.id, &row.device, &row.inode, &row.offset, &row.fingerprint, &row.fingerprint_bytes,
                        &row.marker, &row.marker_bytes, &row.content, &row.size})
      *field = static_cast<std::uint64_t>(select.number(column++));
    row.modified_ns = select.number(column++);
    row.seen_ms = select.number(column++);
    row.compressed = select.number(column++) != 0;
    row.finished = select.number(column++) != 0;
    row.path = select.bytes(column++);
    row.place = select.bytes(column++);
  }
  return out;
}

std::vector<record::DeadLetter> Journal::dead_letters(std::uint64_t keep, bool keep_text) {
  try {
    impl_->database.run("PRAGMA secure_delete=ON");
    impl_->transaction([&] { impl_->letters->trim(impl_->database, keep, keep_text); });
    impl_->database.run("PRAGMA secure_delete=OFF");
    return impl_->letters->read(impl_->database);
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  }
}

std::string Journal::fact(const std::string& key) {
  Statement select(impl_->database, "SELECT value FROM facts WHERE key = ?");
  select.bind(1, key);
  return select.step() ? std::string(select.bytes(0)) : "";
}

void Journal::set_fact(const std::string& key, const std::string& value) {
  try {
    Statement insert(impl_->database, "INSERT OR REPLACE INTO facts VALUES(?, ?)");
    insert.bind(1, key).bind(2, value).run();
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  }
}

StoreStats Journal::stats() const {
  StoreStats out;
  const auto size = [](const std::filesystem::path& file) -> std::uint64_t {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    return error ? 0 : bytes;
  };
  out.db_bytes = size(impl_->path);
  out.wal_bytes = size(impl_->path.string() + "-wal");
  std::error_code error;
  const auto space = std::filesystem::space(impl_->path.parent_path(), error);
  out.free_bytes = error ? 0 : space.available;
  out.entries = impl_->last;
  return out;
}

}  // namespace pilotwatch::journal
