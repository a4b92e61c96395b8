// SPDX-License-Identifier: Apache-2.0
// What the daemon's core does where blocks of old decisions are damaged or cannot be read, whoever meets that first.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "journal/salvage.h"
#include "support/bench.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using sources::Reply;

namespace {

constexpr int decisions = 30'000;
constexpr std::uint64_t bound = 900'000;  // bytes; some 10,000 decisions
constexpr const char* first_block = "block/p/rows/0";  // 512 decisions
constexpr const char* damage_first_block = "UPDATE checkpoint_parts SET body = x'28B52FFD00' WHERE name = 'block/p/rows/0'";

settings::Settings bounded(std::uint64_t bytes = bound) {
  auto out = settings_of({binary_pilot()});
  out.decision_memory = bytes;
  out.evaluation_interval = Millis{5};
  return out;
}

/// With a limit that is beyond from the second day on: every outcome here is wrong.
settings::Settings alarmed() {
  auto pilot = binary_pilot();
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.1;
  pilot.limits = {limit};
  auto out = settings_of({pilot});
  out.decision_memory = bound;
  out.evaluation_interval = Millis{2};
  return out;
}

std::string prediction(int id) {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-05-01T00:00:00Z","prediction":1})" + "\n";
}
std::string outcome(int id) {
  return R"({"type":"outcome","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-05-02T00:00:00Z","actual":0})" "\n";
}

/// Delivered at once.
template <class Line>
Reply deliver(Bench& bench, Line line, int from, int to) {
  std::string lines;
  for (int id = from; id < to; ++id) lines += line(id);
  return bench.deliver(lines).get();
}

sinks::SelfStats stats_of(const Bench& bench) {
  sinks::SelfStats out;
  bench.core.describe(out);
  return out;
}

template <class Condition>
void wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(condition());
}

/// Decisions beyond memory, and outcomes of the first of them: late changes, too few to write blocks again.
void write_with_late_changes(const std::filesystem::path& folder) {
  Bench bench(folder, bounded());
  bench.start();
  for (int from = 0; from < decisions; from += 500) REQUIRE(deliver(bench, prediction, from, from + 500).accepted == 500);
  REQUIRE(deliver(bench, outcome, 0, 400).accepted == 400);
  bench.stop();
  const auto late = bench.fold.memory().late_bytes;
  REQUIRE(late < bound / 16);
  REQUIRE(late > bound / 2 / 16);
}

/// Throws `Error` for the first block as long as it should.
template <class Error>
void fail_first_block(Bench& bench, std::shared_ptr<std::atomic<int>> times) {
  bench.fold.set_store(
      [&bench, times = std::move(times)](const std::string& name) {
        if (name == first_block && times->fetch_sub(1) > 0) throw Error("as told");
        return bench.journal.read_block(name);
      },
      bench.settings.decision_memory);
}

}  // namespace

TEST_CASE("core: damage met while late changes are merged at the start is built anew, not at every start again") {
  const ScratchDir dir;
  write_with_late_changes(dir.path() / "a");
  run_sql(dir.path() / "a" / "pilotwatch.db", damage_first_block);
  {
    Bench bench(dir.path() / "a", bounded(bound / 2));  // so many late changes must be merged now
    CHECK(stats_of(bench).store_rebuilds == 1);
    CHECK(predictions(*bench.fresh()) == decisions);
    bench.start();
    CHECK(bench.deliver(outcome(3) + outcome(700)).get().duplicate == 1);
    bench.stop();
  }
  Bench again(dir.path() / "a", bounded(bound / 2));
  CHECK(stats_of(again).store_rebuilds == 0);
}

