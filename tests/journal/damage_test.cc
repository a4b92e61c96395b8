// SPDX-License-Identifier: Apache-2.0
// What a start would not see of damage, a salvage that is killed, and what is kept of a damaged checkpoint.
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "base/bytes.h"
#include "journal/backup.h"
#include "journal/journal.h"
#include "journal/salvage.h"
#include "journal/support.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::Journal;
using journal::PackedPart;

namespace {

namespace fs = std::filesystem;

std::size_t count(Journal& journal) {
  std::size_t out = 0;
  journal.replay(0, [&](std::uint64_t, const record::Entry&) { ++out; });
  return out;
}

/// As a killed process leaves it.
void copy_files(const fs::path& from, const fs::path& to) {
  fs::create_directory(to);
  for (const auto* file : {"pilotwatch.db", "pilotwatch.db-wal"}) {
    if (fs::exists(from / file)) fs::copy_file(from / file, to / file);
  }
}

void overwrite(const fs::path& file, std::uint64_t at, std::size_t bytes) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(at));
  const std::string nonsense(bytes, '\x5A');
  out.write(nonsense.data(), static_cast<std::streamsize>(bytes));
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// 20 entries, of which 9 are forgotten, and a checkpoint of these parts.
void write_forgetful(const fs::path& folder, const std::vector<PackedPart>& parts) {
  Journal journal(folder);
  for (int i = 1; i <= 20; ++i) journal.append(entry(i), {});
  journal.stage(parts);
  journal.finish_checkpoint(15, false, "shape");
  while (journal.forget(Instant{Millis{10}})) {
  }
}

}  // namespace

