// SPDX-License-Identifier: Apache-2.0
// A damaged store is set aside, and what can be read of it goes on in a new one; a backup is the whole store.
#include "journal/salvage.h"

#include <sys/stat.h>

#include <fstream>
#include <random>

#include "journal/backup.h"
#include "journal/journal.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::Journal;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t entries = 200;

record::Entry entry(std::uint64_t number) {
  record::Submission s;
  s.source = "test";
  std::mt19937_64 rng(number);  // must not compress
  std::string text(8'000, '\0');
  for (auto& byte : text) byte = static_cast<char>(rng());
  s.batch.strings.push_back(text);
  return {Instant{Millis{static_cast<std::int64_t>(number)}}, {s}};
}

/// The numbers of the entries, each of which must be what it was.
std::vector<std::uint64_t> numbers(Journal& journal) {
  std::vector<std::uint64_t> out;
  journal.replay(0, [&](std::uint64_t sequence, const record::Entry& e) {
    CHECK(e.wall == entry(sequence).wall);
    CHECK(e.submissions[0].batch.strings == entry(sequence).submissions[0].batch.strings);
    out.push_back(sequence);
  });
  return out;
}

void write_store(const fs::path& folder) {
  Journal journal(folder);
  record::Cursor cursor;
  cursor.source = "log";
  cursor.id = 7;
  cursor.path = "/var/log/a";
  for (std::uint64_t i = 1; i <= entries; ++i) {
    cursor.offset = 100 * i;
    journal.append(entry(i), {&cursor, 1});
  }
}

void overwrite(const fs::path& file, std::size_t at, std::size_t bytes) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(at));
  const std::string nonsense(bytes, '\x5A');
  out.write(nonsense.data(), static_cast<std::streamsize>(bytes));
}

}  // namespace

TEST_CASE("salvage: what is damaged in the middle is left out, all else goes on under its number") {
  const ScratchDir dir;
  write_store(dir.path());
  const auto file = dir.path() / "pilotwatch.db";
  const auto before = fs::file_size(file);
  overwrite(file, before / 2, 4096 * 3);
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.lost > 0);
  CHECK(saved.lost < 20);
  CHECK(saved.saved + saved.lost == entries);
  CHECK(fs::file_size(saved.damaged) == before);
  Journal journal(dir.path());
  CHECK(numbers(journal).size() == saved.saved);
  CHECK(journal.append(entry(entries + 1), {}) == entries + 1);
  CHECK(journal.stats().lost_entries == saved.lost);
  CHECK(journal.stats().set_aside == std::vector<std::string>{saved.damaged.filename().string()});
  REQUIRE(journal.cursors("log").size() == 1);
  CHECK(journal.cursors("log")[0].offset == 100 * entries);
  CHECK(journal.cursors("log")[0].path == "/var/log/a");
  fs::remove(saved.damaged);
  CHECK(journal.stats().set_aside.empty());
}

TEST_CASE("salvage: random damage never crashes, never invents, and what is saved is as it was") {
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 8u));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const ScratchDir dir;
  write_store(dir.path());
  const auto file = dir.path() / "pilotwatch.db";
  for (int i = 0; i < 4; ++i) overwrite(file, rng() % fs::file_size(file), 1 + rng() % 6'000);
  if (rng() % 2 == 0) fs::resize_file(file, rng() % fs::file_size(file));
  const auto saved = journal::salvage(dir.path(), Instant{});
  Journal journal(dir.path());
  CHECK(numbers(journal).size() == saved.saved);
  CHECK(saved.saved <= entries);
  CHECK((saved.end_unknown || saved.saved + saved.lost == entries));
}

TEST_CASE("salvage: what is no database at all is set aside whole") {
  const ScratchDir dir;
  { Journal journal(dir.path()); }
  std::ofstream(dir.path() / "pilotwatch.db") << std::string(10'000, 'x');
  CHECK_THROWS_AS(Journal(dir.path()), journal::DamagedError);
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.end_unknown);
  CHECK(saved.saved == 0);
  Journal journal(dir.path());
  CHECK(numbers(journal).empty());
}

TEST_CASE("salvage: a full disk leaves the damaged store where it was") {
  const ScratchDir dir;
  write_store(dir.path());
  overwrite(dir.path() / "pilotwatch.db", 600'000, 4096);
  {
    const FileSizeLimit full(256 << 10);
    CHECK_THROWS_AS(journal::salvage(dir.path(), Instant{}), journal::WriteError);
  }
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.saved > entries - 10);
}

TEST_CASE("backup: the whole store, private, with its key; not over anything") {
  const ScratchDir dir;
  write_store(dir.path() / "store");
  std::ofstream(dir.path() / "store/id.key") << "00112233445566778899aabbccddeeff\n";
  fs::permissions(dir.path() / "store/id.key", fs::perms::owner_read | fs::perms::owner_write);
  Journal running(dir.path() / "store");  // as a daemon has it
  running.append(entry(entries + 1), {});
  std::uint64_t last = 0, all = 1;
  journal::back_up(dir.path() / "store", dir.path() / "copy", [&](std::uint64_t done, std::uint64_t pages) {
    running.append(entry(entries + 2 + last++ % 2), {});  // goes on meanwhile
    last = done;
    all = pages;
  });
  CHECK(last == all);
  Journal copy(dir.path() / "copy");
  CHECK(copy.last_sequence() == entries + 1);
  CHECK(copy.cursors("log")[0].offset == 100 * entries);
  struct stat status {};
  for (const auto* file : {"copy/pilotwatch.db", "copy/id.key"}) {
    REQUIRE(::stat((dir.path() / file).c_str(), &status) == 0);
    CHECK((status.st_mode & 077) == 0);
  }
  CHECK_THROWS_AS(journal::back_up(dir.path() / "store", dir.path() / "copy", {}), journal::OpenError);
  CHECK_THROWS_AS(journal::back_up(dir.path() / "none", dir.path() / "other", {}), journal::OpenError);
}
