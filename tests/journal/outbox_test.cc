// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <string_view>

#include "base/id.h"
#include "journal/deliveries_support.h"
#include "journal/journal.h"
#include "journal/salvage.h"
#include "journal/sqlite.h"
#include "journal/support.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::journal;
using namespace pilotwatch::testing;
using record::Delivery;
using record::DeliveryState;

namespace {

/// What SQLite does for statements on the outbox, of every connection that is opened meanwhile.
class Steps {
 public:
  Steps() {
    done = 0;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&Steps::opened));
  }
  ~Steps() { sqlite3_reset_auto_extension(); }
  std::int64_t take() { return std::exchange(done, 0); }

 private:
  static int opened(sqlite3* db, const char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, &Steps::ended, nullptr);
  }
  static int ended(unsigned, void*, void* statement, void*) {
    auto* of = static_cast<sqlite3_stmt*>(statement);
    const auto steps = sqlite3_stmt_status(of, SQLITE_STMTSTATUS_VM_STEP, 1);
    if (std::string_view(sqlite3_sql(of)).find("deliveries") != std::string_view::npos) done += steps;
    return 0;
  }
  static inline std::int64_t done = 0;
};

}  // namespace

TEST_CASE("outbox: what was added comes back after a restart, the earliest first, until it no longer waits") {
  const ScratchDir folder;
  {
    Journal journal(folder.path());
    CHECK_FALSE(journal.outbox_through());
    const std::vector<Delivery> two{waiting("b", 200), waiting("a", 100)};
    CHECK(journal.add_deliveries(two, 7, {{"ops", some(10)}}).empty());
  }
  Journal journal(folder.path());
  CHECK(journal.outbox_through() == 7);
  CHECK(journal.backlog("ops").waiting == 2);
  CHECK(journal.backlog("ops").oldest == at(100));
  CHECK(journal.backlog("other").waiting == 0);
  auto first = journal.next_delivery("ops").value();
  CHECK(first.id == "a");
  CHECK(first.body == "{\"of\":\"a\"}");
  CHECK(first.sequence == 7);
  first.attempts = 1;
  first.last_attempt = at(300);
  first.next_attempt = at(400);
  first.status = 503;
  first.error = "HTTP 503";
  journal.note_delivery(first);
  CHECK(journal.next_delivery("ops")->id == "b");
  CHECK(ids(journal.deliveries("", 10)) == std::vector<std::string>{"a", "b"});
  auto b = journal.next_delivery("ops").value();
  b.state = DeliveryState::delivered;
  b.next_attempt.reset();
  b.status = 204;
  journal.note_delivery(b);
  const auto again = journal.next_delivery("ops").value();
  CHECK(again.id == "a");
  CHECK(again.body == "{\"of\":\"a\"}");
  CHECK(again.attempts == 1);
  CHECK(again.status == 503);
  CHECK(again.error == "HTTP 503");
  CHECK(again.last_attempt == at(300));
  CHECK(again.next_attempt == at(400));
}

TEST_CASE("outbox: what is added once more stays as it is, for each webhook by itself") {
  const ScratchDir folder;
  Journal journal(folder.path());
  journal.add_deliveries(std::vector{waiting("a", 100)}, 1, {});
  auto sent = journal.next_delivery("ops").value();
  sent.state = DeliveryState::delivered;
  sent.next_attempt.reset();
  journal.note_delivery(sent);
  journal.add_deliveries(std::vector{waiting("a", 100), waiting("a", 100, "audit")}, 2, {});
  CHECK_FALSE(journal.next_delivery("ops"));
  CHECK(journal.next_delivery("audit")->id == "a");
  CHECK(journal.deliveries("ops", 10).size() == 1);
  CHECK(journal.deliveries("", 10).size() == 2);
  CHECK(journal.outbox_through() == 2);
}

TEST_CASE("outbox: beyond its capacity the oldest are given up, and counted") {
  const ScratchDir folder;
  Journal journal(folder.path());
  std::vector<Delivery> five;
  for (int i = 0; i < 5; ++i) five.push_back(waiting(std::to_string(i), 100 + i));
  five.push_back(waiting("x", 1, "audit"));
  const auto given_up = journal.add_deliveries(five, 1, {{"ops", some(2)}, {"audit", some(2)}});
  CHECK(given_up == Journal::GaveWay{{"ops", {3, 0}}});
  CHECK(journal.backlog("ops").waiting == 2);
  CHECK(journal.next_delivery("ops")->id == "3");
  const auto log = journal.deliveries("ops", 10);
  REQUIRE(log.size() == 5);
  CHECK(log[4].id == "0");
  CHECK(log[4].state == DeliveryState::queue_full);
  CHECK(log[4].body.empty());
  CHECK_FALSE(log[4].next_attempt);
  CHECK(journal.give_up_deliveries("ops", DeliveryState::disabled) == 2);
  CHECK(journal.backlog("ops").waiting == 0);
  CHECK(journal.backlog("audit").waiting == 1);
}

