// SPDX-License-Identifier: Apache-2.0
// What is deleted of a journal, what must stay of it, and what becomes of the room.
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "base/bytes.h"
#include "journal/checkpoint_writer.h"
#include "journal/journal.h"
#include "journal/salvage.h"
#include "journal/support.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::CheckpointWriter;
using journal::Journal;

namespace {

namespace fs = std::filesystem;

constexpr journal::Options kept_for_a_while{.overwrite = true};

record::Entry with_limits(std::int64_t wall, bool records) {
  auto out = entry(wall);
  if (!records) out.submissions.clear();
  out.limits.emplace().push_back({"p", "errors", "max: 0.1", Id128{}});
  return out;
}

Instant at_ms(std::int64_t ms) { return Instant{Millis{ms}}; }

struct Seen {
  std::vector<std::uint64_t> sequences;
  std::size_t with_limits = 0, with_records = 0;
};

Seen seen(Journal& journal) {
  Seen out;
  journal.replay(0, [&](std::uint64_t sequence, const record::Entry& e) {
    out.sequences.push_back(sequence);
    if (e.limits) ++out.with_limits;
    if (!e.submissions.empty()) ++out.with_records;
  });
  return out;
}

void finish_checkpoint(Journal& journal, std::uint64_t sequence) {
  const std::vector<journal::PackedPart> parts{{"a", compress("state")}};
  journal.stage(parts);
  journal.finish_checkpoint(sequence, false, "shape");
}

void forget_all(Journal& journal, std::int64_t before) {
  while (journal.forget(at_ms(before))) {
  }
  journal.finish_forgetting(at_ms(before));
}

bool holds(const fs::path& folder, const std::string& bytes) {
  for (const auto* name : {"pilotwatch.db", "pilotwatch.db-wal"}) {
    std::ifstream in(folder / name, std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (all.find(bytes) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("retention: only what is too old and in the finished checkpoint goes, and never the newest") {
  const ScratchDir dir;
  {
    Journal journal(dir.path(), kept_for_a_while);
    for (int i = 1; i <= 10; ++i) journal.append(entry(i), {});
    forget_all(journal, 100);
    CHECK(seen(journal).sequences.size() == 10);  // there is no checkpoint
    finish_checkpoint(journal, 6);
    forget_all(journal, 5);
    CHECK(seen(journal).sequences == std::vector<std::uint64_t>{5, 6, 7, 8, 9, 10});
    forget_all(journal, 100);
    CHECK(seen(journal).sequences == std::vector<std::uint64_t>{7, 8, 9, 10});
    finish_checkpoint(journal, 10);
    forget_all(journal, 100);
    CHECK(seen(journal).sequences == std::vector<std::uint64_t>{10});
    CHECK(journal.stats().forgotten_entries == 9);
    CHECK(journal.stats().entries == 1);
    CHECK(journal.forgotten_through() == 9);
  }
  Journal journal(dir.path(), kept_for_a_while);
  CHECK(journal.stats().forgotten_entries == 9);
  CHECK(journal.forgotten_through() == 9);
  CHECK(journal.last_wall() == at_ms(10));
  CHECK(journal.wall_after(9) == at_ms(10));
  CHECK(journal.append(entry(11), {}) == 11);
}

TEST_CASE("retention: which limits were in force stays, without the records beside it") {
  const ScratchDir dir;
  Journal journal(dir.path(), kept_for_a_while);
  journal.append(with_limits(1, false), {});
  journal.append(entry(2), {});
  journal.append(with_limits(3, true), {});
  journal.append(entry(4), {});
  finish_checkpoint(journal, 4);
  forget_all(journal, 100);
  const auto left = seen(journal);
  CHECK(left.sequences == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(left.with_limits == 2);
  CHECK(left.with_records == 1);
  CHECK(journal.stats().forgotten_entries == 1);
  CHECK_FALSE(journal.forget(at_ms(100)));  // they are not looked at again
}

TEST_CASE("retention: what people decided stays") {
  const ScratchDir dir;
  Journal journal(dir.path(), kept_for_a_while);
  auto decided = entry(1);
  decided.submissions.clear();
  decided.actions.emplace_back(record::AcknowledgeEpisode{"e1", "ana", "seen"});
  journal.append(decided, {});
  journal.append(entry(2), {});
  auto both = entry(3);
  both.actions.emplace_back(record::PausePilot{"p", at_ms(3), Millis{1000}, "ana", "moving house"});
  journal.append(both, {});
  journal.append(entry(4), {});
  finish_checkpoint(journal, 4);
  forget_all(journal, 100);
  std::size_t actions = 0;
  journal.replay(0, [&](std::uint64_t, const record::Entry& e) { actions += e.actions.size(); });
  CHECK(actions == 2);
  CHECK(seen(journal).sequences == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(seen(journal).with_records == 1);
}

TEST_CASE("retention: an entry that cannot be read any more goes as well") {
  const ScratchDir dir;
  {
    Journal journal(dir.path(), kept_for_a_while);
    for (int i = 1; i <= 3; ++i) journal.append(entry(i), {});
    finish_checkpoint(journal, 3);
  }
  run_sql(dir.path() / "pilotwatch.db", "UPDATE entries SET body = x'0102' WHERE sequence = 1");
  Journal journal(dir.path(), kept_for_a_while);
  forget_all(journal, 100);
  CHECK(seen(journal).sequences == std::vector<std::uint64_t>{3});
}

TEST_CASE("retention: what is deleted cannot be found in the files any more, nor rejected lines of that time") {
  const ScratchDir dir;
  const auto secret = entry(1).submissions[0].batch.strings.back().substr(100, 64);
  Journal journal(dir.path(), kept_for_a_while);
  const std::string line = "a line that names somebody";
  std::vector<record::DeadLetter> letters(1);
  letters[0].wall = at_ms(1);
  letters[0].source = "http";
  letters[0].reject.text = line;
  journal.append(entry(1), {}, letters, 10);
  for (int i = 2; i <= 50; ++i) journal.append(entry(i), {});
  finish_checkpoint(journal, 50);
  REQUIRE(holds(dir.path(), secret));
  REQUIRE(holds(dir.path(), line));
  forget_all(journal, 40);
  CHECK_FALSE(holds(dir.path(), secret));
  CHECK_FALSE(holds(dir.path(), line));
  CHECK(journal.dead_letters(10, true).empty());
  CHECK(holds(dir.path(), entry(45).submissions[0].batch.strings.back().substr(100, 64)));
}

TEST_CASE("retention: nobody waits for who reads the store, a backup; the write-ahead log is emptied another time") {
  const ScratchDir dir;
  Journal journal(dir.path(), kept_for_a_while);
  for (int i = 1; i <= 20; ++i) journal.append(entry(i), {});
  finish_checkpoint(journal, 20);
  sqlite3* reader = nullptr;
  REQUIRE(sqlite3_open((dir.path() / "pilotwatch.db").c_str(), &reader) == SQLITE_OK);
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM entries", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto secret = entry(1).submissions[0].batch.strings.back().substr(100, 64);
  const auto start = std::chrono::steady_clock::now();
  forget_all(journal, 100);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{3});
  CHECK(holds(dir.path(), secret));
  sqlite3_close(reader);
  journal.finish_forgetting(at_ms(100));
  CHECK_FALSE(holds(dir.path(), secret));
}

TEST_CASE("retention: what is to be kept after all is not deleted") {
  const ScratchDir dir;
  Journal journal(dir.path(), kept_for_a_while);
  constexpr int entries = 1'000;
  for (int i = 1; i <= entries; ++i) journal.append(entry(i, 10), {});
  CheckpointWriter writer(journal, [](const std::string& what) { FAIL(what); }, Drive::steps);
  writer.add("a", "state");
  writer.finish(entries, true, "");
  writer.wait();
  const auto all_steps = [&] {
    while (writer.step()) {
    }
  };
  writer.forget(at_ms(entries));
  while (journal.stats().forgotten_entries == 0) writer.step();
  const auto some = journal.stats().forgotten_entries;
  CHECK(some < entries - 1);
  writer.keep();
  all_steps();
  CHECK(journal.stats().forgotten_entries == some);
  writer.forget(at_ms(entries));
  all_steps();
  CHECK(journal.stats().forgotten_entries == entries - 1);
}

TEST_CASE("retention: the file gets shorter in steps, while entries are appended without waiting for it") {
  const ScratchDir dir;
  Journal journal(dir.path(), kept_for_a_while);
  constexpr int big = 150;
  for (int i = 1; i <= big; ++i) journal.append(entry(i, 200'000), {});
  CheckpointWriter writer(journal, [](const std::string& what) { FAIL(what); });
  writer.add("a", "state");
  writer.finish(big, true, "");
  writer.wait();
  journal.tend_wal();
  const auto before = journal.stats();
  CHECK(before.db_bytes + before.wal_bytes > 30'000'000U);
  using std::chrono::steady_clock;
  steady_clock::duration slowest{};
  writer.forget(at_ms(big - 10));
  const auto deadline = steady_clock::now() + std::chrono::seconds{60};
  int appended = big;
  const auto small = [&] {
    const auto now = journal.stats();
    return now.db_bytes < 10'000'000 && now.reusable_bytes < 5'000'000;
  };
  while (!small() && steady_clock::now() < deadline) {
    const auto start = steady_clock::now();
    journal.append(entry(++appended, 1000), {});
    slowest = std::max(slowest, steady_clock::now() - start);
    std::this_thread::yield();
  }
  CHECK(small());
  CHECK(journal.stats().forgotten_entries == big - 11);
  // All of it in one transaction would take seconds; a step is some milliseconds, and sanitizers are slow.
  CHECK(slowest < std::chrono::seconds{1});
  const auto slowest_ms = std::chrono::duration<double, std::milli>(slowest).count();
  WARN("slowest append: " << slowest_ms << " ms of " << appended - big);
  CHECK(seen(journal).sequences.size() == static_cast<std::size_t>(appended - big + 11));
}

TEST_CASE("retention: a database from before that is too large to be made anew uses its free pages again") {
  const ScratchDir dir;
  const auto file = dir.path() / "pilotwatch.db";
  run_sql(file, "PRAGMA auto_vacuum=NONE; CREATE TABLE filler(x); DROP TABLE filler; PRAGMA user_version=0;");
  Journal journal(dir.path(), kept_for_a_while);
  for (int i = 1; i <= 100; ++i) journal.append(entry(i, 100'000), {});
  finish_checkpoint(journal, 100);
  forget_all(journal, 100);
  CHECK_FALSE(journal.shrink());
  const auto size = journal.stats().used_bytes + journal.stats().reusable_bytes;
  for (int i = 101; i <= 180; ++i) journal.append(entry(i, 100'000), {});
  const auto after = journal.stats();
  CHECK(after.used_bytes - after.wal_bytes + after.reusable_bytes <= size);
}

TEST_CASE("retention: a store that was salvaged keeps the checkpoint, and what was deleted is not lost") {
  const ScratchDir dir;
  {
    Journal journal(dir.path(), kept_for_a_while);
    for (int i = 1; i <= 200; ++i) journal.append(entry(i), {});
    finish_checkpoint(journal, 150);
    journal.stage(std::vector{journal::PackedPart{"block/old", compress("rows")}});
    journal.finish_checkpoint(150, false, "");
    journal.stage(std::vector{journal::PackedPart{"block/old", ""}, journal::PackedPart{"block/new", compress("rows")}});
    journal.finish_checkpoint(150, false, "");
    forget_all(journal, 100);
  }
  run_sql(dir.path() / "pilotwatch.db", "UPDATE entries SET body = x'0102' WHERE sequence = 180");
  const auto saved = journal::salvage(dir.path(), Instant{});
  CHECK(saved.lost == 1);
  CHECK(saved.saved == 100);
  Journal journal(dir.path(), kept_for_a_while);
  CHECK(journal.read_checkpoint().sequence == 150);
  CHECK(journal.read_checkpoint().parts.at("a") == "state");
  CHECK(journal.read_block("block/new") == "rows");
  CHECK(journal.forgotten_through() == 99);
  CHECK(journal.stats().forgotten_entries == 99);
  CHECK(journal.stats().lost_entries == 1);
  CHECK(journal.append(entry(201), {}) == 201);
}

TEST_CASE("retention: numbers that a checkpoint holds are not given again when the entries behind it were lost") {
  const ScratchDir dir;
  {
    Journal journal(dir.path(), kept_for_a_while);
    for (int i = 1; i <= 5; ++i) journal.append(entry(i), {});
    finish_checkpoint(journal, 5);
  }
  run_sql(dir.path() / "pilotwatch.db", "DELETE FROM entries WHERE sequence > 3");
  Journal journal(dir.path(), kept_for_a_while);
  CHECK(journal.append(entry(6), {}) == 6);
}

TEST_CASE("bound: records beyond it are refused, time moves on, and there is room again when entries go") {
  const ScratchDir dir;
  constexpr std::uint64_t bound = 16 << 20;
  Journal journal(dir.path(), {.overwrite = true, .max_bytes = bound});
  CheckpointWriter writer(journal, [](const std::string& what) { FAIL(what); });
  std::int64_t wall = 0;
  const auto fill = [&] {
    try {
      while (true) journal.append(entry(++wall, 100'000), {});
    } catch (const journal::FullError&) {
      return true;
    }
  };
  REQUIRE(fill());
  CHECK(wall > 80);
  CHECK(journal.stats().full);
  record::Entry empty;
  empty.wall = at_ms(wall);
  journal.append(empty, {});
  writer.add("a", noise(500'000, 1));  // there is room for checkpoints
  writer.finish(journal.last_sequence(), true, "");
  writer.wait();
  CHECK(journal.stats().db_bytes + journal.stats().wal_bytes <= bound);
  CHECK_THROWS_AS(journal.append(entry(wall, 100'000), {}), journal::FullError);
  writer.forget(at_ms(wall - 20));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  bool taken = false;
  while (!taken && std::chrono::steady_clock::now() < deadline) {
    try {
      taken = journal.append(entry(++wall, 100'000), {}) > 0;
    } catch (const journal::FullError&) {
      std::this_thread::yield();
    }
  }
  CHECK(taken);
  REQUIRE(fill());
  CHECK(journal.stats().db_bytes + journal.stats().wal_bytes <= bound);
  CHECK(journal.stats().max_bytes == bound);
}
