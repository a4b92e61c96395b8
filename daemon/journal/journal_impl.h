// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "journal/dead_letters.h"
#include "journal/deliveries.h"
#include "journal/journal.h"
#include "journal/lock_file.h"
#include "journal/schema.h"
#include "journal/sqlite.h"

/// What the functions of Journal share; private to journal/.
namespace pilotwatch::journal {

inline constexpr std::string_view outbox_fact = "outbox_through";

[[nodiscard]] inline WriteFailure why(const SqliteError& error) {
  if (error.damaged()) return WriteFailure::damaged;
  if ((error.code & 0xFF) == SQLITE_FULL) return WriteFailure::disk_full;
  return (error.code & 0xFF) == SQLITE_IOERR ? WriteFailure::io : WriteFailure::other;
}

struct Journal::Impl {
  Impl(const std::filesystem::path& folder, Options given);

  /// Runs `body` in one transaction. After an error in COMMIT the transaction is closed, with unknown outcome. Under
  /// the mutex.
  template <class Body>
  void transaction(Body&& body) {
    database.run("BEGIN IMMEDIATE");
    try {
      body();
      const auto pages = page_count->value(), unused = freelist_count->value();
      database.run("COMMIT");
      deliveries->committed();
      all_pages = pages;
      free_pages = unused;
    } catch (...) {
      if (!database.autocommit()) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      for (auto* statement : {&insert, &insert_cursor, &delete_cursor, &insert_part, &set_fact}) (*statement)->reset();
      letters->reset();
      deliveries->reset();
      throw;
    }
  }
  /// Under the mutex. Throws SqliteError.
  void count_pages() {
    all_pages = page_count->value();
    free_pages = freelist_count->value();
  }
  [[nodiscard]] std::uint64_t wal_bytes() const;
  /// Of the database without its free pages. Any thread, like the next.
  [[nodiscard]] std::uint64_t database_bytes() const {
    return static_cast<std::uint64_t>(all_pages - free_pages) * page_bytes;
  }
  /// And the write-ahead log.
  [[nodiscard]] std::uint64_t used_bytes() const { return database_bytes() + wal_bytes(); }
  /// Whether records of so many bytes would be too much.
  [[nodiscard]] bool full(std::uint64_t more) const {
    return options.max_bytes > 0 && used_bytes() + more > options.max_bytes / 8 * 7;
  }
  /// Whether records are refused. What the write-ahead log takes, which keeps its greatest size, does not count but where
  /// it could not be emptied for the last of them.
  [[nodiscard]] bool refuses() const {
    return options.max_bytes > 0 && database_bytes() + refused_bytes > options.max_bytes / 8 * 7;
  }
  /// After an error in a write: where it is damage the next start must know of it.
  void look_at(const SqliteError& error) const noexcept;
  /// Runs `body`; what SQLite cannot write is a WriteError, and looked at.
  template <class Body>
  auto writing(Body&& body) const {
    try {
      return body();
    } catch (const SqliteError& error) {
      look_at(error);
      throw WriteError(error.what(), why(error));
    }
  }
  /// Runs `body`, which is about deliveries; where their table is damaged mends that, and runs it once more. Under the
  /// mutex. Throws SqliteError.
  template <class Body>
  auto with_deliveries(Body&& body) {
    try {
      return body();
    } catch (const SqliteError& error) {
      if (!error.damaged()) throw;
      look_at(error);
      if (!mend_outbox()) throw;
    }
    return body();
  }
  /// False: it is not that table that is damaged, or it was too often. Throws SqliteError; then nothing has changed, and
  /// that was no time of those.
  bool mend_outbox();
  void write_cursor(const record::Cursor& cursor);
  void write_fact(std::string_view key, std::string_view value) { set_fact->bind(1, key).bind(2, value).run(); }
  [[nodiscard]] std::vector<record::Cursor> cursors(const std::string& source) const;
  [[nodiscard]] std::string fact(std::string_view key) const;
  /// A fact that is a number; 0 where there is none. Throws SqliteError, also where it is something else.
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  /// Copies the write-ahead log into the database as far as nobody needs it; by a connection of its own. Throws
  /// SqliteError.
  void copy_wal();
  /// Copies all of it and cuts it off; under the mutex. False: somebody reads it. Throws SqliteError.
  bool empty_wal();

  const Options options;
  /// Pages of the write-ahead log: from the first on it is copied, from the second on who writes has to wait for that.
  const int some_wal_pages, many_wal_pages;
  std::filesystem::path path;
  LockFile lock;
  std::mutex mutex;  ///< guards the connection and all statements: a transaction is one holder's
  Database database;
  std::optional<Statement> insert, insert_cursor, delete_cursor, insert_part, set_fact;
  std::optional<DeadLetters> letters;
  std::optional<Deliveries> deliveries;
  unsigned times_mended = 0;  ///< that table
  OutboxLoss outbox_loss;     ///< not taken yet
  std::atomic<bool> outbox_was_mended = false;
  std::optional<Statement> page_count, freelist_count;
  std::uint64_t page_bytes = 4096;
  std::atomic<std::int64_t> all_pages = 0, free_pages = 0;
  std::atomic<std::uint64_t> last = 0, forgotten_through = 0, forgotten_entries = 0;
  std::atomic<std::uint64_t> refused_bytes = 0;  ///< of the last records, and of a log that stayed, if they were too much
  bool vacuums = false;         ///< free pages can be given back
  bool shrinking = false;       ///< of shrink() and forget(), like the next: one thread's
  bool forgot = false;          ///< something, since the write-ahead log was emptied
  std::optional<std::chrono::steady_clock::time_point> emptied;
  std::uint64_t lost_entries = 0;
  std::atomic<int> wal_pages = 0;  ///< as of the last commit
  std::mutex copying;  ///< guards the next; may be taken under `mutex`
  std::unique_ptr<Database> copier;
  std::mutex reading;  ///< guards the next; what is read there waits for nobody who writes
  struct Reader {
    explicit Reader(const std::string& path);
    Database database;
    Statement block;
  };
  std::unique_ptr<Reader> reader;
  std::array<std::string, 2> swept;  ///< sweep() has come to this name; by what it is after
};

/// Runs `body`; what SQLite cannot read is a DamagedError or a ReadError.
template <class Body>
auto reading(Body&& body) {
  try {
    return body();
  } catch (const SqliteError& error) {
    if (error.damaged()) throw DamagedError(error.what());
    throw ReadError(error.what());
  }
}

/// A whole number in decimal. Throws SqliteError: it is damaged.
[[nodiscard]] std::int64_t to_number(std::string_view text);

/// A stored entry. Throws CorruptBytes.
[[nodiscard]] record::Entry unpack_entry(std::string_view bytes);

}  // namespace pilotwatch::journal
