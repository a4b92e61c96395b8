// SPDX-License-Identifier: Apache-2.0
// Damage in the table of deliveries, met while the store is in use.
#include <catch2/catch.hpp>

#include "base/id.h"
#include "journal/deliveries_support.h"
#include "journal/journal.h"
#include "journal/salvage.h"
#include "journal/sqlite.h"
#include "support/scratch_dir.h"
#include "support/store.h"

using namespace pilotwatch;
using namespace pilotwatch::journal;
using namespace pilotwatch::testing;
using record::Delivery;
using record::DeliveryState;

namespace {

/// So that the pages behind those of the tables are others'.
void add_entries(Journal& journal) {
  for (int i = 0; i < 20; ++i) {
    record::Entry entry;
    entry.wall = at(1);
    for (int j = 0; j < 200; ++j) entry.submissions.emplace_back().source = content_hash(std::to_string(i * 1000 + j)).hex();
    journal.append(entry, {});
  }
}

/// More than fits one page, of two webhooks.
std::vector<Delivery> many() {
  std::vector<Delivery> out;
  for (int i = 0; i < 200; ++i) {
    out.push_back(waiting("e" + std::to_string(1000 + i), i + 1, i % 2 == 0 ? "ops" : "other"));
    out.back().body = std::string(100, '.');
  }
  return out;
}

const Journal::Capacities of_many{{"ops", some(1000)}, {"other", some(1000)}};

}  // namespace

TEST_CASE("outbox: damage in its table is mended while the store is used, and what that took is known") {
  const ScratchDir folder;
  const auto file = folder.path() / "pilotwatch.db";
  Journal journal(folder.path());
  add_entries(journal);
  journal.add_deliveries(many(), 7, of_many);
  REQUIRE(journal.backlog("ops").waiting == 100);
  CHECK_FALSE(journal.take_outbox_loss());
  const bool first = GENERATE(true, false);
  damage_page(file, "deliveries", first);
  // Whoever meets it first: who writes, or who reads.
  if (first) CHECK(journal.next_delivery("ops"));
  journal.add_deliveries(std::vector{waiting("new", 900)}, 8, of_many);
  const auto loss = journal.take_outbox_loss();
  REQUIRE(loss);
  CHECK_FALSE(journal.take_outbox_loss());
  CHECK(loss->times == 1);
  const auto ops = journal.backlog("ops").waiting, other = journal.backlog("other").waiting;
  CHECK(loss->lost == std::map<std::string, std::uint64_t>{{"ops", 101 - ops}, {"other", 100 - other}});
  CHECK(ops + other > 150);  // only what stood on the page
  CHECK(ops + other < 201);
  CHECK(journal.outbox_through() == 8);
  auto next = *journal.next_delivery("ops");
  next.state = DeliveryState::delivered;
  journal.note_delivery(next);
  CHECK(journal.backlog("ops").waiting == ops - 1);
  CHECK(journal.deliveries("", 1000).size() == ops + other);
}

TEST_CASE("outbox: what damage took that was there before the store was opened is known by an index") {
  const ScratchDir folder;
  const auto file = folder.path() / "pilotwatch.db";
  {
    Journal journal(folder.path());
    add_entries(journal);
    journal.add_deliveries(many(), 7, of_many);
  }
  damage_page(file, "deliveries", GENERATE(true, false));
  const std::string also = GENERATE("", "deliveries_waiting", "deliveries_oldest");
  if (!also.empty()) damage_page(file, also);
  Journal journal(folder.path());
  const bool writes = GENERATE(true, false);
  if (writes) {
    journal.add_deliveries({}, 8, of_many);
  } else {
    static_cast<void>(journal.backlog("ops"));
  }
  const auto loss = journal.take_outbox_loss();
  REQUIRE(loss);
  CHECK(loss->unknown == 0);
  const auto ops = journal.backlog("ops").waiting, other = journal.backlog("other").waiting;
  CHECK(ops + other < 200);
  CHECK(ops + other > 150);
  CHECK(loss->lost == std::map<std::string, std::uint64_t>{{"ops", 100 - ops}, {"other", 100 - other}});
}