TEST_CASE("outbox: what was given up while it was being sent does not wait again, with nothing to say") {
  const ScratchDir folder;
  Journal journal(folder.path());
  journal.add_deliveries(std::vector{waiting("0", 100), waiting("1", 101)}, 1, {{"ops", some(2)}});
  auto sent = *journal.next_delivery("ops");
  auto other = sent;
  CHECK(sent.id == "0");
  journal.add_deliveries(std::vector{waiting("2", 102)}, 2, {{"ops", some(2)}});
  sent.attempts = 1;
  sent.error = "timed out";
  sent.next_attempt = Instant{Millis{5}};
  journal.note_delivery(sent);
  CHECK(journal.backlog("ops").waiting == 2);
  CHECK(journal.next_delivery("ops")->id == "1");
  CHECK(journal.deliveries("ops", 10).back().state == DeliveryState::queue_full);
  other.state = DeliveryState::delivered;  // it arrived all the same: that is said
  other.next_attempt.reset();
  journal.note_delivery(other);
  CHECK(journal.deliveries("ops", 10).back().state == DeliveryState::delivered);
}

TEST_CASE("outbox: the log keeps the newest, and never drops what waits") {
  const ScratchDir folder;
  Journal journal(folder.path());
  std::vector<Delivery> many{waiting("old", 1)};
  for (int i = 0; i < 10'005; ++i) {
    auto done = waiting(std::to_string(i), 2);
    done.state = DeliveryState::disabled;
    many.push_back(done);
  }
  journal.add_deliveries(many, 1, {});
  CHECK(journal.deliveries("", 20'000).size() == 10'001);
  CHECK(journal.next_delivery("ops")->id == "old");
}

TEST_CASE("outbox: a salvaged store has it, and asks anew for what followed from entries that are gone") {
  const ScratchDir folder;
  {
    Journal journal(folder.path());
    journal.append(entry(1000), {});
    journal.append(entry(2000), {});
    auto tried = waiting("a", 100);
    journal.add_deliveries(std::vector{tried, waiting("b", 200)}, 9, {});
    tried.attempts = 2;
    tried.last_attempt = at(150);
    tried.next_attempt = at(900);
    tried.error = "timeout";
    journal.note_delivery(tried);
  }
  salvage(folder.path(), at(5000));
  Journal journal(folder.path());
  CHECK(journal.outbox_through() == 2);
  CHECK(journal.next_delivery("ops")->id == "b");
  const auto all = journal.deliveries("", 10);
  REQUIRE(all.size() == 2);
  CHECK(all[1].id == "a");
  CHECK(all[1].attempts == 2);
  CHECK(all[1].last_attempt == at(150));
  CHECK(all[1].next_attempt == at(900));
  CHECK(all[1].error == "timeout");
  CHECK_FALSE(all[0].last_attempt);
}

TEST_CASE("outbox: beyond its bytes the oldest are given up, of that webhook only, and what is left is known") {
  const ScratchDir folder;
  Journal journal(folder.path());
  const auto large = [](const std::string& id, std::int64_t ms, const std::string& webhook, std::size_t bytes) {
    auto out = waiting(id, ms, webhook);
    out.body.assign(bytes, 'x');
    return out;
  };
  const Journal::Capacities capacities{{"ops", {3, 1000}}, {"audit", {3, 1000}}};
  CHECK(
      journal.add_deliveries(std::vector{large("a", 1, "ops", 600), large("b", 2, "ops", 400)}, 1, capacities).empty());
  CHECK(journal.backlog("ops").bytes == 1000);
  CHECK(journal.add_deliveries(std::vector{large("c", 3, "ops", 1), large("c", 3, "audit", 900)}, 2, capacities) ==
        Journal::GaveWay{{"ops", {0, 1}}});
  CHECK(journal.backlog("ops").bytes == 401);
  CHECK(journal.backlog("ops").oldest == at(2));
  CHECK(journal.backlog("audit").bytes == 900);
  // For both: first so many that the number is right.
  CHECK(journal.add_deliveries(std::vector{large("d", 4, "ops", 500), large("e", 5, "ops", 500)}, 3, capacities) ==
        Journal::GaveWay{{"ops", {1, 1}}});
  CHECK(journal.backlog("ops").bytes == 1000);
  auto d = journal.next_delivery("ops").value();
  CHECK(d.id == "d");
  d.state = DeliveryState::delivered;
  d.next_attempt.reset();
  journal.note_delivery(d);
  journal.note_delivery(d);
  CHECK(journal.backlog("ops").bytes == 500);
  CHECK(journal.add_deliveries(std::vector{large("f", 6, "ops", 5000)}, 4, capacities) ==
        Journal::GaveWay{{"ops", {0, 2}}});
  CHECK(journal.backlog("ops").bytes == 0);
  CHECK(journal.backlog("ops").waiting == 0);
  CHECK_FALSE(journal.backlog("ops").oldest);
}

TEST_CASE("outbox: of a write that fails nothing is counted, and after a restart it is the same") {
  const ScratchDir folder;
  const Journal::Capacities capacities{{"ops", {2, 1000}}};
  {
    Journal journal(folder.path());
    journal.add_deliveries(std::vector{waiting("a", 1), waiting("b", 2)}, 1, capacities);
    const auto bytes = journal.backlog("ops").bytes;
    run_sql(folder.path() / "pilotwatch.db",
            "CREATE TRIGGER no_fact BEFORE INSERT ON facts BEGIN SELECT RAISE(ABORT, 'no'); END");
    CHECK_THROWS_AS(journal.add_deliveries(std::vector{waiting("c", 3), waiting("d", 4)}, 2, {{"ops", some(3)}}),
                    WriteError);
    run_sql(folder.path() / "pilotwatch.db", "DROP TRIGGER no_fact");
    CHECK(journal.backlog("ops").waiting == 2);
    CHECK(journal.backlog("ops").bytes == bytes);
    CHECK(journal.add_deliveries(std::vector{waiting("c", 3)}, 2, capacities) == Journal::GaveWay{{"ops", {1, 0}}});
  }
  Journal journal(folder.path());
  CHECK(journal.add_deliveries(std::vector{waiting("d", 4)}, 3, capacities) == Journal::GaveWay{{"ops", {1, 0}}});
  CHECK(ids(journal.deliveries("ops", 2)) == std::vector<std::string>{"d", "c"});
}

TEST_CASE("outbox: a full log and a full queue cost an event nothing, also in a store that had no such indexes") {
  const ScratchDir folder;
  const Journal::Capacities capacities{{"ops", {5000, 1 << 30}}, {"audit", {5000, 1 << 30}}};
  {
    Journal journal(folder.path());
    std::vector<Delivery> many;
    for (int i = 0; i < 10'000; ++i) {
      many.push_back(waiting("log" + std::to_string(i), i));
      many.back().state = DeliveryState::delivered;
    }
    for (int i = 0; i < 5'000; ++i) many.push_back(waiting("wait" + std::to_string(i), 20'000 + i));
    journal.add_deliveries(many, 1, capacities);
  }
  run_sql(folder.path() / "pilotwatch.db",
          "DROP INDEX deliveries_oldest; DROP INDEX deliveries_log; DROP INDEX deliveries_webhook");
  Steps steps;
  Journal journal(folder.path());
  static_cast<void>(journal.backlog("ops"));
  CHECK(steps.take() > 5'000);  // counted once
  constexpr std::int64_t few = 1000;
  CHECK(journal.add_deliveries(std::vector{waiting("new", 30'000)}, 2, capacities) ==
        Journal::GaveWay{{"ops", {1, 0}}});
  CHECK(steps.take() < few);
  auto next = journal.next_delivery("ops").value();
  CHECK(next.id == "wait1");
  next.state = DeliveryState::delivered;
  next.next_attempt.reset();
  journal.note_delivery(next);
  CHECK(journal.backlog("ops").waiting == 4999);
  CHECK(journal.backlog("audit").waiting == 0);
  CHECK(journal.deliveries("", 3).size() == 3);
  CHECK(journal.deliveries("audit", 100).empty());
  journal.add_deliveries(std::vector{waiting("other", 30'001, "audit")}, 3, capacities);
  CHECK(steps.take() < 2 * few);
  CHECK(journal.deliveries("", 20'000).size() == 10'000 + 4999 + 1);
}

TEST_CASE("outbox: what waits for a webhook that there is no more is removed, some at a time, and nothing else") {
  const ScratchDir folder;
  Journal journal(folder.path());
  std::vector<Delivery> all;
  for (int i = 0; i < 7; ++i) all.push_back(waiting("a" + std::to_string(i), i, "gone"));
  all.push_back(waiting("b", 1, "also"));
  all.push_back(waiting("c", 1));
  journal.add_deliveries(all, 7, {{"gone", some(10)}, {"also", some(10)}, {"ops", some(10)}});
  const Journal::Capacities kept{{"ops", some(10)}};
  using Gone = std::map<std::string, std::uint64_t>;
  CHECK(journal.remove_deliveries(kept, 5) == Gone{{"also", 1}, {"gone", 4}});
  CHECK(ids({*journal.next_delivery("gone")}) == std::vector<std::string>{"a4"});  // the oldest went first
  CHECK(journal.remove_deliveries(kept, 5) == Gone{{"gone", 3}});
  CHECK(journal.remove_deliveries(kept, 5).empty());
  CHECK(journal.backlog("gone").waiting == 0);
  CHECK(journal.backlog("ops").waiting == 1);
  for (const auto& delivery : journal.deliveries("gone", 10)) {
    CHECK(delivery.state == DeliveryState::removed);
    CHECK_FALSE(delivery.next_attempt);
  }
  journal.add_deliveries(all, 7, {{"gone", some(10)}});  // of the same entries: they do not wait again
  CHECK(journal.backlog("gone").waiting == 0);
  CHECK(journal.remove_deliveries({}, 5) == Gone{{"ops", 1}});
}
