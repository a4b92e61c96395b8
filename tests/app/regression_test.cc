// SPDX-License-Identifier: Apache-2.0
// What reviews found; each case failed once.
#include <sqlite3.h>
#include <sys/resource.h>
#include <csignal>
#include <future>
#include <random>
#include <sstream>
#include <thread>

#include "engine/suppression.h"
#include "support/bench.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;
using settings::WindowKind;
using sources::Reply;

namespace {
std::string prediction(int id, const std::string& time = "2026-05-01T00:00:00Z",
                       const std::string& rest = R"(,"prediction":1)") {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" + time + "\"" + rest + "}\n";
}
std::string outcome(int id, const std::string& time, const std::string& actual) {
  return R"({"type":"outcome","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" + time + R"(","actual":)" +
         actual + "}\n";
}
}  // namespace

TEST_CASE("core: an entry that turns up in the journal behind our back is not taken for ours") {
  const ScratchDir dir;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    CHECK(bench.deliver(prediction(1)).get().status == Reply::Status::committed);
    // As after a COMMIT whose result was unknown, and whose row could not be asked for: row 2 is there, `last` is 1.
    run_sql(dir.path() / "a/pilotwatch.db", "INSERT INTO entries SELECT sequence + 1, wall_ms, body FROM entries WHERE sequence = 1");
    auto reply = bench.deliver(prediction(2)).get();
    if (reply.status != Reply::Status::committed) reply = bench.deliver(prediction(2)).get();  // a client comes again
    CHECK(reply.status == Reply::Status::committed);
  }
  run_sql(dir.path() / "a/pilotwatch.db", "DELETE FROM checkpoint_parts; DELETE FROM facts");  // whatever the checkpoint says
  Bench again(dir.path() / "a", settings_of({binary_pilot()}));
  CHECK(predictions(*again.fresh()) == 2);
}

TEST_CASE("core: the advice about an unreadable checkpoint does not lose what was acknowledged") {
  const ScratchDir dir;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    bench.deliver(prediction(1) + prediction(2)).get();
  }
  run_sql(dir.path() / "a/pilotwatch.db", "DELETE FROM checkpoint_parts");
  Bench again(dir.path() / "a", settings_of({binary_pilot()}));
  CHECK(predictions(*again.fresh()) == 2);
}

TEST_CASE("core: a checkpoint of another version of the state is rebuilt") {
  const ScratchDir dir;
  {
    Bench bench(dir.path() / "a", settings_of({binary_pilot()}));
    bench.start();
    bench.deliver(prediction(1) + prediction(2)).get();
  }
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((dir.path() / "a/pilotwatch.db").c_str(), &db) == SQLITE_OK);
  sqlite3_stmt* s = nullptr;
  sqlite3_prepare_v2(db, "UPDATE checkpoint_parts SET body = ? WHERE name = 'pilot/p/state'", -1, &s, nullptr);
  const auto body = compress(std::string("\x63", 1));  // version 99
  sqlite3_bind_blob(s, 1, body.data(), static_cast<int>(body.size()), SQLITE_TRANSIENT);
  CHECK(sqlite3_step(s) == SQLITE_DONE);
  CHECK(sqlite3_changes(db) >= 1);  // one of each checkpoint that has not been swept away
  sqlite3_finalize(s);
  sqlite3_close(db);
  Bench again(dir.path() / "a", settings_of({binary_pilot()}));
  CHECK(predictions(*again.fresh()) == 2);
}

TEST_CASE("core: a feature whose kind was changed does not kill the daemon") {
  auto before = binary_pilot();
  before.features = {{"x", settings::FeatureKind::categorical}};
  Scenario old(settings_of({before}));
  std::string text;
  for (int i = 0; i < 5; ++i)
    text += prediction(i, "2026-05-01T00:00:00Z", R"(,"prediction":1,"features":{"x":"red"})");
  const auto entry = old.entry(text);
  auto after = before;
  after.features[0].kind = settings::FeatureKind::numeric;
  Scenario s(settings_of({after}));
  std::vector<engine::ReferenceRow> rows;
  for (int i = 0; i < 10; ++i) rows.push_back({{}, {{double(i), {}}, {}}});
  s.fold.engine().pilots()[0]->set_reference(engine::freeze(s.settings->pilots[0], rows, Instant{}));
  s.fold.apply(entry, 1);
  const auto snapshot = s.fold.snapshot(Instant{});  // aborted in stats/ks.cc
  CHECK(predictions(*snapshot) == 5);
  CHECK(s.figure("all", Metric::ks, "", "x").n == 0);  // what was journaled as text is no number now
}

