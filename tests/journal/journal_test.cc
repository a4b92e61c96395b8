// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include <sqlite3.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <random>

#include "base/bytes.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using journal::Journal;
using pilotwatch::testing::ScratchDir;

namespace {

record::Entry entry(std::int64_t wall, std::size_t text_bytes = 10) {
  record::Submission s;
  s.source = "test";
  std::mt19937_64 rng(static_cast<std::uint64_t>(wall));  // must not compress
  std::string text;
  for (std::size_t i = 0; i < text_bytes; ++i) text += static_cast<char>(rng());
  s.batch.strings.push_back(text);
  return {Instant{Millis{wall}}, {s}};
}

std::vector<std::int64_t> walls(Journal& journal, std::uint64_t after = 0) {
  std::vector<std::int64_t> out;
  journal.replay(after,
                 [&](std::uint64_t, const record::Entry& e) { out.push_back(e.wall.time_since_epoch().count()); });
  return out;
}

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

void run_sql(const std::filesystem::path& file, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

}  // namespace

TEST_CASE("journal: entries come back in order, also after reopening, with their cursor") {
  const ScratchDir dir;
  {
    Journal journal(dir.path() / "store");
    CHECK(journal.append(entry(10), {}) == 1);
    const record::Cursor cursor{"log", 1, 2, 300, 4, 5};
    CHECK(journal.append(entry(20), {&cursor, 1}) == 2);
  }
  Journal journal(dir.path() / "store");
  CHECK(journal.last_sequence() == 2);
  CHECK(walls(journal) == std::vector<std::int64_t>{10, 20});
  CHECK(walls(journal, 1) == std::vector<std::int64_t>{20});
  CHECK(journal.cursor("log")->offset == 300);
  CHECK(journal.cursor("log")->fingerprint == 4);
  CHECK_FALSE(journal.cursor("other"));
  CHECK(journal.append(entry(30), {}) == 3);
  CHECK((std::filesystem::status(dir.path() / "store").permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms(0700));
}

TEST_CASE("journal: a second process on the same store is refused by name") {
  const ScratchDir dir;
  Journal first(dir.path() / "store");
  CHECK_THROWS_WITH(Journal(dir.path() / "store"), Catch::Contains("in use by another pilotwatch"));
}

TEST_CASE("journal: foreign and newer databases are refused, not changed") {
  const ScratchDir dir;
  const auto file = dir.path() / "pilotwatch.db";
  run_sql(file, "CREATE TABLE theirs (x)");
  CHECK_THROWS_WITH(Journal(dir.path()), Catch::Contains("not a pilotwatch database"));
  std::filesystem::remove(file);
  { Journal journal(dir.path()); }
  run_sql(file, "PRAGMA user_version = 99");
  CHECK_THROWS_WITH(Journal(dir.path()), Catch::Contains("newer pilotwatch"));
}

TEST_CASE("journal: a full disk refuses the write, keeps what was there and goes on when there is room") {
  const ScratchDir dir;
  Journal journal(dir.path() / "store");
  CHECK(journal.append(entry(1), {}) == 1);
  {
    const FileSizeLimit full(64 << 10);
    CHECK_THROWS_AS(journal.append(entry(2, 1 << 20), {}), journal::WriteError);
    CHECK_THROWS_AS(journal.write_checkpoint(1, {{"big", entry(3, 1 << 20).submissions[0].batch.strings[1]}}, true),
                    journal::WriteError);
  }
  CHECK(walls(journal) == std::vector<std::int64_t>{1});
  CHECK(journal.append(entry(4), {}) == 2);
  CHECK(walls(journal) == std::vector<std::int64_t>{1, 4});
}

TEST_CASE("journal: a checkpoint replaces its parts in one step") {
  const ScratchDir dir;
  Journal journal(dir.path());
  CHECK(journal.read_checkpoint().sequence == 0);
  journal.write_checkpoint(3, {{"a", "1"}, {"b", "2"}}, true);
  journal.write_checkpoint(5, {{"b", "3"}}, false);
  auto read = journal.read_checkpoint();
  CHECK(read.sequence == 5);
  CHECK(read.parts == std::map<std::string, std::string>{{"a", "1"}, {"b", "3"}});
  journal.write_checkpoint(6, {{"c", std::string("\0x", 2)}}, true);
  CHECK(journal.read_checkpoint().parts == std::map<std::string, std::string>{{"c", std::string("\0x", 2)}});
}

TEST_CASE("journal: a damaged entry is an error that names itself, not a wrong figure") {
  const ScratchDir dir;
  { Journal(dir.path()).append(entry(1), {}); }
  run_sql(dir.path() / "pilotwatch.db", "UPDATE entries SET body = x'0102030405'");
  Journal journal(dir.path());
  CHECK_THROWS_AS(walls(journal), CorruptBytes);
}

TEST_CASE("journal: facts are kept") {
  const ScratchDir dir;
  Journal journal(dir.path());
  CHECK(journal.fact("shape").empty());
  journal.set_fact("shape", "x");
  journal.set_fact("shape", "y");
  CHECK(journal.fact("shape") == "y");
}
