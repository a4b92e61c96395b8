// SPDX-License-Identifier: Apache-2.0
// Decisions beyond memory in the daemon's core: bounds, restarts, rebuilds, damage.
#include <memory>
#include <thread>

#include "support/bench.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using sources::Reply;

namespace {

constexpr int decisions = 30'000;
constexpr std::uint64_t bound = 900'000;  // bytes; some 10,000 decisions

settings::Settings bounded(std::uint64_t bytes = bound) {
  auto out = settings_of({binary_pilot()});
  out.decision_memory = bytes;
  out.evaluation_interval = Millis{5};
  return out;
}

std::string prediction(int id) {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-05-01T00:00:00Z","prediction":1})" + "\n";
}
std::string outcome(int id, int actual) {
  return R"({"type":"outcome","pilot":"p","id":)" + std::to_string(id) + R"(,"time":"2026-05-02T00:00:00Z","actual":)" +
         std::to_string(actual) + "}\n";
}

sinks::SelfStats stats_of(const Bench& bench) {
  sinks::SelfStats out;
  bench.core.describe(out);
  return out;
}

/// As of a look that has seen so many decisions.
sinks::SelfStats stats_with(const Bench& bench, std::uint64_t known) {
  auto out = stats_of(bench);
  while (out.decisions_in_memory + out.decisions_on_disk < known) {
    std::this_thread::yield();
    out = stats_of(bench);
  }
  return out;
}

/// All decisions, some hundred a delivery; the greatest use of memory that was seen.
std::uint64_t fill(Bench& bench) {
  std::uint64_t greatest = 0;
  for (int i = 0; i < decisions;) {
    std::string lines;
    for (int n = 0; n < 500; ++n) lines += prediction(i++);
    REQUIRE(bench.deliver(lines).get().accepted == 500);
    greatest = std::max(greatest, stats_of(bench).decision_bytes);
  }
  return greatest;
}

}  // namespace

