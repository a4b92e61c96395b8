// SPDX-License-Identifier: Apache-2.0
// Decisions that leave memory: nothing that is said of one depends on where it is.
#include "engine/old_decisions.h"

#include "support/decisions_model.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;
using namespace pilotwatch::testing;

namespace {

bool same(const Decision& a, const Decision& b) {
  const auto of = [](const Decision& d) {
    return std::tuple(d.id, d.time, d.predicted, d.score, d.weight, d.version, d.groups, d.values, d.rank, d.has_predicted,
                      d.failed, d.has_score, d.has_outcome, d.actual, d.outcome_time, d.outcome_content, d.outcome_in_time,
                      d.complaints, d.first_complaint);
  };
  return of(a) == of(b);
}

/// What is on disk: parts that count, and those of a checkpoint that is being written.
struct Disk {
  Parts counted, staged;
  std::string position;  ///< of what counts
  mutable std::size_t reads = 0;

  [[nodiscard]] Decisions::Save put() {
    return [this](const std::string& name, const std::string& bytes) { staged[name] = bytes; };
  }
  void finish(const Decisions& table) {
    for (auto& [name, bytes] : staged) {
      if (bytes.empty()) {
        counted.erase(name);
      } else {
        counted[name] = bytes;
      }
    }
    staged.clear();
    ByteWriter out;
    table.write_position(out);
    position = out.take();
  }
  [[nodiscard]] ReadBlock read() const {
    return [this](const std::string& name) {
      ++reads;
      const auto part = counted.find(name);
      if (part == counted.end()) throw CorruptBytes("there is no " + name);
      return part->second;
    };
  }
};

/// A table with a store.
struct Spilling {
  Spilling(settings::Pilot pilot, std::uint64_t seed) : model(std::move(pilot), seed) { start(); }

  void start() {
    model.restart();
    model.table->set_store(disk.read(), [](const Decision&) { return true; });
  }
  void restart() {
    start();
    ByteReader in(disk.position);
    model.table->load(in, disk.read());
    REQUIRE(in.at_end());
  }
  /// A checkpoint that moves so much; it may fail. Meanwhile so much happens.
  void checkpoint(const Relief& relief, bool works, std::size_t meanwhile) {
    model.table->save(extent, disk.put(), relief);
    Disk written = disk;
    written.finish(*model.table);
    for (std::size_t i = 0; i < meanwhile; ++i) model.step();
    disk.staged.clear();
    if (works) std::swap(disk.counted, written.counted), disk.position = written.position;
    model.table->confirm(works);
    extent = works ? Extent::changes : Extent::unconfirmed;
  }

  Disk disk;
  Model model;
  Extent extent = Extent::changes;
};

void check(Model& model, std::mt19937_64& rng) {
  REQUIRE(model.table->size() == model.plain.size());
  std::vector<Id128> asked;
  for (int i = 0; i < 300; ++i) asked.push_back(rng() % 4 == 0 ? Id128{rng(), rng()} : model.plain[rng() % model.plain.size()].id);
  if (rng() % 2 == 0) model.table->prepare(asked);
  std::map<Id128, Decisions::Slot> slots;
  for (Decisions::Slot slot = 0; slot < model.plain.size(); ++slot) slots[model.plain[slot].id] = slot;
  bool sound = true;
  for (const auto& id : asked) {
    const auto found = model.table->find(id);
    const auto known = slots.find(id);
    sound = sound && found == (known == slots.end() ? std::nullopt : std::optional(known->second));
    if (found) sound = sound && same((*model.table)[*found], model.plain[*found]) && model.table->time(*found) == model.plain[*found].time;
  }
  CHECK(sound);
  CHECK(model.table->next_maturing() == (model.maturing.empty() ? std::nullopt : std::optional(model.maturing.front())));
}

}  // namespace

