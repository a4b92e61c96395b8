// SPDX-License-Identifier: Apache-2.0
#include "engine/estimated_figures.h"

#include "engine/reference.h"
#include "stats/estimate/cbpe.h"
#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

std::string prediction(int id, double score, const std::string& rest = "") {
  return R"({"type":"prediction","pilot":"p","id":)" + std::to_string(id) +
         R"(,"time":"2026-01-01T00:00:00Z","score":)" + std::to_string(score) + rest + "}\n";
}
std::string outcome(int id, int actual) {
  return R"({"type":"outcome","pilot":"p","id":)" + std::to_string(id) + R"(,"time":"2026-01-01T01:00:00Z","actual":)" +
         std::to_string(actual) + "}\n";
}

/// 300 cases of scores 0.25, 0.5, 0.75, right as probabilities.
engine::Tally calibrated(const settings::Pilot& pilot) {
  engine::Tally out;
  for (int i = 0; i < 300; ++i) {
    engine::Decision d;
    d.has_outcome = d.has_predicted = d.has_score = true;
    d.score = 0.25 * (i % 3 + 1);
    d.actual = i / 3 % 4 <= i % 3 ? 1 : 0;
    out.scored.add(d, pilot, false, 1);
    ++out.labelled;
  }
  return out;
}

std::unique_ptr<Scenario> with_reference(settings::Pilot pilot) {
  pilot.reference.file = "reference.ndjson";
  auto s = std::make_unique<Scenario>(settings_of({pilot}));
  auto& state = *s->fold.engine().pilots().front();
  state.set_reference(engine::freeze(state.settings(), {}, Instant{}, calibrated(pilot)));
  return s;
}

}  // namespace

TEST_CASE("estimates: from all scored decisions, labelled or not, as the formulas say") {
  const auto owned = with_reference(binary_pilot());
  auto& s = *owned;
  std::string lines;
  for (int id = 0; id < 90; ++id) lines += prediction(id, id % 3 == 0 ? 0.25 : 0.75);
  for (int id = 0; id < 30; ++id) lines += outcome(id, 1);  // changes no estimate
  s.send(lines + R"({"type":"prediction","pilot":"p","id":"none","time":"2026-01-01T00:00:00Z","prediction":1})" +
         "\n");
  stats::ScoreState live;
  live.add(0.25, false, 30);
  live.add(0.75, true, 60);
  const auto& reference = *s.fold.engine().pilots().front()->reference();
  REQUIRE(reference.calibrator);
  REQUIRE(reference.calibrator->has_value());
  const auto& calibrator = **reference.calibrator;
  const auto check = [&](Metric metric, const auto& wanted, const char* formula) {
    const auto f = s.figure("all", metric);
    CHECK(*f.value == wanted.value().estimate());
    CHECK(*f.lower == Approx(std::max(0.0, wanted.value().estimate() - 1.959964 * wanted.value().standard_error())));
    CHECK(*f.upper == Approx(std::min(1.0, wanted.value().estimate() + 1.959964 * wanted.value().standard_error())));
    CHECK(f.formula == formula);
    CHECK(f.n == 90);
    CHECK(f.state == "ok");
  };
  const auto table = live.table();
  check(Metric::estimated_roc_auc, stats::cbpe_roc_auc(calibrator, table), "cbpe-roc-auc/v1");
  check(Metric::estimated_accuracy, stats::cbpe_accuracy(calibrator, table), "cbpe-accuracy/v1");
  check(Metric::estimated_precision, stats::cbpe_precision(calibrator, table), "cbpe-precision/v1");
  check(Metric::estimated_recall, stats::cbpe_recall(calibrator, table), "cbpe-recall/v1");
  check(Metric::estimated_f1, stats::cbpe_f1(calibrator, table), "cbpe-f1/v1");
}