TEST_CASE("core: great weights and small count windows do not stop the daemon") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::count, 10}};
  pilot.lateness = Millis{0};
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 3; ++i)
    text += prediction(i, "2026-05-0" + std::to_string(i + 1) + "T00:00:00Z", R"(,"prediction":1,"weight":1000000000)");
  s.send(text);
  CHECK(s.closings.size() <= 6);  // not one for each of the 10^8 windows a weight skips over
}

TEST_CASE("core: no margin with exactly one gap after suppression with versions") {
  std::mt19937_64 rng{7};
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  std::size_t leaks = 0;
  for (std::size_t round = 0; round < 3000; ++round) {
    const std::size_t V = 3, G = 3;
    std::vector<engine::GroupScope> scopes;
    std::vector<engine::Tally> totals(G);
    for (std::size_t v = 0; v < V; ++v) {
      for (std::size_t g = 0; g < G; ++g) {
        engine::GroupScope sc;
        sc.model_version = "v" + std::to_string(v);
        sc.attribute = "g";
        sc.group = std::to_string(g);
        sc.tally.decisions = rng() % 8 == 0 ? 1 + rng() % 9 : 10 + rng() % 90;
        totals[g] += sc.tally;
        scopes.push_back(sc);
      }
    }
    for (std::size_t g = 0; g < G; ++g) {
      engine::GroupScope sc;
      sc.attribute = "g";
      sc.group = std::to_string(g);
      sc.tally = totals[g];
      scopes.push_back(sc);
    }
    engine::suppress(scopes, pilot);
    bool leak = false;
    for (std::size_t v = 0; v <= V; ++v) {
      std::size_t hidden = 0;
      for (std::size_t g = 0; g < G; ++g) hidden += scopes[v * G + g].hidden;
      leak = leak || hidden == 1;
    }
    for (std::size_t g = 0; g < G; ++g) {
      std::size_t hidden = 0;
      for (std::size_t v = 0; v <= V; ++v) hidden += scopes[v * G + g].hidden;
      leak = leak || hidden == 1;
    }
    leaks += leak;
  }
  CHECK(leaks == 0);
}

TEST_CASE("core: a hidden confusion table of many classes cannot be worked out from the others") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::multiclass;
  pilot.classes = {"a", "b", "c"};
  pilot.positive = "";
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  pilot.windows = {{WindowKind::day, 0}};
  Scenario s(settings_of({pilot}));
  int id = 0;
  std::string text;
  const auto add = [&](const char* group, const char* p, const char* a, int times) {
    for (int i = 0; i < times; ++i, ++id) {
      text += prediction(id, "2026-05-01T12:00:00Z",
                         std::string(R"(,"prediction":")") + p + R"(","segments":{"g":")" + group + "\"}");
      text += outcome(id, "2026-05-01T12:00:00Z", std::string("\"") + a + "\"");
    }
  };
  for (const char* group : {"x", "y", "z"}) {
    for (const char* c : {"a", "b", "c"}) add(group, c, c, 40);
    add(group, "a", "b", 20), add(group, "b", "a", 20), add(group, "a", "c", 15), add(group, "b", "c", 15);
    add(group, "c", "a", group[0] == 'x' ? 3 : 20);  // three people of group x
    add(group, "c", "b", 20);
  }
  // make class "c" of x the only row with a small count: c's fp of x = 3 + 0
  s.send(text);
  s.fold.finish(Instant{});
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& w : snapshot->pilots[0].windows) {
    for (const char* label : {"a", "b", "c"}) {
      std::int64_t fp = 0;
      int gaps = 0;
      for (const auto& c : w->confusions) {
        if (c.label != label) continue;
        if (c.attribute.empty())
          fp += static_cast<std::int64_t>(c.fp);
        else if (c.suppressed)
          ++gaps;
        else
          fp -= static_cast<std::int64_t>(c.fp);
      }
      INFO("class " << label << ": " << gaps << " gaps; the rest is " << fp);
      CHECK(gaps != 1);
    }
  }
}