TEST_CASE("old decisions: what is said of a decision is the same wherever it is, over checkpoints that fail and restarts") {
  const auto task = GENERATE(values(tasks));
  const bool counts = GENERATE(false, true);
  const auto seed = GENERATE(take(2, random(0u, 1u << 30)));
  CAPTURE(seed, counts, static_cast<int>(task));
  Spilling run(pilot_of(task, counts), seed);
  Disk plain_disk;  // beside it: a table that knows no store
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 14; ++round) {
    for (int i = 0; i < 4'000; ++i) run.model.step();
    const Relief relief{rng() % 3 == 0 ? 0 : rng() % 600'000, rng() % 2 == 0 ? std::size_t{0} : ~std::size_t{0}};
    run.checkpoint(relief, rng() % 4 != 0, rng() % 800);
    for (auto steps = rng() % 4; steps > 0 && run.model.table->evict(); --steps) {
    }
    check(run.model, rng);
    if (rng() % 3 != 0) continue;
    while (run.extent != Extent::changes) run.checkpoint({}, rng() % 2 == 0, 0);
    run.checkpoint({}, true, 0);
    run.restart();
    check(run.model, rng);
  }
  CHECK(run.model.table->old().size() > 8'000);
  CHECK(run.disk.reads > 100);
  // All of it, in the common form, and loaded where there is no store.
  Disk all, again;
  run.model.table->save(Extent::everything, all.put());
  all.finish(*run.model.table);
  Model other(run.model.pilot, seed);
  ByteReader in(all.position);
  other.table->load(in, all.read());
  CHECK(other.table->old().size() == 0);
  bool sound = other.table->size() == run.model.plain.size();
  for (Decisions::Slot slot = 0; slot < other.table->size(); ++slot) sound = sound && same((*other.table)[slot], run.model.plain[slot]);
  CHECK(sound);
  other.table->save(Extent::everything, again.put());
  again.finish(*other.table);
  CHECK(again.counted == all.counted);
  CHECK(again.position == all.position);
}

TEST_CASE("old decisions: the log is as long as what is in memory, and blocks of a checkpoint that failed do not count") {
  Spilling run(pilot_of(settings::Task::multiclass, true), 3);
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 10'000; ++i) run.model.step();
    run.checkpoint({~std::size_t{0}, ~std::size_t{0}}, round != 4, 0);
    while (run.model.table->evict()) {
    }
  }
  std::size_t log = 0, rows = 0;
  for (const auto& [name, bytes] : run.disk.counted) {
    (name.starts_with("block/log/") ? log : rows) += bytes.size();
  }
  CHECK(run.model.table->in_memory() <= 4'096);
  CHECK(rows > 1'000'000);
  CHECK(log < 700'000);
  std::mt19937_64 rng{3};
  check(run.model, rng);
}

TEST_CASE("old decisions: late changes that are in blocks take no memory") {
  Spilling run(pilot_of(settings::Task::binary, false), 9);
  for (int i = 0; i < 40'000; ++i) run.model.step();
  run.checkpoint({~std::size_t{0}, ~std::size_t{0}}, true, 0);
  while (run.model.table->evict()) {
  }
  for (int i = 0; i < 40'000; ++i) run.model.step();
  REQUIRE(run.model.table->late_bytes() > 100'000);
  for (int i = 0; i < 3; ++i) run.checkpoint({0, 0}, true, 0);
  CHECK(run.model.table->late_bytes() < 2'000);
}

TEST_CASE("old decisions: damage is noticed when a block is read, and before anything has changed") {
  Spilling run(pilot_of(settings::Task::binary, false), 5);
  for (int i = 0; i < 20'000; ++i) run.model.step();
  run.checkpoint({~std::size_t{0}, ~std::size_t{0}}, true, 0);
  while (run.model.table->evict()) {
  }
  auto& block = run.disk.counted.at("block/rows/3");
  const auto whole = block;
  const std::vector<Id128> ids{run.model.plain[3 * RowBlock::rows + 7].id};
  std::mt19937_64 rng{7};
  int refused = 0;
  for (int i = 0; i < 2'000; ++i) {  // anything may come of it but a crash
    block[rng() % block.size()] = static_cast<char>(rng());
    if (i % 3 == 0) block.resize(rng() % block.size());
    run.restart();
    try {
      run.model.table->prepare(ids);
      static_cast<void>(run.model.table->find(ids[0]));
    } catch (const CorruptBytes&) {
      ++refused;
    }
    block = whole;
  }
  CHECK(refused > 500);
  run.disk.counted.erase("block/rows/3");
  run.restart();
  CHECK_THROWS_AS(run.model.table->prepare(ids), CorruptBytes);
  CHECK_THROWS_AS(run.model.table->find(ids[0]), CorruptBytes);
  run.disk.counted.erase("block/ids/1");
  CHECK_THROWS_AS(run.restart(), CorruptBytes);
}

TEST_CASE("old decisions: a row that no pilot could have is refused") {
  Spilling run(pilot_of(settings::Task::binary, false), 5);
  for (int i = 0; i < 20'000; ++i) run.model.step();
  run.checkpoint({~std::size_t{0}, ~std::size_t{0}}, true, 0);
  while (run.model.table->evict()) {
  }
  run.model.table->set_store(run.disk.read(), [](const Decision& d) { return d.version != 3; });
  bool refused = false;
  for (Decisions::Slot slot = 0; slot < 512; ++slot) {
    const bool bad = run.model.plain[slot].version == 3;
    try {
      static_cast<void>((*run.model.table)[slot]);
      CHECK_FALSE(bad);
    } catch (const CorruptBytes&) {
      CHECK(bad);
      refused = true;
    }
  }
  CHECK(refused);
}

TEST_CASE("id index: it names the block of each id that is there, for few and many, and rarely one for another") {
  const auto n = GENERATE(10u, 5'000u, 240'000u, 400'000u);
  std::mt19937_64 rng{n};
  IdIndex one, bulk;
  std::vector<Id128> ids;
  for (std::uint32_t i = 0; i < n; ++i) ids.push_back({rng(), rng()});
  bulk.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    one.insert(IdIndex::prefix(ids[i]), i / 512);
    bulk.append(IdIndex::prefix(ids[i]), i / 512);
  }
  bulk.sort();
  for (const auto* index : {&one, &bulk}) {
    std::size_t found = 0, false_hits = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      index->find(IdIndex::prefix(ids[i]), [&](std::uint32_t block) { found += block == i / 512; });
      index->find(rng() >> 24, [&](std::uint32_t) { ++false_hits; });
    }
    CHECK(found >= n);
    CHECK(false_hits < 10);
    CHECK(index->size() == n);
  }
  if (n > 300'000) CHECK(one.bytes() < n * 16);
  IdIndex alike;  // ids that are no hashes: slow, but right
  for (std::uint32_t i = 0; i < 2'000; ++i) alike.insert(7, i);
  std::uint32_t next = 0;
  alike.find(7, [&](std::uint32_t block) { CHECK(block == next++); });
  CHECK(next == 2'000);
  alike.find(6, [&](std::uint32_t) { FAIL(); });
}

TEST_CASE("slot queue: first in, first out, over restarts, in little memory") {
  const auto seed = GENERATE(take(3, random(0u, 1u << 30)));
  std::mt19937_64 rng{seed};
  SlotQueue queue;
  std::deque<std::uint32_t> plain;
  Parts disk;
  constexpr std::uint32_t slots = 10'000'000;
  std::uint32_t next = 0;
  for (int round = 0; round < 60; ++round) {
    for (auto pushes = rng() % 20'000; pushes > 0; --pushes) {
      const auto slot = rng() % 100 == 0 ? static_cast<std::uint32_t>(rng() % slots) : next++;
      queue.push(slot);
      plain.push_back(slot);
    }
    for (auto pops = rng() % 18'000; pops > 0 && !plain.empty(); --pops) {
      CHECK(queue.front() == plain.front());
      queue.pop();
      plain.pop_front();
    }
    if (rng() % 3 != 0) continue;
    queue.save(rng() % 5 == 0, "q/", [&](const std::string& name, const std::string& bytes) {
      if (bytes.empty()) {
        disk.erase(name);
      } else {
        disk[name] = bytes;
      }
    });
    queue.confirm();
    CHECK(disk.size() < 12);  // some 20,000 wait at most
    if (rng() % 2 == 0) continue;
    ByteWriter out;
    queue.write(out);
    ByteReader in(out.bytes());
    queue = {};
    queue.read(in, slots, [&](std::uint64_t number) { return disk.at("q/" + std::to_string(number)); });
    CHECK(in.at_end());
  }
  auto anew = queue.anew();
  for (const auto slot : plain) {
    REQUIRE(queue.front() == slot);
    REQUIRE(anew.front() == slot);
    queue.pop();
    anew.pop();
  }
  CHECK(queue.empty());
  CHECK(anew.empty());
  SlotQueue many;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) many.push(i ^ 3);
  CHECK(many.bytes() < 1'200'000);
}

TEST_CASE("slot queue: a difference that leads nowhere is refused") {
  for (const auto step : {INT64_MAX, INT64_MIN, std::int64_t{-2}, std::int64_t{1} << 32}) {
    ByteWriter tail, out;
    tail.i64(1);
    tail.i64(step);
    out.u64(0);  // no chunks
    out.u64(0);
    out.text(tail.bytes());
    out.u64(2);
    out.flag(true);  // the first of them is next
    out.u64(1);
    out.u64(0);
    out.u64(1);
    out.u64(1);
    ByteReader in(out.bytes());
    SlotQueue queue;
    CHECK_THROWS_AS(queue.read(in, 10, [](std::uint64_t) { return std::string(); }), CorruptBytes);
  }
}
