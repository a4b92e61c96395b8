// SPDX-License-Identifier: Apache-2.0
// Reference files: what is frozen of the outcomes they hold.
#include "app/references.h"

#include <fstream>

#include "stats/estimate/cbpe.h"
#include "support/scenario.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;

namespace {

std::string prediction(int id, double score, const std::string& rest = "") {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-01-01T00:00:00Z","score":)" + std::to_string(score) + rest + "}\n";
}
std::string outcome(int id, int actual, const std::string& time = "2026-02-01T00:00:00Z") {
  return R"({"type":"outcome","pilot":"p","id":)" + std::to_string(id) + R"(,"time":")" + time + R"(","actual":)" +
         std::to_string(actual) + "}\n";
}

engine::Reference loaded(const std::string& lines) {
  const ScratchDir dir;
  std::ofstream(dir.path() / "reference.ndjson") << lines;
  auto pilot = binary_pilot();
  pilot.reference.file = dir.path() / "reference.ndjson";
  Scenario s(settings_of({pilot}));
  app::load_references(*s.settings, IdKey{}, s.fold, [](const auto&, const auto&) {});
  return *s.fold.engine().pilots().front()->reference();
}

}  // namespace

TEST_CASE("references: a file's outcomes are frozen with the scores of their predictions") {
  std::string predictions, outcomes;
  for (int id = 0; id < 200; ++id) {
    predictions += prediction(id, (id % 100) / 100.0);
    if (id % 4 != 3) outcomes += outcome(id, id % 100 >= 50 ? 1 : 0);
  }
  const auto reference = loaded(predictions + outcomes);
  CHECK(reference.n == 200);
  CHECK(reference.outcomes.labelled == 150);
  CHECK(reference.outcomes.errors == 0);
  REQUIRE(reference.outcomes.scored.binary() != nullptr);
  const auto table = reference.outcomes.scored.binary()->by_score.table();
  CHECK(table.exact);
  CHECK(table.groups.size() == 75);
  CHECK(table.positives == 74);
  CHECK(table.negatives == 76);
  CHECK(stats::Calibrator::fit(table).has_value());

  CHECK(loaded(outcomes + predictions).id == reference.id);  // in any order
  CHECK(loaded(predictions).id != reference.id);             // outcomes are content
  CHECK(loaded(predictions).outcomes.labelled == 0);

  ByteWriter out;
  reference.write(out);
  ByteReader in(out.bytes());
  engine::Reference read;
  read.read(in, 64);
  ByteWriter again;
  read.write(again);
  CHECK(again.bytes() == out.bytes());
  CHECK(read.outcomes.labelled == 150);
}

TEST_CASE("references: repeats, corrections, weights and strangers in a file are what they are in a stream") {
  const auto reference =
      loaded(prediction(1, .9, R"(,"weight":3)") + prediction(1, .2) + prediction(2, .1) + outcome(1, 1) +
             outcome(2, 1, "2026-02-02T00:00:00Z") + outcome(2, 0, "2026-02-01T00:00:00Z") + outcome(7, 1) +
             R"({"type":"complaint","pilot":"p","id":"c","time":"2026-01-01T00:00:00Z","prediction_id":1})" + "\n");
  CHECK(reference.n == 2);
  CHECK(reference.outcomes.decisions == 4);
  CHECK(reference.outcomes.labelled == 4);
  CHECK(reference.outcomes.errors == 1);
  CHECK(reference.outcomes.complaints == 0);
  const auto table = reference.outcomes.scored.binary()->by_score.table();
  CHECK(table.positives == 4);
  CHECK(table.negatives == 0);
}
