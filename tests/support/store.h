// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace pilotwatch::testing {

/// No file may grow beyond this; writes past it fail as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

inline void run_sql(const std::filesystem::path& file, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  sqlite3_busy_timeout(db, 10'000);  // the writer of checkpoints may be at it
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

/// Overwrites a page of a table or index in a store that somebody may have open and idle; `first`: the first leaf of it,
/// else the last. Who has it open reads it anew.
inline void damage_page(const std::filesystem::path& file, const std::string& name, bool first = true) {
  run_sql(file, "PRAGMA wal_checkpoint(TRUNCATE)");
  std::int64_t page = 0;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  const auto select = "SELECT pageno FROM dbstat WHERE name = '" + name + "' AND pagetype = 'leaf' ORDER BY path" +
                      (first ? "" : " DESC") + " LIMIT 1";
  const auto take = [](void* out, int, char** values, char**) {
    *static_cast<std::int64_t*>(out) = std::atoll(values[0]);
    return 0;
  };
  CHECK(sqlite3_exec(db, select.c_str(), take, &page, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  REQUIRE(page > 1);
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp((page - 1) * 4096);
  out << std::string(4096, 'x');
  out.close();
  run_sql(file, "CREATE TABLE touched(a); DROP TABLE touched");
}

}  // namespace pilotwatch::testing
