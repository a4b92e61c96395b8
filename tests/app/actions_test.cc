// SPDX-License-Identifier: Apache-2.0
// What people decide goes through the core like records: on disk before it is answered, and there again after a restart.
#include <future>

#include "support/bench.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::Objection;
using std::chrono::hours;

namespace {

std::optional<Objection> act(Bench& bench, record::Action action) {
  std::promise<std::optional<Objection>> promise;
  auto future = promise.get_future();
  bench.core.act(std::move(action), [&promise](auto objection) { promise.set_value(std::move(objection)); });
  return future.get();
}

record::PausePilot pause_for(Millis lasts) { return {"p", {}, lasts, "ann", "new scanners"}; }

/// Time of its own, which no record has to bring.
settings::Settings by_the_wall() {
  auto pilot = binary_pilot();
  pilot.clock = settings::PilotClock::wall;
  return settings_of({std::move(pilot)});
}

}  // namespace

TEST_CASE("actions: acknowledged means on disk, and in force from the next record on") {
  const ScratchDir dir;
  Bench bench(dir.path() / "a", by_the_wall());
  CHECK(act(bench, pause_for(hours{1})).value().kind == Objection::Kind::unavailable);  // it does not run yet
  bench.start();
  CHECK_FALSE(act(bench, pause_for(hours{1})));
  copy_store(dir.path() / "a", dir.path() / "copy");
  Bench after(dir.path() / "copy", by_the_wall());
  const auto pauses = after.fresh()->pauses.at("p");
  REQUIRE(pauses.all().size() == 1);
  CHECK(pauses.all()[0].reason == "new scanners");
  CHECK(pauses.all()[0].until - pauses.all()[0].from == Millis{hours{1}});
  CHECK(bench.fresh()->pauses.at("p").all().size() == 1);
  bench.stop();
  CHECK(act(bench, pause_for(hours{1})).value().kind == Objection::Kind::unavailable);
}

TEST_CASE("actions: what cannot be leaves no entry") {
  const ScratchDir dir;
  Bench bench(dir.path() / "a", by_the_wall());
  bench.start();
  const auto before = bench.journal.last_sequence();
  CHECK(act(bench, record::PausePilot{"q", {}, hours{1}, "ann", "why"}).value().kind == Objection::Kind::unknown);
  CHECK(act(bench, record::ResumePilot{"p", {}, "ann"}).value().kind == Objection::Kind::conflict);
  CHECK(act(bench, record::AcknowledgeEpisode{"0000", "ann", "seen"}).value().kind == Objection::Kind::unknown);
  CHECK(bench.journal.last_sequence() == before);
}

TEST_CASE("actions: a restart from the checkpoint and one from all entries come to the same") {
  const ScratchDir dir;
  std::string bytes;
  {
    Bench bench(dir.path() / "a", by_the_wall());
    bench.start();
    for (int i = 0; i < 5; ++i) {
      bench.clock.ms += 60'000;
      CHECK_FALSE(act(bench, pause_for(hours{i + 1})));
      bench.deliver(R"({"type":"prediction","pilot":"p","id":)" + std::to_string(i) +
                    R"(,"time":"2026-05-0)" + std::to_string(i + 1) + R"(T00:00:00Z","prediction":1})" + "\n")
          .get();
    }
    CHECK_FALSE(act(bench, record::ResumePilot{"p", {}, "bob"}));
    copy_store(dir.path() / "a", dir.path() / "copy");
    bench.stop();
    bytes = bench.saved();
  }
  Bench from_checkpoint(dir.path() / "a", by_the_wall());
  CHECK((from_checkpoint.saved() == bytes));
  Bench from_entries(dir.path() / "copy", by_the_wall());
  CHECK((from_entries.saved() == bytes));
  CHECK(from_entries.fresh()->pauses.at("p").all().size() == 5);
}