TEST_CASE("salvage: killed at any step, the next start has what was saved, and the damaged store lies beside it") {
  const ScratchDir dir;
  {
    { Journal journal(dir.path() / "store"); }
    Journal first(dir.path() / "store");
    for (int i = 1; i <= 100; ++i) first.append(entry(i), {});
  }
  {
    Journal open(dir.path() / "store");
    open.append(entry(101), {});
    copy_files(dir.path() / "store", dir.path() / "killed");
  }
  overwrite(dir.path() / "killed/pilotwatch.db", 200'000, 4096);
  copy_files(dir.path() / "killed", dir.path() / "whole");
  const auto saved = journal::salvage(dir.path() / "whole", Instant{});
  REQUIRE(saved.saved > 90);
  const std::string stamp = saved.damaged.filename().string().substr(sizeof("pilotwatch.db.damaged-") - 1);
  const auto steps = GENERATE(0, 1, 2, 3);  // 0: the new one is whole and nothing has been renamed
  CAPTURE(steps);
  const auto folder = dir.path() / ("killed-" + std::to_string(steps));
  copy_files(dir.path() / "killed", folder);
  std::ofstream(folder / "pilotwatch.db.suspect").close();
  fs::copy_file(dir.path() / "whole/pilotwatch.db",
                folder / (steps == 0 ? "pilotwatch.db.new" : "pilotwatch.db.salvaged-" + stamp));
  if (steps >= 2) fs::rename(folder / "pilotwatch.db-wal", folder / ("pilotwatch.db.damaged-" + stamp + "-wal"));
  if (steps >= 3) fs::rename(folder / "pilotwatch.db", folder / ("pilotwatch.db.damaged-" + stamp));
  if (steps == 0) {
    CHECK_THROWS_AS(Journal(folder), journal::DamagedError);
    journal::salvage(folder, Instant{});
  } else {
    CHECK_THROWS_AS(journal::back_up(folder, dir.path() / "copy", {}), journal::OpenError);
  }
  for (int start = 0; start < 2; ++start) {
    Journal journal(folder);
    CHECK(count(journal) == saved.saved);
    CHECK(journal.last_sequence() == 101);
    CHECK(journal.stats().set_aside == std::vector<std::string>{saved.damaged.filename().string()});
  }
  CHECK(bytes_of(folder / saved.damaged.filename()) == bytes_of(dir.path() / "killed/pilotwatch.db"));
  CHECK(bytes_of(folder / (saved.damaged.filename().string() + "-wal")) ==
        bytes_of(dir.path() / "killed/pilotwatch.db-wal"));
  CHECK_FALSE(fs::exists(folder / "pilotwatch.db.suspect"));
}

TEST_CASE("damage: what only writing meets, the next start knows of, and the store is salvaged") {
  const ScratchDir dir;
  const auto file = dir.path() / "pilotwatch.db";
  {
    Journal journal(dir.path());
    for (int i = 1; i <= 20; ++i) journal.append(entry(i), {});
    for (int i = 0; i < 2; ++i) {
      journal.stage(std::vector{PackedPart{"a", compress(noise(1 << 20, 1))}});
      journal.finish_checkpoint(20, false, "");
    }
    while (journal.sweep(false)) {
    }
    REQUIRE(journal.stats().reusable_bytes >= 1 << 20);
  }
  const auto head = bytes_of(file).substr(32, 4);  // the first page of the list of free ones
  std::uint64_t page = 0;
  for (const char byte : head) page = page << 8 | static_cast<unsigned char>(byte);
  REQUIRE(page > 1);
  overwrite(file, (page - 1) * 4096, 4096);
  const auto suspect = dir.path() / "pilotwatch.db.suspect";
  {
    Journal journal(dir.path());  // which sees nothing of it
    REQUIRE_FALSE(fs::exists(suspect));
    const auto how = GENERATE(0, 1);
    if (how == 0)
      CHECK_THROWS_AS(journal.append(entry(21, 1 << 20), {}), journal::WriteError);
    else
      CHECK_THROWS_AS(journal.stage(std::vector{PackedPart{"b", noise(1 << 20, 2)}}), journal::WriteError);
  }
  struct stat status {};
  REQUIRE(::stat(suspect.c_str(), &status) == 0);
  CHECK((status.st_mode & 077) == 0);
  CHECK_THROWS_AS(Journal(dir.path()), journal::DamagedError);
  CHECK(journal::salvage(dir.path(), Instant{}).saved == 20);
  Journal journal(dir.path());
  CHECK(journal.append(entry(21, 1 << 20), {}) == 21);
}

TEST_CASE("damage: a store that writing met no damage in is not suspected, nor one that took the place of such") {
  const ScratchDir dir;
  {
    Journal journal(dir.path());
    const FileSizeLimit full(64 << 10);
    CHECK_THROWS_AS(journal.append(entry(1, 1 << 20), {}), journal::WriteError);
  }
  CHECK_FALSE(fs::exists(dir.path() / "pilotwatch.db.suspect"));
  std::ofstream(dir.path() / "pilotwatch.db.suspect").close();
  fs::remove(dir.path() / "pilotwatch.db");
  { Journal journal(dir.path()); }
  { Journal journal(dir.path()); }
}

TEST_CASE("damage: a fact that is no number is damage, which a start gets over") {
  const ScratchDir dir;
  const std::string key = GENERATE("forgotten_entries", "forgotten_through", "lost_entries", "checkpoint_sequence",
                                   "checkpoint_generation", "checkpoint_base");
  CAPTURE(key);
  write_forgetful(dir.path(), {{"a", compress("state")}});
  run_sql(dir.path() / "pilotwatch.db", ("INSERT OR REPLACE INTO facts VALUES('" + key + "', '12x')").c_str());
  try {
    Journal journal(dir.path());
    static_cast<void>(journal.read_checkpoint());
    FAIL("nothing was noticed");
  } catch (const journal::DamagedError&) {
  }
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.saved == 11);
  CHECK(saved.lost == 0);
  Journal journal(dir.path());
  CHECK(count(journal) == 11);
  CHECK(journal.forgotten_through() == 9);
  static_cast<void>(journal.read_checkpoint());
}

