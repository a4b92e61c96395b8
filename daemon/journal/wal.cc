// SPDX-License-Identifier: Apache-2.0
#include "journal/wal.h"

#include <algorithm>
#include <vector>

namespace pilotwatch::journal {
namespace {

// SQLite takes 131,071 bytes at once at most, and does less than it is told beyond that.
constexpr sqlite3_int64 block_bytes = 64 << 10;

void must(int rc, const char* doing) {
  if (rc != SQLITE_OK) throw SqliteError(rc, std::string(doing) + " the write-ahead log: " + sqlite3_errstr(rc));
}

void rewrite(sqlite3_file& file) {
  const auto& does = *file.pMethods;
  sqlite3_int64 size = 0;
  must(does.xFileSize(&file, &size), "measure");
  if (size == 0) return;
  std::vector<char> block(static_cast<std::size_t>(std::min(size, block_bytes)));
  for (sqlite3_int64 at = 0; at < size; at += block_bytes) {
    const auto bytes = static_cast<int>(std::min(block_bytes, size - at));
    must(does.xRead(&file, block.data(), bytes, at), "read");
    must(does.xWrite(&file, block.data(), bytes, at), "rewrite");
  }
  must(does.xSync(&file, SQLITE_SYNC_NORMAL), "sync");
}

}  // namespace

void rewrite_wal(Database& database) {
  // Where the sync fails, the system may drop what was written from its cache. SQLite would not notice before the next
  // start, and copy garbage into the database.
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  database.run("BEGIN IMMEDIATE");  // nobody else writes there
  sqlite3_file* file = nullptr;
  try {
    must(sqlite3_file_control(database.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file), "find");
    if (file != nullptr && file->pMethods != nullptr) rewrite(*file);
  } catch (...) {
    sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  database.run("ROLLBACK");
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace pilotwatch::journal
