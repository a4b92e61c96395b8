// SPDX-License-Identifier: Apache-2.0
// Checkpoints that are written while others append: each counts all at once, or not at all.
#include "journal/checkpoint_writer.h"

#include <random>

#include "base/bytes.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::CheckpointWriter;
using journal::Journal;
using Parts = std::map<std::string, std::string>;

namespace {

record::Entry small_entry(std::int64_t wall) {
  record::Submission s;
  s.source = "test";
  return {Instant{Millis{wall}}, {s}};
}

/// Does not compress.
std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::string out(bytes, '\0');
  for (auto& byte : out) byte = static_cast<char>(rng());
  return out;
}

std::int64_t rows_of(const ScratchDir& dir) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((dir.path() / "pilotwatch.db").c_str(), &db) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, "SELECT count(*) FROM checkpoint_parts", -1, &statement, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  const auto out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return out;
}

void must_not_fail(const std::string& what) { FAIL(what); }

}  // namespace

TEST_CASE("checkpoints: parts count when the checkpoint is finished, all at once; parts of earlier ones stay or go") {
  const ScratchDir dir;
  Journal journal(dir.path());
  CheckpointWriter writer(journal, must_not_fail);
  CHECK(journal.read_checkpoint().sequence == 0);
  writer.add("a", "1");
  writer.add("b", "2");
  writer.wait();
  CHECK(journal.read_checkpoint().sequence == 0);
  writer.finish(3, true, "round");
  writer.wait();
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}, {"b", "2"}});
  CHECK(journal.fact("shape") == "round");
  writer.add("b", "3");
  writer.finish(5, false, "round");
  writer.wait();
  CHECK(journal.read_checkpoint().sequence == 5);
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}, {"b", "3"}});
  writer.add("c", std::string("\0x", 2));
  writer.finish(6, true, "square");
  writer.wait();
  CHECK(journal.read_checkpoint().parts == Parts{{"c", std::string("\0x", 2)}});
  CHECK(journal.fact("shape") == "square");
  CHECK(writer.finished() == 3);
  writer.stop();
  for (int pass = 0; pass < 2; ++pass) {  // the writer may have been in the middle of one
    while (journal.sweep(false)) {
    }
  }
  CHECK(rows_of(dir) == 1);
}

TEST_CASE("checkpoints: what was staged and never finished is not there after a restart, nor in the next checkpoint") {
  const ScratchDir dir;
  {
    Journal journal(dir.path());
    CheckpointWriter writer(journal, must_not_fail);
    writer.add("a", "1");
    writer.finish(1, true, "");
    for (int i = 0; i < 100; ++i) writer.add("left " + std::to_string(i), noise(20'000, static_cast<std::uint64_t>(i)));
    writer.add("a", "of a checkpoint that was never finished");
    writer.wait();
    CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}});
  }
  CHECK(rows_of(dir) > 50);
  Journal journal(dir.path());
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}});
  CheckpointWriter writer(journal, must_not_fail);
  writer.add("b", "2");
  writer.finish(2, false, "");
  writer.wait();
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}, {"b", "2"}});
  writer.add("a", "not this");
  writer.anew();
  writer.add("c", "3");
  writer.finish(3, false, "");
  writer.wait();
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}, {"b", "2"}, {"c", "3"}});
}

TEST_CASE("checkpoints: a full disk breaks a checkpoint, not the one before; the next one must begin anew") {
  const ScratchDir dir;
  Journal journal(dir.path());
  std::atomic<int> failures = 0;
  CheckpointWriter writer(journal, [&](const std::string&) { ++failures; });
  writer.add("a", "1");
  writer.finish(1, true, "");
  writer.wait();
  {
    const FileSizeLimit full(256 << 10);
    writer.add("a", noise(1 << 20, 1));
    writer.finish(2, false, "");
    writer.wait();
  }
  CHECK(failures == 1);
  CHECK(writer.broken());
  writer.add("b", "2");  // nobody knows what it belongs to
  writer.finish(3, false, "");
  writer.wait();
  CHECK(writer.broken());
  CHECK(writer.finished() == 1);
  CHECK_FALSE(writer.busy());
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "1"}});
  writer.anew();
  writer.add("a", "4");
  writer.finish(4, true, "");
  writer.wait();
  CHECK_FALSE(writer.broken());
  CHECK(journal.read_checkpoint().sequence == 4);
  CHECK(journal.read_checkpoint().parts == Parts{{"a", "4"}});
}

