// SPDX-License-Identifier: Apache-2.0
// Events follow from entries: once, under one id, whenever a process dies.
#include "app/outbox.h"

#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "app/webhooks.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using namespace std::chrono_literals;

namespace {

judge::Transition change(judge::State from, judge::State to) {
  judge::Transition t;
  t.pilot = "p";
  t.limit = "errors";
  t.from = from;
  t.to = to;
  t.at = t.at_wall = Instant{Millis{1'000'000}};
  return t;
}

const auto breach = change(judge::State::ok, judge::State::breach);
const auto resolved = change(judge::State::breach, judge::State::ok);

record::Entry empty_entry(std::int64_t wall) { return {Instant{Millis{wall}}, {}}; }

struct TestTime final : SteadyClock {
  SteadyTime time{std::chrono::hours{1}};
  [[nodiscard]] SteadyTime now() const override { return time; }
};

/// A process: what it has of the store is gone with it.
struct Life {
  /// `full`: no file may grow once the journal is open.
  explicit Life(const std::filesystem::path& folder, settings::Webhook hook = {}, bool full = false) : journal(folder) {
    if (full) disk.emplace(1024);
    hook.name = "ops";
    settings.notify.webhooks = {hook};
    store.emplace(journal);
    webhooks.emplace(settings.notify, *store, clock, nullptr);
    writer.emplace(settings, journal, *webhooks, url, log, steady);
  }
  void apply(std::uint64_t sequence, const std::vector<judge::Transition>& changes) {
    writer->begin(sequence);
    for (const auto& t : changes) writer->collect(t);
  }
  std::vector<std::string> ids() {
    std::vector<std::string> out;
    for (const auto& d : journal.deliveries("", 100)) out.push_back(d.id);
    return out;
  }

  std::uint64_t failures(const std::string& reason) const {
    for (const auto& [name, count] : writer->stats().failures) {
      if (name == reason) return count;
    }
    FAIL("no reason " << reason);
    return 0;
  }
  /// Lines about writes that fail.
  std::size_t complaints() const {
    const auto text = said.str();
    std::size_t count = 0;
    for (auto at = text.find("cannot be written"); at != std::string::npos; at = text.find("cannot be written", at + 1))
      ++count;
    return count;
  }

  SystemClock clock;
  TestTime steady;
  std::ostringstream said;
  runtime::Log log{[this] {
    runtime::LogOptions options;
    options.out = &said;
    return options;
  }()};
  std::string url = "http://x";
  settings::Settings settings;
  journal::Journal journal;
  std::optional<StoredOutbox> store;
  std::optional<sinks::Webhooks> webhooks;
  std::optional<OutboxWriter> writer;
  std::optional<testing::FileSizeLimit> disk;
};

/// The outbox cannot be written, all else can.
constexpr const char* no_outbox =
    "CREATE TRIGGER no_outbox BEFORE INSERT ON facts WHEN NEW.key = 'outbox_through' BEGIN SELECT RAISE(ABORT, 'no'); "
    "END";

}  // namespace

TEST_CASE("outbox: who dies before writing makes the same events again, and nothing twice") {
  const testing::ScratchDir folder, other;
  std::vector<std::string> undisturbed;
  {
    Life life(other.path());
    life.apply(1, {breach, resolved, breach});
    REQUIRE(life.writer->write());
    undisturbed = life.ids();
    REQUIRE(undisturbed.size() == 3);
    CHECK(std::set<std::string>(undisturbed.begin(), undisturbed.end()).size() == 3);
  }
  { Life(folder.path()).apply(1, {breach, resolved, breach}); }  // dies
  {
    Life life(folder.path());
    CHECK(life.ids().empty());
    life.apply(1, {breach, resolved});  // half of it, then the state is restored
    life.apply(1, {breach, resolved, breach});
    REQUIRE(life.writer->write());
    CHECK(life.ids() == undisturbed);
  }
  Life life(folder.path());
  life.apply(1, {breach, resolved, breach});  // the tail, once more
  REQUIRE(life.writer->write());
  CHECK(life.ids() == undisturbed);
}

