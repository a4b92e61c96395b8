// SPDX-License-Identifier: Apache-2.0
#include "journal/inspect.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_impl.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::journal;
using pilotwatch::testing::ScratchDir;

namespace {

/// Of each file its length, and when it was written. (As root, SQLite gives a log the owner of its database again.)
using Listing = std::vector<std::string>;

Listing listing(const std::filesystem::path& folder) {
  Listing out;
  const auto add = [&](const std::string& name, const std::filesystem::path& file) {
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    out.push_back(name + ": " + std::to_string(status.st_size) + " B " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec));
  };
  add(".", folder);
  for (const auto& file : std::filesystem::directory_iterator(folder)) add(file.path().filename().string(), file.path());
  std::ranges::sort(out);
  return out;
}

/// A store as a daemon leaves it that was killed: with a log, and in that what the database has not.
void make_killed_store(const std::filesystem::path& folder, const std::filesystem::path& scratch) {
  Journal journal(scratch);
  for (const int time : {17, 18}) {
    record::Entry entry;
    entry.wall = Instant{Millis{std::int64_t{time} * 100'000'000'000}};
    journal.append(entry, {});
  }
  std::filesystem::copy(scratch, folder);
}

void make_store(const std::filesystem::path& folder) {
  Journal journal(folder);
  record::Entry entry;
  entry.wall = Instant{Millis{1'700'000'000'000}};
  journal.append(entry, {});
  journal.set_fact("reference p r.ndjson", "id of it");
  journal.set_fact("shape", "x");
}

const Millis patience{5000};

}  // namespace

TEST_CASE("inspect: no store, no folder") {
  const ScratchDir folder;
  CHECK_FALSE(inspect(folder.path(), patience).there);
  CHECK_FALSE(inspect(folder.path() / "none", patience).there);
  CHECK(listing(folder.path()).size() == 1);
}

TEST_CASE("inspect: a store that nobody uses is whole, and nothing of it changes") {
  const ScratchDir folder;
  make_store(folder.path());
  const auto before = listing(folder.path());
  const auto found = inspect(folder.path(), patience);
  CHECK(found.there);
  CHECK_FALSE(found.in_use);
  CHECK(found.problem.empty());
  CHECK(found.whole == Inspection::Whole::yes);
  CHECK(found.schema == schema_version);
  CHECK(found.bytes > 4096);
  CHECK(found.used_bytes <= found.bytes);
  CHECK(found.newest == Instant{Millis{1'700'000'000'000}});
  CHECK(found.references == std::map<std::string, std::string>{{"reference p r.ndjson", "id of it"}});
  CHECK(listing(folder.path()) == before);
}

TEST_CASE("inspect: a store that a daemon uses, with what is only in its log") {
  const ScratchDir folder;
  make_store(folder.path());
  Journal running(folder.path());
  record::Entry entry;
  entry.wall = Instant{Millis{1'800'000'000'000}};
  running.append(entry, {});
  const auto before = listing(folder.path());
  const auto found = inspect(folder.path(), patience);
  CHECK(found.in_use);
  CHECK(found.problem.empty());
  CHECK(found.whole == Inspection::Whole::unknown);
  CHECK(found.newest == Instant{Millis{1'800'000'000'000}});
  CHECK(found.references.size() == 1);
  CHECK(listing(folder.path()) == before);
  running.append(entry, {});  // and it goes on
}

TEST_CASE("inspect: what a killed daemon left is read with its log, and nothing of it changes") {
  const ScratchDir scratch, folder;
  const auto store = folder.path() / "store";
  make_killed_store(store, scratch.path());
  REQUIRE(std::filesystem::file_size(store / "pilotwatch.db-wal") > 0);
  const bool with_index = GENERATE(true, false);
  if (!with_index) std::filesystem::remove(store / "pilotwatch.db-shm");
  const auto before = listing(store);
  const auto found = inspect(store, patience);
  CHECK_FALSE(found.in_use);
  CHECK(found.problem.empty());
  CHECK(found.whole == Inspection::Whole::yes);
  CHECK(found.newest == Instant{Millis{1'800'000'000'000}});
  CHECK(listing(store) == before);
  CHECK(Journal(store).stats().entries == 2);
}

TEST_CASE("inspect: asking for the lock takes nothing from a daemon that starts") {
  const ScratchDir folder;
  make_store(folder.path());
  std::atomic<bool> over = false;
  auto asking = std::async(std::launch::async, [&] {
    while (!over) static_cast<void>(LockFile::ask(folder.path() / "lock"));
  });
  for (int i = 0; i < 2000; ++i) CHECK_NOTHROW(LockFile(folder.path() / "lock"));
  over = true;
  asking.get();
}

TEST_CASE("inspect: a lock that cannot be asked about is one that somebody may have") {
  const ScratchDir folder;
  make_store(folder.path());
  const auto lock = folder.path() / "lock";
  std::filesystem::remove(lock);
  std::filesystem::create_symlink(lock, lock);  // permissions do not hold who is root
  const auto found = inspect(folder.path(), patience);
  CHECK(found.there);
  CHECK(found.in_use);
  CHECK(found.lock_problem == "Too many levels of symbolic links");
  CHECK(found.whole == Inspection::Whole::unknown);
  std::filesystem::remove(lock);
  const auto again = inspect(folder.path(), patience);
  CHECK_FALSE(again.in_use);
  CHECK(again.lock_problem.empty());
  CHECK(again.whole == Inspection::Whole::yes);
}

TEST_CASE("inspect: where the free pages cannot be read beside a daemon, all of its files are in use") {
  const ScratchDir folder;
  make_store(folder.path());
  const LockFile held(folder.path() / "lock");
  std::ofstream(folder.path() / "pilotwatch.db", std::ios::trunc) << std::string(10'000, 'a');
  const auto found = inspect(folder.path(), patience);
  CHECK(found.in_use);
  CHECK(found.bytes == 10'000);
  CHECK(found.used_bytes == found.bytes);
}

TEST_CASE("inspect: no time for the check is no damage") {
  const ScratchDir folder;
  {
    make_store(folder.path());
    Database database((folder.path() / "pilotwatch.db").string());
    database.run(
        "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT "
        "i FROM n");
  }
  CHECK(inspect(folder.path(), Millis{-1}).whole == Inspection::Whole::as_far_as_looked);
}

TEST_CASE("inspect: damage, another program's database, a newer one, no database at all") {
  const ScratchDir folder;
  make_store(folder.path());
  const auto file = folder.path() / "pilotwatch.db";
  SECTION("a page that is overwritten") {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(4096);
    out << std::string(4096, 'x');
    out.close();
    const auto found = inspect(folder.path(), patience);
    CHECK(found.whole == Inspection::Whole::no);
    CHECK_FALSE(found.damage.empty());
  }
  SECTION("not ours") {
    Database(file.string()).run("PRAGMA application_id=1");
    CHECK(inspect(folder.path(), patience).problem == "is not a pilotwatch database");
  }
  SECTION("newer") {
    Database(file.string()).run("PRAGMA user_version=99");
    CHECK_THAT(inspect(folder.path(), patience).problem,
               Catch::StartsWith("was written by a newer pilotwatch (schema 99"));
  }
  SECTION("text") {
    std::ofstream(file, std::ios::trunc) << std::string(10'000, 'a');
    const auto found = inspect(folder.path(), patience);
    CHECK(found.whole == Inspection::Whole::no);
  }
  SECTION("found damaged before") {
    std::ofstream(folder.path() / "pilotwatch.db.suspect") << "";
    CHECK(inspect(folder.path(), patience).suspect);
  }
}

TEST_CASE("inspect: a path with characters that a URI takes for its own") {
  const ScratchDir folder;
  const auto odd = folder.path() / "a?b#c%d e";
  make_store(odd);
  CHECK(inspect(odd, patience).whole == Inspection::Whole::yes);
}
