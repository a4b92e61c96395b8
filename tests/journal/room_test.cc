// SPDX-License-Identifier: Apache-2.0
// What the write-ahead log takes of the room: it is emptied where that helps, and where deleted records lie in it.
#include <random>

#include "journal/checkpoint_writer.h"
#include "journal/journal.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using journal::CheckpointWriter;
using journal::Journal;

namespace {

constexpr std::uint64_t bound = 16 << 20;

std::string noise(std::size_t bytes, std::uint64_t seed) {  // must not compress
  std::mt19937_64 rng(seed);
  std::string out(bytes, '\0');
  for (auto& byte : out) byte = static_cast<char>(rng());
  return out;
}

record::Entry entry(std::int64_t wall, std::size_t bytes) {
  record::Submission s;
  s.source = "test";
  s.batch.strings.push_back(noise(bytes, static_cast<std::uint64_t>(wall)));
  return {Instant{Millis{wall}}, {s}};
}

}  // namespace

TEST_CASE("bound: the store is full when records are refused, not when the write-ahead log is long") {
  const ScratchDir dir;
  Journal journal(dir.path(), {.overwrite = false, .max_bytes = bound});
  std::int64_t wall = 0;
  while (journal.stats().used_bytes <= bound / 8 * 7) {
    REQUIRE(wall < 1000);
    journal.append(entry(++wall, 100'000), {});
  }
  CHECK_FALSE(journal.stats().full);
  journal.append(entry(++wall, 100'000), {});
  CHECK_FALSE(journal.stats().full);
  CHECK_THROWS_AS(journal.append(entry(wall, 14 << 20), {}), journal::FullError);
  CHECK(journal.stats().full);  // somebody's records are refused
  journal.append(entry(++wall, 100'000), {});
  CHECK_FALSE(journal.stats().full);
  const auto fill = [&] {
    while (true) journal.append(entry(++wall, 100'000), {});
  };
  CHECK_THROWS_AS(fill(), journal::FullError);
  CHECK(journal.stats().full);
  journal.finish_checkpoint(journal.last_sequence(), false, "");
  while (journal.forget(Instant{Millis{wall / 2}})) {
  }
  CHECK_FALSE(journal.stats().full);  // though nobody has sent again
}

TEST_CASE("bound: a checkpoint for which the write-ahead log leaves no room is written without the log") {
  const ScratchDir dir;
  Journal journal(dir.path(), {.overwrite = false, .max_bytes = bound});
  std::int64_t wall = 0;
  const auto fill = [&] {
    while (true) journal.append(entry(++wall, 100'000), {});
  };
  CHECK_THROWS_AS(fill(), journal::FullError);
  std::string failed;
  CheckpointWriter writer(
      journal, [&](const std::string& what) { failed = what; }, Drive::steps);
  for (std::uint64_t part = 0; part < 3; ++part) writer.add("a" + std::to_string(part), noise(450'000, part));
  writer.finish(journal.last_sequence(), true, "");
  writer.wait();
  CHECK(failed.empty());
  CHECK(writer.finished() == 1);
  CHECK(journal.stats().used_bytes <= bound);
  writer.anew();
  writer.add("b", noise(4'000'000, 9));
  writer.finish(journal.last_sequence(), true, "");
  writer.wait();
  CHECK_THAT(failed, Catch::Contains("storage.max_bytes"));
  CHECK(writer.finished() == 1);
}

TEST_CASE("retention: what a killed process had deleted is taken out of the write-ahead log by the next one") {
  const ScratchDir dir;
  const journal::Options options{.overwrite = true, .max_bytes = 0};
  Journal journal(dir.path() / "store", options);
  for (int i = 1; i <= 20; ++i) journal.append(entry(i, 4000), {});
  const auto killed = dir.path() / "killed";
  std::filesystem::create_directory(killed);
  for (const auto* file : {"pilotwatch.db", "pilotwatch.db-wal"})
    std::filesystem::copy_file(dir.path() / "store" / file, killed / file);
  Journal next(killed, options);
  REQUIRE(next.stats().wal_bytes > 0);
  next.finish_forgetting(Instant{});
  CHECK(next.stats().wal_bytes == 0);
}