TEST_CASE("outbox: where no index can say what damage took that is said, unless all rows can be read") {
  const ScratchDir folder;
  const auto file = folder.path() / "pilotwatch.db";
  {
    Journal journal(folder.path());
    add_entries(journal);
    journal.add_deliveries(many(), 7, of_many);
  }
  const bool rows = GENERATE(true, false);
  if (rows) damage_page(file, "deliveries");
  for (const auto* index : {"deliveries_waiting", "deliveries_oldest"}) damage_page(file, index);
  Journal journal(folder.path());
  const auto left = journal.backlog("ops").waiting + journal.backlog("other").waiting;
  CHECK((left < 200) == rows);
  const auto loss = journal.take_outbox_loss();
  REQUIRE(loss);
  CHECK(loss->times == 1);
  CHECK(loss->lost.empty());
  CHECK(loss->unknown == (rows ? 1 : 0));
}

TEST_CASE("outbox: a mending that there is no room for is tried again, however often, and is none of the three") {
  const ScratchDir folder;
  Journal journal(folder.path());
  add_entries(journal);
  journal.add_deliveries(many(), 7, of_many);
  damage_page(folder.path() / "pilotwatch.db", "deliveries", false);
  {
    const FileSizeLimit full(1024);
    for (int i = 0; i < 4; ++i) {
      CHECK_THROWS_AS(journal.note_delivery(many().back()), WriteError);
      CHECK_FALSE(journal.take_outbox_loss());
    }
  }
  journal.note_delivery(many().back());
  const auto loss = journal.take_outbox_loss();
  REQUIRE(loss);
  CHECK(loss->times == 1);
  CHECK(loss->lost.at("ops") == 100 - journal.backlog("ops").waiting);
}

TEST_CASE("outbox: damage in an index of it takes nothing") {
  const ScratchDir folder;
  Journal journal(folder.path());
  add_entries(journal);
  journal.add_deliveries(many(), 7, of_many);
  damage_page(folder.path() / "pilotwatch.db", "deliveries_waiting");
  CHECK(journal.next_delivery("ops")->id == "e1000");
  const auto loss = journal.take_outbox_loss();
  REQUIRE(loss);
  CHECK(loss->lost.empty());
  CHECK(journal.backlog("ops").waiting == 100);
  CHECK(journal.backlog("other").waiting == 100);
}

TEST_CASE("outbox: a start after that makes a store without the damage, with what was mended") {
  const ScratchDir folder;
  {
    Journal journal(folder.path());
    add_entries(journal);
    journal.add_deliveries(many(), 7, of_many);
    damage_page(folder.path() / "pilotwatch.db", "deliveries_waiting");
    CHECK(journal.next_delivery("ops"));
  }
  CHECK_THROWS_AS(Journal(folder.path()), DamagedError);
  CHECK(salvage(folder.path(), at(1)).saved == 20);
  Journal journal(folder.path());
  CHECK(journal.backlog("ops").waiting == 100);
  Database database((folder.path() / "pilotwatch.db").string());
  CHECK(Statement(database, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'deliveries_damaged*'").value() == 0);
}

TEST_CASE("outbox: what is damaged elsewhere, or again and again, is an error, and nothing is made of it") {
  const ScratchDir folder;
  const auto file = folder.path() / "pilotwatch.db";
  Journal journal(folder.path());
  add_entries(journal);
  journal.add_deliveries(many(), 7, of_many);
  SECTION("facts") {
    for (int i = 0; i < 300; ++i) journal.set_fact("fact " + std::to_string(i), std::string(100, '.'));
    damage_page(file, "sqlite_autoindex_facts_1", false);  // that of outbox_through
    CHECK_THROWS_AS(journal.add_deliveries(std::vector{waiting("new", 900)}, 8, of_many), WriteError);
    CHECK_FALSE(journal.take_outbox_loss());
    CHECK(journal.backlog("ops").waiting == 100);
  }
  SECTION("again and again") {
    for (int i = 0; i < 3; ++i) {
      damage_page(file, i == 0 ? "deliveries_waiting" : "deliveries_waiting_" + std::to_string(i));
      CHECK(journal.next_delivery("ops"));
    }
    CHECK(journal.take_outbox_loss()->times == 3);
    damage_page(file, "deliveries_waiting_3");
    CHECK_THROWS_AS(journal.next_delivery("ops"), DamagedError);
    CHECK(journal.backlog("ops").waiting == 100);
  }
}
