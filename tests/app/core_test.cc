// SPDX-License-Identifier: Apache-2.0
#include "app/core.h"

#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <future>
#include <thread>

#include "support/bench.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;
using sources::Reply;

namespace {

std::string prediction(int id, int label = 1) {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-05-01T00:00:00Z","prediction":)" + std::to_string(label) + "}\n";
}

}  // namespace

TEST_CASE("core: acknowledged means on disk: a copy of the store taken right then holds it once") {
  const ScratchDir dir;
  Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
  bench.start();
  for (int i = 0; i < 20; ++i) {
    const auto reply = bench.deliver(prediction(i) + prediction(i)).get();
    CHECK(reply.status == Reply::Status::committed);
    CHECK(reply.accepted == 1);
    CHECK(reply.duplicate == 1);
    if (i % 5 != 0) continue;
    const auto copy = dir.path() / ("copy" + std::to_string(i));
    copy_store(dir.path() / "a", copy);
    Bench after(copy, settings_of({binary_pilot()}));
    CHECK(predictions(*after.fresh()) == static_cast<std::uint64_t>(i + 1));
    CHECK(after.deliver(prediction(0)).get().status == Reply::Status::unavailable);  // not started
  }
  CHECK(predictions(*bench.fresh()) == 20);
}

TEST_CASE("core: a restart from checkpoint and tail has the bytes of the run before") {
  const ScratchDir dir;
  std::string before;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    for (int i = 0; i < 50; ++i) bench.deliver(prediction(i)).get();
    bench.stop();  // writes a checkpoint
    before = bench.saved();
  }
  Bench again(dir.path() / "a", settings_of({binary_pilot()}));
  CHECK(again.saved() == before);
  again.start();
  CHECK(again.deliver(prediction(49) + prediction(50)).get().duplicate == 1);
}

TEST_CASE("core: changed settings rebuild every figure from the journal") {
  const ScratchDir dir;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    bench.deliver(prediction(1) + prediction(2)).get();
  }
  auto pilot = binary_pilot();
  pilot.windows.push_back({settings::WindowKind::count, 2});
  pilot.lateness = Millis{0};
  Bench changed(dir.path() / "a", settings_of({pilot}));
  CHECK(predictions(*changed.fresh()) == 2);
  changed.start();
  changed.deliver(R"({"type":"prediction","pilot":"p","id":3,"time":"2026-05-03T00:00:00Z"})").get();
  const auto snapshot = changed.fresh();
  bool counted = false;
  for (const auto& window : snapshot->pilots[0].windows) counted = counted || window->kind_name == "count:2";
  CHECK(counted);
}

TEST_CASE("core: a damaged checkpoint is rebuilt from the journal, loudly but by itself") {
  const ScratchDir dir;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    bench.deliver(prediction(1) + prediction(2)).get();
  }
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((dir.path() / "a" / "pilotwatch.db").c_str(), &db) == SQLITE_OK);
  sqlite3_busy_timeout(db, 10'000);
  CHECK(sqlite3_exec(db, "UPDATE checkpoint_parts SET body = x'00' WHERE name = 'judge'", nullptr, nullptr, nullptr) ==
        SQLITE_OK);
  sqlite3_close(db);
  Bench again(dir.path() / "a", settings_of({binary_pilot()}));
  CHECK(predictions(*again.fresh()) == 2);
}