TEST_CASE("salvage: of a checkpoint what counts and is whole, a part that is not as such") {
  const ScratchDir dir;
  write_forgetful(dir.path(), {{"a", compress("old")}, {"b", compress("b")}, {"c", compress("c")}});
  {
    Journal journal(dir.path());
    journal.stage(std::vector{PackedPart{"a", compress("new")}, PackedPart{"block/1", compress("rows")}});
    journal.finish_checkpoint(16, false, "shape");
  }
  const auto file = dir.path() / "pilotwatch.db";
  run_sql(file, "UPDATE checkpoint_parts SET body = x'01' WHERE name = 'a' AND generation = 1");
  SECTION("of what does not count any more") {
    CHECK(journal::salvage(dir.path(), Instant{}).lost == 0);
    Journal journal(dir.path());
    const auto checkpoint = journal.read_checkpoint();
    CHECK(checkpoint.sequence == 16);
    CHECK(checkpoint.parts == std::map<std::string, std::string>{{"a", "new"}, {"b", "b"}, {"c", "c"}});
    CHECK(journal.read_block("block/1") == "rows");
  }
  SECTION("of what counts") {
    run_sql(file, "UPDATE checkpoint_parts SET body = x'01' WHERE name = 'b'");
    CHECK(journal::salvage(dir.path(), Instant{}).lost == 0);
    Journal journal(dir.path());
    CHECK_THROWS_AS(journal.read_checkpoint(), CorruptBytes);
    constexpr const char* names[] = {"a", "b"};
    CHECK(journal.read_checkpoint_parts(names).sequence == 16);
    CHECK(journal.read_checkpoint_parts(names).parts == std::map<std::string, std::string>{{"a", "new"}});
    CHECK(journal.forgotten_through() == 9);
  }
  SECTION("of a block") {
    run_sql(file, "UPDATE checkpoint_parts SET body = x'01' WHERE name = 'block/1'");
    CHECK(journal::salvage(dir.path(), Instant{}).lost == 0);
    Journal journal(dir.path());
    CHECK(journal.read_checkpoint().parts.size() == 3);
    CHECK_THROWS_AS(journal.read_block("block/1"), CorruptBytes);
  }
}

TEST_CASE("salvage: no room for the checkpoint is no damage; all is as it was") {
  const ScratchDir dir;
  write_forgetful(dir.path(), {{"a", compress(noise(6 << 20, 1))}, {"b", compress(noise(6 << 20, 2))}});
  run_sql(dir.path() / "pilotwatch.db", "UPDATE entries SET body = x'0102' WHERE sequence = 18");
  {
    const FileSizeLimit full(3 << 20);
    CHECK_THROWS_AS(journal::salvage(dir.path(), Instant{}), journal::WriteError);
  }
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.saved == 10);
  CHECK(saved.lost == 1);
  Journal journal(dir.path());
  CHECK(journal.read_checkpoint().parts.at("b") == noise(6 << 20, 2));
}

TEST_CASE("salvage: what was lost once is not lost again") {
  const ScratchDir dir;
  write_forgetful(dir.path(), {{"a", compress("state")}});
  for (int time = 1; time <= 3; ++time) {
    run_sql(dir.path() / "pilotwatch.db",
            ("UPDATE entries SET body = x'0102' WHERE sequence = " + std::to_string(12 + time)).c_str());
    const auto saved = journal::salvage(dir.path(), Instant{Millis{1000 * time}});
    CHECK(saved.lost == 1);
    CHECK(Journal(dir.path()).stats().lost_entries == static_cast<std::uint64_t>(time));
  }
}

TEST_CASE("journal: what a killed process left is copied into the database only by a start that made it durable") {
  const ScratchDir dir;
  Journal running(dir.path() / "store");
  for (int i = 1; i <= 50; ++i) running.append(entry(i), {});
  const auto folder = dir.path() / "killed";
  copy_files(dir.path() / "store", folder);
  const bool newer = GENERATE(false, true);
  if (newer) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open((folder / "pilotwatch.db").c_str(), &db) == SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    CHECK(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  }
  const auto file = bytes_of(folder / "pilotwatch.db"), log = bytes_of(folder / "pilotwatch.db-wal");
  REQUIRE_FALSE(log.empty());
  if (newer)
    CHECK_THROWS_WITH(Journal(folder), Catch::Contains("newer pilotwatch"));
  else
    journal::back_up(folder, dir.path() / "copy", {});
  CHECK(bytes_of(folder / "pilotwatch.db") == file);
  CHECK(bytes_of(folder / "pilotwatch.db-wal") == log);
  if (!newer) CHECK(count(*std::make_unique<Journal>(dir.path() / "copy")) == 50);
}