TEST_CASE("core: one hidden class of one group") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::multiclass;
  pilot.classes = {"a", "b", "c"};
  pilot.positive = "";
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  pilot.windows = {{WindowKind::day, 0}};
  Scenario s(settings_of({pilot}));
  int id = 0;
  std::string text;
  const auto add = [&](const char* group, const char* p, const char* a, int times) {
    for (int i = 0; i < times; ++i, ++id) {
      text += prediction(id, "2026-05-01T12:00:00Z",
                         std::string(R"(,"prediction":")") + p + R"(","segments":{"g":")" + group + "\"}");
      text += outcome(id, "2026-05-01T12:00:00Z", std::string("\"") + a + "\"");
    }
  };
  for (const char* group : {"x", "y"}) {
    for (const char* c : {"a", "b", "c"}) add(group, c, c, 40);
    add(group, "a", "b", 20), add(group, "b", "a", 20);
    add(group, "a", "c", 20), add(group, "b", "c", 20);
    add(group, "c", "a", group[0] == 'x' ? 3 : 20);  // c of x: fp 3
  }
  s.send(text);
  s.fold.finish(Instant{});
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& w : snapshot->pilots[0].windows) {
    int shown = 0, hidden = 0;
    std::int64_t errors = -1, fp = 0, total = 0;
    for (const auto& c : w->counts) {
      if (c.group == "x" && !c.suppressed) errors = static_cast<std::int64_t>(c.errors);
      if (c.attribute.empty()) total = 1;
    }
    static_cast<void>(total);
    for (const auto& c : w->confusions) {
      if (c.group != "x") continue;
      c.suppressed ? ++hidden : ++shown;
      if (!c.suppressed) fp += static_cast<std::int64_t>(c.fp);
    }
    INFO("errors " << errors << " - fp of the shown " << fp << " = fp of the hidden class " << errors - fp);
    CHECK_FALSE((hidden == 1 && errors >= 0));
  }
}

TEST_CASE("core: a complaint before its prediction leaves the same state as after it") {
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}, {WindowKind::all, 0}};
  const std::string p = prediction(1, "2026-05-01T12:00:00Z") + prediction(2, "2026-05-04T12:00:00Z");
  const std::string c = R"({"type":"complaint","pilot":"p","id":9,"time":"2026-05-03T12:00:00Z","prediction_id":1})"
                        "\n";
  pilot.lateness = std::chrono::hours{24 * 30};
  Scenario a(settings_of({pilot})), b(settings_of({pilot}));
  a.send(p + c);
  b.send(c + p);
  a.fold.finish(Instant{});
  b.fold.finish(Instant{});
  const auto x = a.fold.snapshot(Instant{}), y = b.fold.snapshot(Instant{});
  CHECK(x->pilots[0].windows.size() == y->pilots[0].windows.size());
}

TEST_CASE("core: alerts go on while the disk is full") {
  const ScratchDir dir;
  auto pilot = binary_pilot();
  pilot.clock = settings::PilotClock::wall;
  pilot.windows = {{WindowKind::day, 0}};
  auto settings = settings_of({pilot});
  settings.evaluation_interval = Millis{5};
  std::atomic<int> published = 0;
  Bench bench(dir.path() / "a", settings, [&](const judge::Snapshot&) { ++published; });
  bench.start();
  bench.deliver(prediction(1, "2026-05-31T23:00:00Z")).get();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  bench.clock.ms += 120'000;  // a window is due
  sinks::SelfStats stats;
  for (; stats.store_write_failures < 2; bench.core.describe(stats)) std::this_thread::yield();
  const int then = published;
  for (const auto failures = stats.store_write_failures; stats.store_write_failures < failures + 3;
       bench.core.describe(stats)) {
    std::this_thread::yield();
  }
  const int now = published;
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(now > then);
}

TEST_CASE("core: sums of great numbers with great weights") {
  auto pilot = binary_pilot();
  pilot.task = settings::Task::regression;
  pilot.classes.clear();
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += prediction(i, "2026-05-01T00:00:00Z", R"(,"prediction":3e16,"weight":1000000000)") +
            outcome(i, "2026-05-01T00:00:00Z", "-3e16");
  }
  const auto reply = s.send(text);
  REQUIRE(reply.accepted == 8);
  CHECK(s.figure("all", Metric::mean_absolute_error).value == Approx(6e16));
}