TEST_CASE("estimates: none without outcomes in the reference; why not, where they are too few") {
  Scenario none(settings_of({binary_pilot()}));
  none.send(prediction(1, 0.5));
  const auto snapshot = none.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots[0].windows) {
    for (const auto& f : window->figures) CHECK_FALSE(settings::is_estimated(f.metric));
  }
  auto pilot = binary_pilot();
  engine::Tally few;
  engine::Decision d;
  d.has_outcome = d.has_predicted = d.has_score = true;
  d.score = 0.5;
  few.scored.add(d, pilot, false, 1);
  few.labelled = 1;
  Scenario s(settings_of({pilot}));
  auto& state = *s.fold.engine().pilots().front();
  state.set_reference(engine::freeze(state.settings(), {}, Instant{}, few));
  s.send(prediction(1, 0.5));
  const auto f = s.figure("all", Metric::estimated_accuracy);
  CHECK(f.state == "undefined");
  CHECK(f.reason == "no_positives");
}

TEST_CASE("estimates: restored with the cells, and judged when a window closes, not when outcomes are known") {
  auto pilot = binary_pilot();
  pilot.outcome_horizon = std::chrono::hours{24 * 30};
  settings::Limit limit;
  limit.name = "estimated";
  limit.metric = Metric::estimated_accuracy;
  limit.window = pilot.windows[0];
  limit.min = 0.9;
  limit.min_n = 10;
  pilot.limits = {limit};
  const auto owned = with_reference(pilot);
  auto& s = *owned;
  std::string lines;
  for (int id = 0; id < 60; ++id) lines += prediction(id, 0.5);
  s.send(lines);
  std::map<std::string, std::string> parts;
  s.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  const auto other = with_reference(pilot);
  auto& restored = *other;
  restored.fold.load(parts, 1, Instant{});
  CHECK(restored.saved() == s.saved());
  restored.send(R"({"type":"prediction","pilot":"p","id":"later","time":"2026-01-03T00:00:00Z","score":0.5})"
                "\n");
  CHECK(restored.figure("day", Metric::estimated_accuracy).n == 60);
  REQUIRE(restored.transitions.size() == 1);
  CHECK(restored.transitions[0].to == judge::State::breach);
}

TEST_CASE("selective labels: what needs the outcomes of everyone is undefined, and says so") {
  auto pilot = binary_pilot();
  pilot.outcomes_known = settings::OutcomesKnown::selected;
  pilot.segments.attributes = {"g"};
  Scenario s(settings_of({pilot}));
  std::string lines;
  for (int id = 0; id < 200; ++id) {
    lines +=
        prediction(id, id % 2 == 0 ? 0.2 : 0.8, id < 100 ? R"(,"segments":{"g":"a"})" : R"(,"segments":{"g":"b"})");
    if (id % 2 == 1) lines += outcome(id, id % 4 == 1 ? 1 : 0);
  }
  s.send(lines);
  for (const auto metric : {Metric::error_rate, Metric::false_positive_rate, Metric::false_negative_rate,
                            Metric::false_omission_rate, Metric::accuracy, Metric::recall, Metric::specificity,
                            Metric::f1, Metric::mcc, Metric::roc_auc, Metric::brier}) {
    CAPTURE(settings::metric_names[static_cast<std::size_t>(metric)]);
    for (const char* group : {"", "a"}) {
      const auto f = s.figure("all", metric, group);
      CHECK(f.state == "undefined");
      CHECK(f.reason == "selective_labels");
      CHECK_FALSE((f.value || f.lower || f.upper));
    }
  }
  CHECK(s.figure("all", Metric::precision).value == 0.5);
  CHECK(s.figure("all", Metric::false_discovery_rate, "b").value == 0.5);
  CHECK(s.figure("all", Metric::selection_rate).value == 0.5);
  CHECK(s.figure("all", Metric::coverage).value == 0.5);
  int undefined = 0, shown = 0;
  const auto snapshot = s.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots[0].windows) {
    for (const auto& f : window->figures) {
      if (f.compare.empty() || window->kind_name != "all" || f.group != "a") continue;
      undefined += f.reason == "selective_labels";
      shown += f.value.has_value();
    }
  }
  CHECK(undefined == 8);  // error, false positive, negative, omission: difference and ratio
  CHECK(shown == 5);      // selection and discovery; failures have a difference only
}
