// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// SQLite with RAII and exceptions; private to journal/.
namespace pilotwatch::journal {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int extended_code, const std::string& what) : std::runtime_error(what), code(extended_code) {}
  int code;  ///< extended result code
  /// The file is not what SQLite wrote.
  [[nodiscard]] bool damaged() const { return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB; }
};

inline constexpr int busy_ms = 5000;  ///< how long somebody else's lock is waited for

class Database {
 public:
  explicit Database(const std::string& path, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    sqlite3* raw = nullptr;
    const int rc = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(raw);
    if (rc != SQLITE_OK) fail("open " + path);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_ms);
  }

  void run(const char* sql) {
    if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
  }
  /// True unless a transaction is open.
  [[nodiscard]] bool autocommit() const { return sqlite3_get_autocommit(handle_.get()) != 0; }
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  [[noreturn]] void fail(const std::string& doing) const {
    throw SqliteError(sqlite3_extended_errcode(handle_.get()), doing + ": " + sqlite3_errmsg(handle_.get()));
  }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Bound texts and blobs must live until step() or run() has returned.
class Statement {
 public:
  Statement(const Database& database, const char* sql) : database_(database) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(database.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
      database.fail(sql);
    handle_.reset(raw);
  }

  Statement& bind(int index, std::int64_t value) { return check(sqlite3_bind_int64(handle_.get(), index, value)); }
  Statement& bind(int index, std::string_view text) {
    return check(sqlite3_bind_text64(handle_.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  Statement& bind_blob(int index, std::string_view bytes) {
    return check(sqlite3_bind_blob64(handle_.get(), index, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                                     SQLITE_STATIC));
  }

  /// True while there is a row.
  bool step() {
    const int rc = sqlite3_step(handle_.get());
    if (rc == SQLITE_ROW) return true;
    if (rc != SQLITE_DONE) {
      sqlite3_reset(handle_.get());
      database_.fail("step");
    }
    return false;
  }
  void run() {
    while (step()) {
    }
    reset();
  }
  /// The number that it answers.
  std::int64_t value() {
    const auto out = step() ? number(0) : 0;
    reset();
    return out;
  }
  void reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
  }

  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  [[nodiscard]] std::string_view bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
  }

 private:
  Statement& check(int rc) {
    if (rc != SQLITE_OK) database_.fail("bind");
    return *this;
  }
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace pilotwatch::journal