TEST_CASE("outbox: what has been written is not made again by a rebuild under other settings") {
  const testing::ScratchDir folder;
  {
    Life life(folder.path());
    life.apply(5, {breach});
    REQUIRE(life.writer->write());
  }
  Life life(folder.path());
  life.apply(4, {breach});
  life.apply(5, {resolved});
  REQUIRE(life.writer->write());
  CHECK(life.ids().size() == 1);
  life.apply(6, {resolved});
  REQUIRE(life.writer->write());
  CHECK(life.ids().size() == 2);
}

TEST_CASE("outbox: what is in the journal from before there were webhooks is not told") {
  const testing::ScratchDir folder;
  {
    journal::Journal journal(folder.path());
    journal.append(empty_entry(1), {});
    journal.append(empty_entry(2), {});
  }
  Life life(folder.path());
  life.apply(2, {breach});
  REQUIRE(life.writer->write());
  CHECK(life.ids().empty());
  life.apply(3, {resolved});
  REQUIRE(life.writer->write());
  CHECK(life.ids().size() == 1);
}

TEST_CASE("outbox: with a checkpoint all up to it is done with, also where nothing followed from it") {
  const testing::ScratchDir folder;
  {
    Life life(folder.path());
    life.apply(5, {breach});
    REQUIRE(life.writer->write(7));
    CHECK(life.journal.outbox_through() == 7);
    REQUIRE(life.writer->write(9));
    CHECK(life.journal.outbox_through() == 9);
    REQUIRE(life.writer->write(8));
    CHECK(life.journal.outbox_through() == 9);
  }
  Life life(folder.path());
  life.apply(9, {resolved});  // elsewhere than it was, by a rebuild
  life.apply(10, {breach});
  REQUIRE(life.writer->write());
  CHECK(life.ids().size() == 2);
  CHECK(life.journal.outbox_through() == 10);
}

TEST_CASE("outbox: a first start on a full disk goes on, says so, and begins once there is room") {
  const testing::ScratchDir folder;
  {
    journal::Journal journal(folder.path());
    journal.append(empty_entry(1), {});
  }
  Life life(folder.path(), {}, true);
  CHECK(life.failures("io") + life.failures("disk_full") == 1);
  CHECK(life.writer->stats().degraded);
  CHECK(life.complaints() == 1);
  CHECK_FALSE(life.writer->write());
  CHECK(life.failures("io") + life.failures("disk_full") == 1);  // not at once
  life.steady.time += 1s;
  CHECK_FALSE(life.writer->write());
  CHECK(life.failures("io") + life.failures("disk_full") == 2);
  CHECK_FALSE(life.journal.outbox_through());
  life.disk.reset();
  life.journal.append(empty_entry(2), {});
  life.apply(2, {breach});
  REQUIRE(life.writer->write());  // with the first entry, however long the pause: what is in the journal is not told
  CHECK_FALSE(life.writer->stats().degraded);
  CHECK(life.journal.outbox_through() == 2);
  CHECK(life.ids().size() == 1);
}

TEST_CASE("outbox: a write that fails is counted by its reason, tried again after a pause, and said now and then") {
  const testing::ScratchDir folder;
  Life life(folder.path());
  testing::run_sql(folder.path() / "pilotwatch.db", no_outbox);
  life.apply(1, {breach, resolved});
  CHECK_FALSE(life.writer->write());
  CHECK(life.failures("other") == 1);
  CHECK(life.writer->stats().unwritten == 2);
  CHECK(life.writer->stats().degraded);
  for (int i = 0; i < 300; ++i) {  // 5 minutes of turns
    life.steady.time += 1s;
    CHECK_FALSE(life.writer->write(1));
  }
  CHECK(life.failures("other") > 10);
  CHECK(life.failures("other") < 20);
  CHECK(life.complaints() >= 4);
  CHECK(life.complaints() <= 6);
  testing::run_sql(folder.path() / "pilotwatch.db", "DROP TRIGGER no_outbox");
  CHECK(life.journal.deliveries("", 10).empty());
  life.writer->insist();
  REQUIRE(life.writer->write(1));
  CHECK(life.writer->stats().unwritten == 0);
  CHECK_FALSE(life.writer->stats().degraded);
  CHECK(life.ids().size() == 2);
  CHECK(life.said.str().find("can be written again") != std::string::npos);
}

