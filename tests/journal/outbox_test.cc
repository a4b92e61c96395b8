// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "journal/journal.h"
#include "journal/salvage.h"
#include "journal/support.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::journal;
using namespace pilotwatch::testing;
using record::Delivery;
using record::DeliveryState;

namespace {

Instant at(std::int64_t ms) { return Instant{Millis{ms}}; }

Delivery waiting(const std::string& id, std::int64_t ms, const std::string& webhook = "ops") {
  Delivery out;
  out.id = id;
  out.webhook = webhook;
  out.type = "limit.breach";
  out.body = "{\"of\":\"" + id + "\"}";
  out.created = at(ms);
  out.next_attempt = at(ms);
  out.sequence = 7;
  return out;
}

std::vector<std::string> ids(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> out;
  for (const auto& d : deliveries) out.push_back(d.id);
  return out;
}

}  // namespace

TEST_CASE("outbox: what was added comes back after a restart, the earliest first, until it no longer waits") {
  const ScratchDir folder;
  {
    Journal journal(folder.path());
    CHECK_FALSE(journal.outbox_through());
    const std::vector<Delivery> two{waiting("b", 200), waiting("a", 100)};
    CHECK(journal.add_deliveries(two, 7, {{"ops", 10}}).empty());
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
  const auto given_up = journal.add_deliveries(five, 1, {{"ops", 2}, {"audit", 2}});
  CHECK(given_up == std::map<std::string, std::uint64_t>{{"ops", 3}});
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
  journal.add_deliveries(std::vector{waiting("0", 100), waiting("1", 101)}, 1, {{"ops", 2}});
  auto sent = *journal.next_delivery("ops");
  auto other = sent;
  CHECK(sent.id == "0");
  journal.add_deliveries(std::vector{waiting("2", 102)}, 2, {{"ops", 2}});
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