TEST_CASE("core: a window is judged once, also when the settings' shape changes") {
  const ScratchDir dir;
  auto pilot = binary_pilot();
  pilot.clock = settings::PilotClock::wall;
  pilot.windows = {{WindowKind::day, 0}};
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.3;
  limit.evidence = settings::Evidence::point;
  limit.min_n = 1;
  limit.for_ = std::chrono::hours{24};
  pilot.limits = {limit};
  auto settings = settings_of({pilot});
  settings.evaluation_interval = Millis{10};
  std::optional<Instant> looked;
  {
    Bench bench(dir.path() / "a", settings);
    bench.start();
    bench.deliver(prediction(1, "2026-05-31T12:00:00Z") + outcome(1, "2026-05-31T12:00:00Z", "0")).get();
    bench.clock.ms += 120'000;
    while (!bench.fresh()->limits[0].window_end) std::this_thread::yield();
    CHECK(bench.fresh()->limits[0].pending_since);
  }
  settings.pilots[0].outcome_horizon = std::chrono::hours{24 * 3};
  Bench bench(dir.path() / "a", settings, {}, at("2026-06-01T00:05:00Z"));
  bench.start();
  bench.clock.ms += 3 * 86'400'000 + 120'000;  // 31 May matures a second time
  sinks::SelfStats stats;
  bench.core.describe(stats);
  for (const auto looks = stats.evaluations; stats.evaluations < looks + 3; bench.core.describe(stats))
    std::this_thread::yield();
  const auto status = bench.fresh()->limits[0];
  CHECK_FALSE(judge::firing(status.state));  // one window alone cannot hold for 24 h
}

TEST_CASE("core: cases without the attribute are a group too") {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = 10;
  pilot.windows = {{WindowKind::day, 0}};
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 203; ++i) {
    text += prediction(i, "2026-05-01T12:00:00Z",
                       R"(,"prediction":)" + std::to_string(i % 2) +
                           (i < 3     ? ""
                            : i < 100 ? R"(,"segments":{"g":"a"})"
                                      : R"(,"segments":{"g":"b"})"));
  }
  s.send(text);
  s.fold.finish(Instant{});
  const auto all = s.figure("day", Metric::volume), a = s.figure("day", Metric::volume, "a"),
             b = s.figure("day", Metric::volume, "b");
  INFO("without: " << all.n << " - " << a.n << " - " << b.n);
  CHECK((a.state == "suppressed" || b.state == "suppressed"));
}

TEST_CASE("core: for: 1d over the day on which clocks go forward") {
  auto pilot = binary_pilot();
  pilot.time_zone = Zone::find("Europe/Amsterdam").value();
  pilot.windows = {{WindowKind::day, 0}};
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.3;
  limit.evidence = settings::Evidence::point;
  limit.min_n = 1;
  limit.for_ = std::chrono::hours{24};
  pilot.limits = {limit};
  Scenario s(settings_of({pilot}));
  std::string text;
  for (int i = 0; i < 3; ++i) {
    const auto t = "2026-03-" + std::to_string(28 + i) + "T12:00:00Z";
    text += prediction(i, t) + outcome(i, t, "0");
  }
  s.send(text + prediction(9, "2026-03-30T12:00:00Z"));
  CHECK(judge::firing(s.fold.statuses()[0].state));  // 28 and 29 March were both beyond
}

TEST_CASE("core: the recent transitions survive a rebuild") {
  const ScratchDir dir;
  auto pilot = binary_pilot();
  pilot.windows = {{WindowKind::day, 0}};
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.3;
  limit.evidence = settings::Evidence::point;
  limit.min_n = 1;
  pilot.limits = {limit};
  {
    Bench bench(dir.path() / "a", settings_of({pilot}));
    bench.start();
    bench
        .deliver(prediction(1, "2026-05-01T12:00:00Z") + outcome(1, "2026-05-01T12:00:00Z", "0") +
                 prediction(2, "2026-05-03T12:00:00Z"))
        .get();
    CHECK(bench.fresh()->recent.size() == 1);
  }
  pilot.windows.push_back({WindowKind::week, 0});
  Bench bench(dir.path() / "a", settings_of({pilot}));
  CHECK(bench.fresh()->recent.size() == 1);
}
