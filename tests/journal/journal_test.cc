// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "base/bytes.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using journal::Journal;
using namespace pilotwatch::testing;

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

record::Cursor cursor_at(const std::string& source, std::uint64_t id, std::uint64_t offset) {
  record::Cursor cursor;
  cursor.source = source;
  cursor.id = id;
  cursor.offset = offset;
  cursor.fingerprint = ~std::uint64_t{0};
  return cursor;
}

}  // namespace

TEST_CASE("journal: entries come back in order, also after reopening, with their cursor") {
  const ScratchDir dir;
  {
    Journal journal(dir.path() / "store");
    CHECK(journal.append(entry(10), {}) == 1);
    const auto cursor = cursor_at("log", 1, 300);
    CHECK(journal.append(entry(20), {&cursor, 1}) == 2);
  }
  Journal journal(dir.path() / "store");
  CHECK(journal.last_sequence() == 2);
  CHECK(walls(journal) == std::vector<std::int64_t>{10, 20});
  CHECK(walls(journal, 1) == std::vector<std::int64_t>{20});
  REQUIRE(journal.cursors("log").size() == 1);
  CHECK(journal.cursors("log")[0].offset == 300);
  CHECK(journal.cursors("log")[0].fingerprint == ~std::uint64_t{0});
  CHECK(journal.cursors("other").empty());
  CHECK(journal.append(entry(30), {}) == 3);
  CHECK((std::filesystem::status(dir.path() / "store").permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms(0700));
}

TEST_CASE("journal: cursors are kept file by file, whole, until they are gone") {
  const ScratchDir dir;
  auto whole = cursor_at("log", 7, 1);
  whole.device = 2;
  whole.inode = 3;
  whole.fingerprint_bytes = 4;
  whole.marker = ~std::uint64_t{5};
  whole.marker_bytes = 6;
  whole.content = ~std::uint64_t{7};
  whole.size = 8;
  whole.modified_ns = -9;
  whole.seen_ms = 10;
  whole.compressed = whole.finished = true;
  whole.path = "/var/log/a";
  whole.place = "/var/log/a.1";
  {
    Journal journal(dir.path());
    const std::vector<record::Cursor> rows{cursor_at("log", 9, 1), whole, cursor_at("other", 7, 5)};
    journal.append(entry(1), rows);
    auto gone = cursor_at("log", 9, 0);
    gone.gone = true;
    const std::vector<record::Cursor> next{gone, cursor_at("other", 7, 6)};
    journal.append(entry(2), next);
  }
  Journal journal(dir.path());
  const auto rows = journal.cursors("log");
  REQUIRE(rows.size() == 1);
  const auto& row = rows[0];
  CHECK(std::tuple(row.source, row.id, row.device, row.inode, row.offset, row.fingerprint, row.fingerprint_bytes) ==
        std::tuple("log", 7U, 2U, 3U, 1U, ~std::uint64_t{0}, 4U));
  CHECK(std::tuple(row.marker, row.marker_bytes, row.content, row.size, row.modified_ns, row.seen_ms) ==
        std::tuple(~std::uint64_t{5}, 6U, ~std::uint64_t{7}, 8U, -9, 10));
  CHECK(std::tuple(row.compressed, row.finished, row.gone, row.path, row.place) ==
        std::tuple(true, true, false, "/var/log/a", "/var/log/a.1"));
  REQUIRE(journal.cursors("other").size() == 1);
  CHECK(journal.cursors("other")[0].offset == 6);
}

TEST_CASE("journal: a database of version 1 is migrated, once, and keeps where its sources stood") {
  const ScratchDir dir;
  { Journal(dir.path()).append(entry(1), {}); }
  const auto file = dir.path() / "pilotwatch.db";
  run_sql(
      file,
      "DROP TABLE cursors;"
      "CREATE TABLE cursors (source TEXT PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER "
      "NOT NULL, fingerprint INTEGER NOT NULL, fingerprint_bytes INTEGER NOT NULL) STRICT;"
      "INSERT INTO cursors VALUES('log', 1, 2, 300, -1, 256), ('other', 3, 4, 5, 6, 7);"
      "DROP TABLE checkpoint_parts;"
      "CREATE TABLE checkpoint_parts (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;"
      "INSERT INTO checkpoint_parts VALUES('state', x'28b52ffd2002110000686f');"  // zstd of "ho"
      "INSERT INTO facts VALUES('checkpoint_sequence', '1'); PRAGMA user_version = 1;");
  for (int opened = 0; opened < 2; ++opened) {
    Journal journal(dir.path());
    const auto rows = journal.cursors("log");
    REQUIRE(rows.size() == 1);
    CHECK(std::tuple(rows[0].id, rows[0].device, rows[0].inode, rows[0].offset, rows[0].fingerprint,
                     rows[0].fingerprint_bytes, rows[0].marker_bytes, rows[0].content,
                     rows[0].path) == std::tuple(1U, 1U, 2U, 300U, ~std::uint64_t{0}, 256U, 0U, 0U, ""));
    CHECK(journal.cursors("other").size() == 1);
    CHECK(walls(journal) == std::vector<std::int64_t>{1});
    CHECK(journal.read_checkpoint().parts == std::map<std::string, std::string>{{"state", "ho"}});
    const auto moved = cursor_at("log", 1, 300);
    if (opened == 1) CHECK(journal.append(entry(2), {&moved, 1}) == 2);
  }
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
    const std::vector<journal::PackedPart> big{{"big", entry(3, 1 << 20).submissions[0].batch.strings[1]}};
    CHECK_THROWS_AS(journal.stage(big), journal::WriteError);
  }
  CHECK(walls(journal) == std::vector<std::int64_t>{1});
  CHECK(journal.append(entry(4), {}) == 2);
  CHECK(walls(journal) == std::vector<std::int64_t>{1, 4});
}

TEST_CASE("journal: a damaged entry is an error that names itself, not a wrong figure") {
  const ScratchDir dir;
  { Journal(dir.path()).append(entry(1), {}); }
  run_sql(dir.path() / "pilotwatch.db", "UPDATE entries SET body = x'0102030405'");
  Journal journal(dir.path());
  CHECK_THROWS_WITH(walls(journal), Catch::Contains("entry 1 is damaged"));
}

TEST_CASE("journal: what a killed process left in the write-ahead log is read, however long it is") {
  const ScratchDir dir;
  Journal journal(dir.path() / "store");
  for (std::int64_t i = 1; i <= 8; ++i) {
    journal.append(entry(i, i < 4 ? 10'000 : 200'000), {});
    const auto copy = dir.path() / std::to_string(i);
    std::filesystem::create_directory(copy);
    for (const auto* file : {"pilotwatch.db", "pilotwatch.db-wal"})
      std::filesystem::copy_file(dir.path() / "store" / file, copy / file);
    Journal after(copy);
    CHECK(walls(after).size() == static_cast<std::size_t>(i));
  }
}

TEST_CASE("journal: facts are kept") {
  const ScratchDir dir;
  Journal journal(dir.path());
  CHECK(journal.fact("shape").empty());
  journal.set_fact("shape", "x");
  journal.set_fact("shape", "y");
  CHECK(journal.fact("shape") == "y");
}