TEST_CASE("core: a queue that is full refuses at once and counts it") {
  const ScratchDir dir;
  auto settings = settings_of({binary_pilot()});
  settings.ingest.max_queue_requests = 2;
  settings.ingest.max_queue_time = Millis{3600'000};
  Bench bench(dir.path() / "a", settings);
  bench.start();
  std::promise<void> entered, release;
  sources::Delivery blocking;
  blocking.source = &bench.settings.http;
  blocking.bytes = prediction(1);
  blocking.done = [&](const Reply&) {
    entered.set_value();
    release.get_future().wait();
  };
  bench.intake.deliver(std::move(blocking));
  entered.get_future().wait();
  auto second = bench.deliver(prediction(2)), third = bench.deliver(prediction(3)),
       fourth = bench.deliver(prediction(4));
  const auto refused = fourth.get();
  CHECK(refused.status == Reply::Status::overloaded);
  CHECK(refused.retry_after_s >= 1);
  release.set_value();
  CHECK(second.get().status == Reply::Status::committed);
  CHECK(third.get().status == Reply::Status::committed);
  sinks::SelfStats stats;
  bench.intake.describe(stats);
  CHECK(stats.overloaded == 1);
}

TEST_CASE("core: a full disk refuses deliveries, keeps readers served, and resumes by itself") {
  const ScratchDir dir;
  Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
  bench.start();
  CHECK(bench.deliver(prediction(1)).get().status == Reply::Status::committed);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  CHECK(bench.deliver(prediction(2)).get().status == Reply::Status::unavailable);
  CHECK(predictions(*bench.fresh()) == 1);
  sinks::SelfStats stats;
  bench.core.describe(stats);
  CHECK(stats.store_degraded);
  CHECK(stats.store_write_failures >= 1);
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(bench.deliver(prediction(2)).get().accepted == 1);
  bench.core.describe(stats);
  CHECK_FALSE(stats.store_degraded);
}

TEST_CASE("core: a cursor is committed with what was read, not before") {
  const ScratchDir dir;
  Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
  bench.start();
  record::Cursor cursor;
  cursor.source = "log";
  cursor.offset = 77;
  bench.deliver(prediction(1), cursor).get();
  bench.stop();
  REQUIRE(bench.journal.cursors("log").size() == 1);
  CHECK(bench.journal.cursors("log")[0].offset == 77);
}

TEST_CASE("core: windows of wall-clock pilots close without records, and that too is in the journal") {
  const ScratchDir dir;
  auto pilot = binary_pilot();
  pilot.clock = settings::PilotClock::wall;
  pilot.windows = {{settings::WindowKind::day, 0}};
  auto settings = settings_of({pilot});
  settings.evaluation_interval = Millis{10};
  Bench bench(dir.path() / "a", settings);
  bench.start();
  bench.deliver(R"({"type":"prediction","pilot":"p","id":1,"time":"2026-05-31T23:00:00Z"})").get();
  CHECK(bench.fresh()->pilots[0].windows.empty());  // closes at 00:01
  const auto entries = bench.journal.last_sequence();
  bench.clock.ms += 120'000;
  while (bench.fresh()->pilots[0].windows.empty()) std::this_thread::yield();
  CHECK(bench.fresh()->pilots[0].windows.size() == 1);
  CHECK(bench.journal.last_sequence() > entries);
}

TEST_CASE("core: time does not go back where the clock does, not even over a restart") {
  const ScratchDir dir;
  const auto late = at("2026-06-01T12:00:00Z"), early = at("2026-06-01T11:00:00Z");
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}), {}, late);
    bench.start();
    bench.deliver(prediction(1)).get();
    bench.clock.ms = early.time_since_epoch().count();
    bench.deliver(prediction(2)).get();
    bench.stop();  // all of it is in the checkpoint
  }
  Bench again(dir.path() / "a", settings_of({binary_pilot()}), {}, early);
  again.start();
  again.deliver(prediction(3)).get();
  std::vector<Instant> walls;
  again.journal.replay(0, [&](std::uint64_t, const record::Entry& entry) { walls.push_back(entry.wall); });
  CHECK(walls == std::vector<Instant>{late, late, late});
}

TEST_CASE("core: limits are recorded in the journal where they have changed, and only there") {
  const ScratchDir dir;
  auto pilot = binary_pilot();
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.1;
  pilot.limits = {limit};
  const auto records = [&] {
    Bench bench(dir.path() / "a", settings_of({pilot}));
    const auto entries = bench.journal.last_sequence();
    return std::pair(bench.fresh()->limit_records.size(), entries);
  };
  CHECK(records() == std::pair<std::size_t, std::uint64_t>(1, 1));
  CHECK(records() == std::pair<std::size_t, std::uint64_t>(1, 1));
  pilot.limits[0].owner = "someone";
  CHECK(records() == std::pair<std::size_t, std::uint64_t>(2, 2));
  pilot.limits.clear();
  CHECK(records() == std::pair<std::size_t, std::uint64_t>(3, 3));
  CHECK(records() == std::pair<std::size_t, std::uint64_t>(3, 3));
}