TEST_CASE("checkpoints: entries are appended while one is written, and the write-ahead log stays within bounds") {
  const ScratchDir dir;
  Journal journal(dir.path());
  std::uint64_t greatest = 0;
  {
    CheckpointWriter writer(journal, must_not_fail);
    std::int64_t wall = 0;
    for (int round = 0; round < 4; ++round) {
      for (std::uint64_t i = 0; i < 60; ++i) {
        writer.add("part " + std::to_string(i), noise(1 << 20, i));
        ++wall;
        CHECK(journal.append(small_entry(wall), {}) == static_cast<std::uint64_t>(wall));
        greatest = std::max(greatest, journal.stats().wal_bytes);
      }
      writer.finish(static_cast<std::uint64_t>(wall), false, "");
    }
    writer.wait();
  }
  CHECK(greatest < 100ULL << 20);  // 240 MB were written
  std::uint64_t entries = 0;
  journal.replay(0, [&](std::uint64_t, const record::Entry&) { ++entries; });
  CHECK(entries == 240);
  CHECK(journal.read_checkpoint().parts.at("part 59") == noise(1 << 20, 59));
}

TEST_CASE("checkpoints: blocks are read one by one, as of the checkpoint that counts; one that has gone leaves nothing") {
  const ScratchDir dir;
  Journal journal(dir.path());
  {
    CheckpointWriter writer(journal, must_not_fail);
    CHECK_THROWS_AS(journal.read_block("block/a"), CorruptBytes);
    writer.add("block/a", "1");
    writer.add("state", "of it");
    writer.finish(1, true, "");
    writer.wait();
    CHECK(journal.read_checkpoint().parts == Parts{{"state", "of it"}});
    CHECK(journal.read_block("block/a") == "1");
    writer.add("block/a", noise(600'000, 1));  // staged at once
    writer.wait();
    CHECK(journal.read_block("block/a") == "1");
    writer.finish(2, false, "");
    writer.wait();
    CHECK(journal.read_block("block/a") == noise(600'000, 1));
    for (int i = 0; i < 1'500; ++i) writer.add("block/" + std::to_string(i), std::to_string(i));
    writer.finish(3, false, "");
    for (int i = 0; i < 1'500; ++i) writer.add("block/" + std::to_string(i), i % 3 == 0 ? "" : "again");
    writer.finish(4, false, "");
    writer.wait();
    CHECK(journal.read_block("block/4") == "again");
  }
  for (int pass = 0; pass < 2; ++pass) {
    while (journal.sweep(false)) {
    }
  }
  CHECK(rows_of(dir) == 1'002);
  CHECK_THROWS_AS(journal.read_block("block/3"), CorruptBytes);
  CHECK(journal.read_block("block/4") == "again");
  run_sql(dir.path() / "pilotwatch.db", "UPDATE checkpoint_parts SET body = x'28B52FFD00' WHERE name = 'block/5'");
  CHECK_THROWS_AS(journal.read_block("block/5"), CorruptBytes);
  CHECK(journal.read_checkpoint().sequence == 4);
}

TEST_CASE("journal: who replays may write to the journal meanwhile") {
  const ScratchDir dir;
  Journal journal(dir.path());
  for (int i = 1; i <= 700; ++i) journal.append(small_entry(i), {});
  std::uint64_t seen = 0;
  journal.replay(100, [&](std::uint64_t sequence, const record::Entry& entry) {
    CHECK(sequence == 101 + seen++);
    CHECK(entry.wall == Instant{Millis{static_cast<std::int64_t>(sequence)}});
    if (sequence % 100 == 0) journal.set_fact("replayed", std::to_string(sequence));
  });
  CHECK(seen == 600);
  CHECK(journal.fact("replayed") == "700");
}