TEST_CASE(
    "outbox: while it cannot be written no more waits in memory than in the store, and what gave way is counted") {
  const testing::ScratchDir folder;
  settings::Webhook hook;
  hook.queue_capacity = 5;
  Life life(folder.path(), hook);
  testing::run_sql(folder.path() / "pilotwatch.db", no_outbox);
  for (std::uint64_t entry = 1; entry <= 10; ++entry) {
    life.apply(entry, {breach});
    CHECK_FALSE(life.writer->write());
  }
  CHECK(life.writer->stats().unwritten == 5);
  CHECK(life.webhooks->stats().at(0).gave_way == record::GaveWay{5, 0});
  testing::run_sql(folder.path() / "pilotwatch.db", "DROP TRIGGER no_outbox");
  life.writer->insist();
  REQUIRE(life.writer->write());
  CHECK(life.journal.next_delivery("ops")->sequence == 6);
  CHECK(life.journal.backlog("ops").waiting == 5);
}

TEST_CASE("outbox: where webhooks are taken out of the settings and that cannot be written, nobody waits for it") {
  const testing::ScratchDir folder;
  { const Life life(folder.path()); }
  journal::Journal journal(folder.path());
  testing::run_sql(folder.path() / "pilotwatch.db", no_outbox);
  settings::Settings settings;
  StoredOutbox store(journal);
  const SystemClock clock;
  sinks::Webhooks none(settings.notify, store, clock, nullptr);
  const runtime::Log log{runtime::LogOptions{}};
  const std::string url;
  TestTime steady;
  OutboxWriter writer(settings, journal, none, url, log, steady);
  CHECK(writer.write(9));
  CHECK(journal.outbox_through());
  testing::run_sql(folder.path() / "pilotwatch.db", "DROP TRIGGER no_outbox");
  steady.time += 1s;
  CHECK(writer.write(9));
  CHECK_FALSE(journal.outbox_through());
}

TEST_CASE("outbox: a receiver that is dead takes no more of the store than its bytes, and what gave way is counted") {
  const testing::ScratchDir folder;
  settings::Webhook hook;
  hook.queue_bytes = 64 << 10;
  Life life(folder.path(), hook);
  std::uint64_t events = 0;
  for (std::uint64_t entry = 1; entry <= 200; ++entry) {
    life.apply(entry, {breach, resolved});
    events += 2;
    REQUIRE(life.writer->write());
    REQUIRE(life.journal.backlog("ops").bytes <= hook.queue_bytes);
  }
  const auto backlog = life.journal.backlog("ops");
  const auto stats = life.webhooks->stats().at(0);
  CHECK(stats.gave_way.bytes > 0);
  CHECK(stats.gave_way.events == 0);
  CHECK(stats.gave_way.bytes + backlog.waiting == events);
  CHECK(backlog.bytes > hook.queue_bytes / 2);
  CHECK(life.journal.next_delivery("ops")->sequence > 100);
}

namespace {

using Counts = std::map<std::string, std::uint64_t>;

}  // namespace

