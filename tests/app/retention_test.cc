// SPDX-License-Identifier: Apache-2.0
// Old entries go while the daemon runs, and a store has a bound: what stays defined, what is said.
#include <sqlite3.h>

#include <random>
#include <thread>

#include "journal/salvage.h"
#include "support/bench.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using sources::Reply;

namespace {

std::string prediction(int id) {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-05-01T00:00:00Z","prediction":1})" + "\n";
}

settings::Settings short_memory() {
  auto out = settings_of({binary_pilot()});
  out.retention = Millis{3600'000};
  out.checkpoint_interval = out.evaluation_interval = Millis{10};
  return out;
}

sinks::SelfStats stats_of(const Bench& bench) {
  sinks::SelfStats out;
  bench.core.describe(out);
  return out;
}

std::uint64_t refused(const sinks::SelfStats& stats, std::string_view reason) {
  for (const auto& [name, count] : stats.refused) {
    if (name == reason) return count;
  }
  FAIL("no reason " << reason);
  return 0;
}

std::uint64_t received(const judge::Snapshot& snapshot) {
  std::uint64_t out = 0;
  for (const auto& row : snapshot.ingest.rows) out += row.received;
  return out;
}

/// Ten decisions that are too old and one that is not.
void write_and_forget(const std::filesystem::path& folder) {
  Bench bench(folder, short_memory());
  bench.start();
  for (int i = 0; i < 10; ++i) bench.deliver(prediction(i)).get();
  bench.clock.ms += 2 * 3600'000;
  bench.deliver(prediction(10)).get();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (bench.journal.stats().forgotten_entries < 10 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(stats_of(bench).store_forgotten_entries == 10);
  CHECK(bench.deliver(prediction(3)).get().duplicate == 1);  // the state knows it
  CHECK_FALSE(stats_of(bench).store_figures_begin);
}

}  // namespace

TEST_CASE("retention: while the checkpoint holds, nothing is missing and what comes again is known") {
  const ScratchDir dir;
  write_and_forget(dir.path() / "a");
  Bench again(dir.path() / "a", short_memory());
  CHECK(predictions(*again.fresh()) == 11);
  CHECK_FALSE(stats_of(again).store_figures_begin);
  again.start();
  CHECK(again.deliver(prediction(0)).get().duplicate == 1);
}

TEST_CASE("retention: another shape begins with the oldest entry that is left, and says so from then on") {
  const ScratchDir dir;
  write_and_forget(dir.path() / "a");
  auto changed = short_memory();
  changed.pilots[0].windows.push_back({settings::WindowKind::count, 2});
  for (int start = 0; start < 2; ++start) {
    Bench again(dir.path() / "a", changed);
    CHECK(predictions(*again.fresh()) < 11);
    CHECK(received(*again.fresh()) == 12);  // what came has come
    const auto begin = stats_of(again).store_figures_begin;
    REQUIRE(begin);
    CHECK(*begin == at("2026-06-01T02:00:00Z"));
  }
}

TEST_CASE("retention: of a damaged checkpoint, too, and what was counted as received stays counted") {
  const ScratchDir dir;
  write_and_forget(dir.path() / "a");
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((dir.path() / "a" / "pilotwatch.db").c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "UPDATE checkpoint_parts SET body = x'00' WHERE name LIKE 'pilot/%'", nullptr, nullptr,
                     nullptr) == SQLITE_OK);
  CHECK(sqlite3_changes(db) > 0);
  sqlite3_close(db);
  Bench again(dir.path() / "a", short_memory());
  CHECK(predictions(*again.fresh()) < 11);
  CHECK(received(*again.fresh()) == 12);
  CHECK(stats_of(again).store_figures_begin);
}

TEST_CASE("retention: a store that had to be salvaged still has what its deleted entries came to") {
  const ScratchDir dir;
  write_and_forget(dir.path() / "a");
  const auto saved = journal::salvage(dir.path() / "a", Instant{});
  CHECK(saved.lost == 0);
  Bench again(dir.path() / "a", short_memory());
  CHECK(predictions(*again.fresh()) == 11);
  CHECK(received(*again.fresh()) == 12);
  CHECK_FALSE(stats_of(again).store_figures_begin);
  again.start();
  CHECK(again.deliver(prediction(0)).get().duplicate == 1);
}

TEST_CASE("core: a full store refuses records by its own reason, keeps readers served, and a larger bound lets them in") {
  const ScratchDir dir;
  auto settings = settings_of({binary_pilot()});
  settings.max_store_bytes = 16 << 20;
  {
    journal::Journal journal(dir.path() / "a", {.max_bytes = settings.max_store_bytes});
    std::mt19937_64 rng(1);
    record::Submission filler;
    filler.source = "test";
    std::string noise(200'000, '\0');
    for (auto& byte : noise) byte = static_cast<char>(rng());
    filler.batch.strings.push_back(noise);
    try {
      while (true) journal.append({Instant{Millis{1}}, {filler}}, {});
    } catch (const journal::FullError&) {
      filler.batch.strings.back().resize(2000);
    }
    try {
      while (true) journal.append({Instant{Millis{1}}, {filler}}, {});
    } catch (const journal::FullError&) {
    }
  }
  {
    Bench bench(dir.path() / "a", settings);
    bench.start();
    std::string body;
    for (int i = 0; i < 300; ++i) body += prediction(i);
    const auto reply = bench.deliver(body).get();
    CHECK(reply.status == Reply::Status::unavailable);
    CHECK(reply.detail == "the store is full");
    CHECK(predictions(*bench.fresh()) == 0);
    const auto stats = stats_of(bench);
    CHECK(refused(stats, "store_full") == 1);
    CHECK(stats.unavailable == 0);
    CHECK(stats.store_write_failures == 0);
    CHECK(stats.store_max_bytes == 16 << 20);
    CHECK(stats.store_used_bytes > 13'000'000U);
  }
  settings.max_store_bytes = 32 << 20;
  Bench larger(dir.path() / "a", settings);
  larger.start();
  CHECK(larger.deliver(prediction(1)).get().accepted == 1);
  CHECK_FALSE(stats_of(larger).store_degraded);
}

TEST_CASE("retention: an episode that was told is not told under another id where what was judged is lost, too") {
  const ScratchDir dir;
  auto settings = short_memory();
  settings::Limit limit;
  limit.name = "errors";
  limit.window = {settings::WindowKind::count, 5};
  limit.min_n = 3;
  limit.max = 0.1;
  settings.pilots[0].windows.push_back(limit.window);
  settings.pilots[0].limits = {limit};
  settings.notify.webhooks.emplace_back().name = "ops";
  const auto wrong = [](int id) {
    const auto of = [&](const char* type, const char* value) {
      return std::string(R"({"type":")") + type + R"(","pilot":"p","id":)" + std::to_string(id) +
             R"(,"time":"2026-05-01T00:)" + std::to_string(10 + id) + R"(:00Z",)" + value + "}\n";
    };
    return of("prediction", R"("prediction":1)") + of("outcome", R"("actual":0)");
  };
  std::string told;
  {
    Bench bench(dir.path() / "a", settings);
    bench.start();
    for (int i = 0; i < 10; ++i) REQUIRE(bench.deliver(wrong(i)).get().accepted == 2);
    bench.clock.ms += 2 * 3600'000;
    for (int i = 10; i < 30; ++i) REQUIRE(bench.deliver(wrong(i)).get().accepted == 2);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (bench.journal.stats().forgotten_entries < 10 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    bench.stop();
    const auto events = bench.journal.deliveries("", 10);
    REQUIRE(events.size() == 1);
    told = events[0].id;
  }
  run_sql(dir.path() / "a" / "pilotwatch.db", "UPDATE checkpoint_parts SET body = x'00' WHERE name = 'judge'");
  Bench again(dir.path() / "a", settings);
  CHECK(again.fresh()->limits.at(0).state == judge::State::breach);
  const auto events = again.journal.deliveries("", 10);
  REQUIRE(events.size() == 1);
  CHECK(events[0].id == told);
}
