// SPDX-License-Identifier: Apache-2.0
#include "engine/decisions.h"

#include "support/decisions_model.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;
using namespace pilotwatch::testing;

namespace {

std::string position_of(const Decisions& table) {
  ByteWriter out;
  table.write_position(out);
  return out.take();
}

/// Everything, as save(true) says it.
Parts all_of(Decisions& table) {
  Parts out;
  table.save(Extent::everything, [&](const std::string& name, const std::string& bytes) { out[name] = bytes; });
  out["position"] = position_of(table);
  return out;
}

}  // namespace

TEST_CASE("decisions: the table gives back what it was told, for each task, before and after a restart") {
  const auto task = GENERATE(values(tasks));
  const bool counts = GENERATE(false, true);
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 5u));
  CAPTURE(seed, counts, static_cast<int>(task));
  Model model(pilot_of(task, counts), seed);
  Parts disk;
  std::string position;
  const auto put = [&](const std::string& name, const std::string& bytes) { disk[name] = bytes; };
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 1'500; ++i) model.step();
    model.check();
    if (round % 2 == 0) model.table->save_complete(put);
    model.table->save(round == 0 ? Extent::everything : Extent::changes, put);
    position = position_of(*model.table);
    if (round % 3 != 1) continue;
    model.restart();
    ByteReader in(position);
    model.table->load(in, from(disk));
    CHECK(in.at_end());
    model.check();
  }
  auto written = all_of(*model.table);
  model.restart();
  ByteReader in(written.at("position"));
  model.table->load(in, from(written));
  model.check();
  CHECK(all_of(*model.table) == written);
}

TEST_CASE("decisions: what reached the disk after a checkpoint is as if it had never been") {
  const auto seed = GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 5u));
  CAPTURE(seed);
  Model model(pilot_of(settings::Task::multiclass, true), seed);
  Parts disk;
  const auto put = [&](const std::string& name, const std::string& bytes) { disk[name] = bytes; };
  for (int i = 0; i < 5'000; ++i) model.step();
  model.table->save(Extent::changes, put);
  const auto position = position_of(*model.table);
  const auto plain = model.plain;
  const auto maturing = model.maturing;
  for (int i = 0; i < 30'000; ++i) model.step();
  model.table->save_complete(put);  // and then the power fails
  CHECK(disk.size() > 2);
  model.plain = plain;
  model.maturing = maturing;
  model.restart();
  ByteReader in(position);
  model.table->load(in, from(disk));
  model.check();
  for (int i = 0; i < 3'000; ++i) model.step();  // writes other parts of the same names
  model.table->save(Extent::changes, put);
  const auto later = position_of(*model.table);
  model.restart();
  ByteReader again(later);
  model.table->load(again, from(disk));
  model.check();
}

TEST_CASE("decisions: a damaged log is refused") {
  Model model(pilot_of(settings::Task::binary, true), 1);
  for (int i = 0; i < 200; ++i) model.step();
  const auto whole = all_of(*model.table);
  const auto refused = [&](const Parts& parts, const std::string& position) {
    model.restart();
    ByteReader in(position);
    try {
      model.table->load(in, from(parts));
      for (Decisions::Slot slot = 0; slot < model.table->size(); ++slot) static_cast<void>((*model.table)[slot]);
    } catch (const CorruptBytes&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused(whole, whole.at("position")));
  CHECK(refused({}, whole.at("position")));
  auto shorter = whole;
  shorter["block/log/0"].pop_back();
  CHECK(refused(shorter, whole.at("position")));
  auto twice = whole;  // the same decision once more
  ByteWriter position;
  position.u64(0);
  position.u64(2 * whole.at("block/log/0").size());
  position.u64(0);
  twice["block/log/0"] += whole.at("block/log/0");
  CHECK(refused(twice, position.bytes()));
  std::mt19937_64 rng{7};
  for (int i = 0; i < 2'000; ++i) {  // anything may come of it but a crash
    auto bent = whole;
    auto& bytes = bent["block/log/0"];
    bytes[rng() % bytes.size()] = static_cast<char>(rng());
    refused(bent, whole.at("position"));
  }
}
