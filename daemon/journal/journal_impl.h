// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "journal/dead_letters.h"
#include "journal/journal.h"
#include "journal/schema.h"
#include "journal/sqlite.h"

/// What the functions of Journal share; private to journal/.
namespace pilotwatch::journal {

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

struct Journal::Impl {
  explicit Impl(const std::filesystem::path& folder);

  /// Runs `body` in one transaction. After an error in COMMIT the transaction is closed, with unknown outcome. Under
  /// the mutex.
  template <class Body>
  void transaction(Body&& body) {
    database.run("BEGIN IMMEDIATE");
    try {
      body();
      database.run("COMMIT");
    } catch (...) {
      if (!database.autocommit()) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      for (auto* statement : {&insert, &insert_cursor, &delete_cursor, &insert_part, &set_fact}) (*statement)->reset();
      letters->reset();
      throw;
    }
  }
  void write_cursor(const record::Cursor& cursor);
  void write_fact(std::string_view key, std::string_view value) { set_fact->bind(1, key).bind(2, value).run(); }
  [[nodiscard]] std::vector<record::Cursor> cursors(const std::string& source) const;
  [[nodiscard]] std::string fact(std::string_view key) const;
  /// A fact that is a number; 0 where there is none.
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  /// Copies the write-ahead log into the database as far as nobody needs it; by a connection of its own. Throws
  /// SqliteError.
  void copy_wal();

  std::filesystem::path path;
  LockFile lock;
  std::mutex mutex;  ///< guards the connection and all statements: a transaction is one holder's
  Database database;
  std::optional<Statement> insert, insert_cursor, delete_cursor, insert_part, set_fact;
  std::optional<DeadLetters> letters;
  std::atomic<std::uint64_t> last = 0;
  std::uint64_t lost_entries = 0;
  std::atomic<int> wal_pages = 0;  ///< as of the last commit
  std::mutex copying;  ///< guards the next; may be taken under `mutex`
  std::unique_ptr<Database> copier;
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

/// A stored entry. Throws CorruptBytes.
[[nodiscard]] record::Entry unpack_entry(std::string_view bytes);

}  // namespace pilotwatch::journal
