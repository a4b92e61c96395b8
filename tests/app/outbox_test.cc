// SPDX-License-Identifier: Apache-2.0
// Events follow from entries: once, under one id, whenever a process dies.
#include "app/outbox.h"

#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::app;

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

/// A process: what it has of the store is gone with it.
struct Life {
  explicit Life(const std::filesystem::path& folder) : journal(folder) {
    settings::Webhook hook;
    hook.name = "ops";
    settings.notify.webhooks = {hook};
    store.emplace(journal);
    webhooks.emplace(settings.notify, *store, clock, nullptr);
    writer.emplace(settings, journal, *webhooks, url, log);
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

  SystemClock clock;
  runtime::Log log{runtime::LogOptions{}};
  std::string url = "http://x";
  settings::Settings settings;
  journal::Journal journal;
  std::optional<StoredOutbox> store;
  std::optional<sinks::Webhooks> webhooks;
  std::optional<OutboxWriter> writer;
};

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