TEST_CASE("outbox: what waits for a webhook that was taken out goes once the daemon has begun, counted and said once") {
  const testing::ScratchDir folder;
  {
    Life life(folder.path());
    for (std::uint64_t entry = 1; entry <= 1'500; ++entry) life.apply(entry, {breach});
    REQUIRE(life.writer->write());
  }
  settings::Webhook renamed;
  renamed.name = "new";
  const bool any = GENERATE(true, false);  // webhooks at all
  settings::Settings settings;
  if (any) settings.notify.webhooks = {renamed};
  journal::Journal journal(folder.path());
  StoredOutbox store(journal);
  const SystemClock clock;
  sinks::Webhooks webhooks(settings.notify, store, clock, nullptr);
  std::ostringstream said;
  runtime::LogOptions options;
  options.out = &said;
  const runtime::Log log{options};
  const std::string url;
  TestTime steady;
  OutboxWriter writer(settings, journal, webhooks, url, log, steady);
  CHECK(writer.write());
  CHECK(journal.backlog("ops").waiting == 1'500);  // until then the old settings may come back
  writer.give_up_removed();
  testing::run_sql(folder.path() / "pilotwatch.db",
                   "CREATE TRIGGER no_change BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'no'); END");
  CHECK(writer.write());
  CHECK(writer.stats().failures[static_cast<std::size_t>(journal::WriteFailure::other)].second == 1);
  CHECK_FALSE(writer.stats().degraded);  // events are written all the same
  CHECK(writer.stats().removed.empty());
  testing::run_sql(folder.path() / "pilotwatch.db", "DROP TRIGGER no_change");
  CHECK(writer.write());
  CHECK(journal.backlog("ops").waiting == 1'500);  // not tried again at once
  steady.time += 30s;
  CHECK(writer.write());
  CHECK(writer.stats().removed == Counts{{"ops", 1'000}});
  CHECK(journal.backlog("ops").waiting == 500);
  for (int i = 0; i < 3; ++i) CHECK(writer.write());
  CHECK(writer.stats().removed == Counts{{"ops", 1'500}});
  CHECK(journal.backlog("ops").waiting == 0);
  CHECK_FALSE(writer.stats().degraded);
  const auto text = said.str(), words = std::string("not in the settings any more");
  CHECK(text.find(words) != std::string::npos);
  CHECK(text.find(words) == text.rfind(words));
  CHECK(text.find("events=1500") != std::string::npos);
}

TEST_CASE("outbox: damage in the store is mended, counted as a write that failed, and what it took as dropped") {
  const testing::ScratchDir folder;
  Life life(folder.path());
  // So that the pages behind those that tables begin with are others'.
  for (int i = 0; i < 100; ++i) life.journal.set_fact("fact " + std::to_string(i), std::string(1000, '.'));
  for (std::uint64_t entry = 1; entry <= 100; ++entry) life.apply(entry, {breach, resolved});
  REQUIRE(life.writer->write());
  testing::damage_page(folder.path() / "pilotwatch.db", "deliveries", false);
  life.apply(101, {breach});
  REQUIRE(life.writer->write());
  CHECK(life.writer->write());
  const auto waiting = life.journal.backlog("ops").waiting;
  CHECK(waiting < 201);
  CHECK(waiting > 100);
  CHECK(life.writer->stats().damaged == Counts{{"ops", 201 - waiting}});
  CHECK(life.failures("damaged") == 1);
  CHECK_FALSE(life.writer->stats().degraded);
  CHECK(life.said.str().find("was damaged in the store") != std::string::npos);
}

TEST_CASE("outbox: what damage took that nobody can say counts as one event of each webhook") {
  const testing::ScratchDir folder;
  const auto file = folder.path() / "pilotwatch.db";
  {
    Life life(folder.path());
    for (int i = 0; i < 100; ++i) life.journal.set_fact("fact " + std::to_string(i), std::string(1000, '.'));
    for (std::uint64_t entry = 1; entry <= 100; ++entry) life.apply(entry, {breach, resolved});
    REQUIRE(life.writer->write());
  }
  testing::damage_page(file, "deliveries", false);
  const bool counted = GENERATE(true, false);
  if (!counted) {
    for (const auto* index : {"deliveries_waiting", "deliveries_oldest"}) testing::damage_page(file, index);
  }
  Life life(folder.path());
  const auto waiting = life.journal.backlog("ops").waiting;
  REQUIRE(waiting < 200);
  REQUIRE(life.writer->write());
  CHECK(life.writer->stats().damaged == Counts{{"ops", counted ? 200 - waiting : 1}});
  CHECK(life.said.str().find(counted ? "lost=\"ops " + std::to_string(200 - waiting) + "\"" : "lost=unknown") !=
        std::string::npos);
}

TEST_CASE("outbox: damage that a sender meets at the end is told, too") {
  const testing::ScratchDir folder;
  Life life(folder.path());
  for (int i = 0; i < 100; ++i) life.journal.set_fact("fact " + std::to_string(i), std::string(1000, '.'));
  for (std::uint64_t entry = 1; entry <= 100; ++entry) life.apply(entry, {breach, resolved});
  REQUIRE(life.writer->write());
  WebhookSink sink(life.settings, life.journal, life.clock, life.url, life.log);
  testing::damage_page(folder.path() / "pilotwatch.db", "deliveries", false);
  REQUIRE(life.journal.backlog("ops").waiting == 200);
  REQUIRE(life.journal.deliveries("ops", 1000).size() < 200);
  CHECK(life.said.str().find("was damaged in the store") == std::string::npos);
  sink.stop(0ms);
  CHECK(life.said.str().find("was damaged in the store") != std::string::npos);
  CHECK(sink.outbox().damaged.at("ops") > 0);
}