TEST_CASE("core: damage met while late changes are merged is built anew in the same process") {
  const ScratchDir dir;
  write_with_late_changes(dir.path() / "a");
  Bench bench(dir.path() / "a", bounded());
  run_sql(dir.path() / "a" / "pilotwatch.db", damage_first_block);
  bench.start();
  CHECK(deliver(bench, outcome, 600, 1'000).accepted == 400);  // of other blocks
  wait_until([&] { return stats_of(bench).store_rebuilds == 1 && stats_of(bench).ready; });
  CHECK(stats_of(bench).store_read_failures == 1);
  CHECK(predictions(*bench.fresh()) == decisions);
  CHECK(bench.deliver(outcome(3) + outcome(700) + outcome(1'100)).get().duplicate == 2);
}

TEST_CASE("core: a block that just cannot be read while late changes are merged costs a checkpoint, and no record") {
  const ScratchDir dir;
  write_with_late_changes(dir.path() / "a");
  std::string before;
  {
    Bench bench(dir.path() / "a", bounded());
    fail_first_block<journal::ReadError>(bench, std::make_shared<std::atomic<int>>(1));
    bench.start();
    CHECK(deliver(bench, outcome, 600, 1'000).accepted == 400);
    wait_until([&] { return stats_of(bench).store_read_failures == 1; });
    CHECK(bench.deliver(outcome(3) + outcome(1'100)).get().accepted == 1);
    CHECK(stats_of(bench).store_rebuilds == 0);
    CHECK(stats_of(bench).ready);
    bench.stop();
    before = bench.saved();
  }
  Bench again(dir.path() / "a", bounded());
  CHECK(stats_of(again).store_rebuilds == 0);
  CHECK((again.saved() == before));
}

TEST_CASE("core: a block that SQLite finds damaged is built anew like one whose content is") {
  const ScratchDir dir;
  const bool by_update = GENERATE(false, true);  // of a complaint: nobody could know before which decision that needs
  write_with_late_changes(dir.path() / "a");
  const std::string complaint =
      R"({"type":"complaint","pilot":"p","id":"c","time":"2026-05-02T00:00:00Z","prediction_id":450})" "\n";
  const std::string update =
      R"({"type":"complaint_update","pilot":"p","id":"c","time":"2026-05-03T00:00:00Z","step":"decided","found_for":"person"})" "\n";
  {
    Bench bench(dir.path() / "a", bounded());
    bench.start();
    CHECK(bench.deliver(complaint).get().accepted == 1);
    bench.stop();
  }
  Bench bench(dir.path() / "a", bounded());
  fail_first_block<journal::DamagedError>(bench, std::make_shared<std::atomic<int>>(1));
  bench.start();
  const auto reply = bench.deliver(by_update ? update : outcome(450)).get();
  CHECK(reply.status == Reply::Status::committed);
  CHECK(reply.accepted == 1);
  CHECK(stats_of(bench).store_rebuilds == 1);
  CHECK(stats_of(bench).store_read_failures == 1);
  CHECK(stats_of(bench).ready);
  CHECK(predictions(*bench.fresh()) == decisions);
  CHECK(bench.deliver(by_update ? update : outcome(450)).get().duplicate == 1);
}

TEST_CASE("core: where entries are damaged, too, the process ends, and the next start notices and saves the rest") {
  const ScratchDir dir;
  write_with_late_changes(dir.path() / "a");
  const auto file = dir.path() / "a" / "pilotwatch.db";
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      Bench bench(dir.path() / "a", bounded());
      run_sql(file, damage_first_block);
      run_sql(file, "UPDATE entries SET body = x'00' WHERE sequence = 7");  // the checkpoint holds it
      bench.start();
      bench.deliver(outcome(450)).get();
      ::_exit(7);
    } catch (...) {
      ::_exit(8);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK_THROWS_AS(Bench(dir.path() / "a", bounded()), journal::DamagedError);
  const auto saved = journal::salvage(dir.path() / "a", Instant{});
  CHECK(saved.lost == 1);
  Bench bench(dir.path() / "a", bounded());
  CHECK(predictions(*bench.fresh()) == decisions - 500);
  bench.start();
  CHECK(bench.deliver(outcome(450)).get().status == Reply::Status::committed);
}

TEST_CASE("core: what fires is said on while the state cannot be read, and while it is built anew") {
  const ScratchDir dir;
  const bool rebuild = GENERATE(false, true);
  std::atomic<int> meanwhile = 0, silent = 0, before = 0;
  std::atomic<const Bench*> running = nullptr;
  const auto publish = [&](const judge::Snapshot& light) {
    const auto* now = running.load();
    if (now == nullptr) return;
    const bool fires = !light.limits.empty() && light.limits[0].episode && !light.limits[0].episode->ended;
    if (!fires) ++silent;
    ++(now->core.ready() ? before : meanwhile);
  };
  {
    Bench bench(dir.path() / "a", alarmed(), publish);
    bench.start();
    for (int from = 0; from < decisions; from += 500) REQUIRE(deliver(bench, prediction, from, from + 500).accepted == 500);
    REQUIRE(deliver(bench, outcome, 0, 400).accepted == 400);
    const std::string complaint =
        R"({"type":"complaint","pilot":"p","id":"c","time":"2026-05-02T00:00:00Z","prediction_id":450})" "\n";
    REQUIRE(bench.deliver(complaint).get().accepted == 1);
    REQUIRE(bench.deliver(R"({"type":"prediction","pilot":"p","id":"late","time":"2026-05-31T00:00:00Z","prediction":1})" "\n")
                .get()
                .accepted == 1);
    REQUIRE(bench.fresh()->limits.at(0).episode);
    bench.stop();
  }
  Bench again(dir.path() / "a", alarmed(), publish);
  std::atomic<bool> fails = true;
  again.fold.set_store(
      [&](const std::string& name) {
        if (fails && rebuild) {
          fails = false;
          throw CorruptBytes("as told");
        }
        if (fails) throw journal::ReadError("as told");
        return again.journal.read_block(name);
      },
      bound);
  running = &again;
  again.start();
  // That a decision cannot be read before anything has changed costs a group, no more; an update needs it in the middle.
  const std::string update =
      R"({"type":"complaint_update","pilot":"p","id":"c","time":"2026-05-03T00:00:00Z","step":"decided","found_for":"person"})" "\n";
  again.deliver(rebuild ? outcome(450) : update);
  wait_until([&] { return meanwhile >= 3; });
  CHECK(silent == 0);
  fails = false;
  wait_until([&] { return again.core.ready(); });
  const int then = before;
  wait_until([&] { return before > then; });
  CHECK(silent == 0);
  running = nullptr;
}

TEST_CASE("core: entries stay until a checkpoint holds what a rebuild has made of them") {
  const ScratchDir dir;
  auto settings = settings_of({binary_pilot()});
  settings.checkpoint_interval = settings.evaluation_interval = Millis{2};
  {
    Bench bench(dir.path() / "a", settings);
    bench.start();
    for (int i = 0; i < 10; ++i) bench.deliver(prediction(i)).get();
    bench.stop();
  }
  const auto file = dir.path() / "a" / "pilotwatch.db";
  run_sql(file, "CREATE TRIGGER no_parts BEFORE INSERT ON checkpoint_parts BEGIN SELECT RAISE(ABORT, 'no'); END");
  settings.retention = Millis{3600'000};
  settings.pilots[0].windows.push_back({settings::WindowKind::count, 2});
  Bench bench(dir.path() / "a", settings, {}, at("2026-06-01T02:00:00Z"));
  CHECK(stats_of(bench).store_rebuilds == 1);
  bench.start();
  REQUIRE(bench.deliver(prediction(10)).get().accepted == 1);
  const auto evaluations = stats_of(bench).evaluations, failures = stats_of(bench).store_write_failures;
  wait_until([&] {
    return stats_of(bench).evaluations > evaluations + 100 && stats_of(bench).store_write_failures > failures + 5;
  });
  CHECK(stats_of(bench).store_forgotten_entries == 0);
  run_sql(file, "DROP TRIGGER no_parts");
  wait_until([&] { return stats_of(bench).store_forgotten_entries >= 10; });
  CHECK(predictions(*bench.fresh()) == 11);
  bench.stop();
}