TEST_CASE("core: decisions beyond the bound on memory are on disk, and are known as all others, over restarts") {
  const ScratchDir dir;
  std::string before;
  {
    Bench bench(dir.path() / "a", bounded());
    bench.start();
    CHECK(fill(bench) <= bound);
    auto stats = stats_with(bench, decisions);
    CHECK(stats.decisions_on_disk > 10'000);
    CHECK(stats.decision_bytes_limit == bound);
    const auto reply = bench.deliver(prediction(5) + outcome(7, 0) + outcome(29'999, 1) + prediction(decisions)).get();
    CHECK(reply.accepted == 3);
    CHECK(reply.duplicate == 1);
    CHECK(bench.deliver(outcome(7, 0)).get().duplicate == 1);
    stats = stats_with(bench, decisions + 1);
    CHECK(stats.decision_blocks_read >= 1);
    CHECK(stats.decision_blocks_read < 50);
    bench.stop();
    before = bench.saved();
  }
  Bench again(dir.path() / "a", bounded());
  CHECK(stats_of(again).store_rebuilds == 0);
  CHECK(stats_of(again).decisions_on_disk > 10'000);
  CHECK((again.saved() == before));
  again.start();
  CHECK(again.deliver(prediction(11) + outcome(7, 0) + outcome(12'345, 1)).get().duplicate == 2);
}

TEST_CASE("core: the bound on memory changes nothing that is stored: larger, smaller, and a rebuild within it") {
  const ScratchDir dir;
  std::string before;
  {
    Bench bench(dir.path() / "a", bounded());
    bench.start();
    fill(bench);
    for (int i = 0; i < 2'000; ++i) bench.deliver(outcome(i * 13, i % 2));
    bench.deliver(outcome(3, 1)).get();
    bench.stop();
    before = bench.saved();
  }
  for (const auto bytes : {bound / 4 * 3, 16 * bound, bound}) {
    Bench other(dir.path() / "a", bounded(bytes));
    CHECK((other.saved() == before));
    other.start();
    CHECK(other.deliver(prediction(0)).get().duplicate == 1);
    CHECK(stats_of(other).decision_bytes <= bytes);
    other.stop();
    before = other.saved();
  }
  run_sql(dir.path() / "a" / "pilotwatch.db", "UPDATE checkpoint_parts SET body = x'00' WHERE name = 'judge'");
  Bench rebuilt(dir.path() / "a", bounded());
  const auto stats = stats_of(rebuilt);
  CHECK(stats.store_rebuilds == 1);
  CHECK(stats.decisions_on_disk > 10'000);
  CHECK(stats.decision_bytes <= bound);
  rebuilt.start();
  CHECK(rebuilt.deliver(prediction(1)).get().duplicate == 1);
}

TEST_CASE("core: a damaged block of old decisions is noticed when it is read, and everything is built anew") {
  const ScratchDir dir;
  const bool by_update = GENERATE(false, true);  // of a complaint: nobody could know before which decision that needs
  const std::string complaint =
      R"({"type":"complaint","pilot":"p","id":"c","time":"2026-05-02T00:00:00Z","prediction_id":3})" "\n";
  {
    Bench bench(dir.path() / "a", bounded());
    bench.start();
    fill(bench);
    CHECK(bench.deliver(complaint).get().accepted == 1);
    bench.stop();
  }
  run_sql(dir.path() / "a" / "pilotwatch.db", "UPDATE checkpoint_parts SET body = x'28B52FFD00' WHERE name = 'block/p/rows/0'");
  Bench bench(dir.path() / "a", bounded());
  CHECK(stats_of(bench).store_rebuilds == 0);  // nobody has looked
  bench.start();
  const std::string update =
      R"({"type":"complaint_update","pilot":"p","id":"c","time":"2026-05-03T00:00:00Z","step":"decided","found_for":"person"})" "\n";
  const auto reply = bench.deliver(by_update ? update : outcome(3, 0)).get();
  CHECK(reply.status == Reply::Status::committed);
  CHECK(reply.accepted == 1);
  auto stats = stats_of(bench);
  CHECK(stats.store_rebuilds == 1);
  CHECK(stats.store_read_failures == 1);
  CHECK(stats.ready);
  CHECK(stats.decisions_on_disk > 10'000);
  CHECK(predictions(*bench.fresh()) == decisions);
  CHECK(bench.deliver(by_update ? update : outcome(3, 0)).get().duplicate == 1);
  CHECK(bench.deliver(prediction(3)).get().duplicate == 1);
  bench.stop();
  const auto before = bench.saved();
  Bench plain(dir.path() / "b", bounded(1ULL << 30));  // and the same as nobody had to rebuild
  plain.start();
  fill(plain);
  plain.deliver(complaint).get();
  plain.deliver(by_update ? update : outcome(3, 0)).get();
  plain.deliver(by_update ? update : outcome(3, 0)).get();
  plain.deliver(prediction(3)).get();
  plain.stop();
  CHECK((plain.saved() == before));
}

TEST_CASE("core: a checkpoint of another form of the state is rebuilt from the journal") {
  const ScratchDir dir;
  std::string before;
  {
    Bench bench(dir.path() / "a", bounded());
    bench.start();
    fill(bench);
    bench.stop();
    before = bench.saved();
  }
  {
    journal::Journal journal(dir.path() / "a");
    ByteWriter old;
    old.u64(12);
    const auto sequence = journal.last_sequence();
    journal.stage(std::vector{journal::PackedPart{"pilot/p/state", compress(old.bytes())}});
    journal.finish_checkpoint(sequence, false, journal.fact("shape"));
  }
  Bench again(dir.path() / "a", bounded());
  CHECK(stats_of(again).store_rebuilds == 1);
  CHECK((again.saved() == before));
}

TEST_CASE("core: while no checkpoint can be written decisions stay in memory, and go once one can") {
  const ScratchDir dir;
  auto first = std::make_unique<Bench>(dir.path() / "a", bounded());
  auto& bench = *first;
  bench.start();
  run_sql(dir.path() / "a" / "pilotwatch.db",
          "CREATE TRIGGER no_parts BEFORE INSERT ON checkpoint_parts BEGIN SELECT RAISE(ABORT, 'no'); END");
  int sent = 0;
  while (stats_of(bench).decision_bytes <= bound) {
    std::string lines;
    for (int n = 0; n < 500; ++n) lines += prediction(sent++);
    REQUIRE(bench.deliver(lines).get().accepted == 500);
  }
  CHECK(stats_of(bench).decisions_on_disk == 0);
  CHECK(stats_of(bench).store_write_failures >= 1);
  run_sql(dir.path() / "a" / "pilotwatch.db", "DROP TRIGGER no_parts");
  bench.stop();
  const auto before = bench.saved();
  first.reset();
  Bench again(dir.path() / "a", bounded());
  CHECK((again.saved() == before));
  again.start();
  CHECK(again.deliver(prediction(3)).get().duplicate == 1);
  CHECK(stats_of(again).decision_bytes <= bound);
}
