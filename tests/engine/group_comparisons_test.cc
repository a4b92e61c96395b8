// SPDX-License-Identifier: Apache-2.0
#include "engine/group_comparisons.h"

#include <cmath>

#include "stats/interval/two_sample.h"
#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;
using namespace pilotwatch::testing;
using settings::Metric;

namespace {

GroupScope scope(const char* group, std::uint64_t tp, std::uint64_t fp, std::uint64_t fn, std::uint64_t tn,
                 std::uint64_t complaints = 0) {
  GroupScope out;
  out.attribute = "g";
  out.group = group;
  auto& t = out.tally;
  t.decisions = t.predicted = t.labelled = tp + fp + fn + tn;
  t.positives = tp + fp;
  t.errors = fp + fn;
  t.complaints = complaints;
  const std::uint64_t cells[] = {tn, fn, fp, tp};  // predicted * 2 + actual
  for (std::uint32_t i = 0; i < 4; ++i) {
    if (cells[i] > 0) t.confusion.add(i, static_cast<std::int64_t>(cells[i]));
  }
  return out;
}

settings::Pilot pilot_with(std::uint64_t min_n, const char* reference = nullptr) {
  auto pilot = binary_pilot();
  pilot.segments.attributes = {"g"};
  pilot.segments.min_n = min_n;
  if (reference != nullptr) pilot.segments.reference_groups["g"] = reference;
  return pilot;
}

/// The comparisons of one window in which these groups are all there is.
std::vector<Figure> compare(std::vector<GroupScope> scopes, const settings::Pilot& pilot) {
  Tally whole;
  for (const auto& s : scopes) whole += s.tally;
  suppress(scopes, pilot);
  const VersionCells cells;
  const std::vector<std::string> versions, categories;
  const std::vector<std::vector<std::string>> values;
  WindowResult out;
  compare_groups({pilot, cells, versions, values, categories, nullptr, true}, scopes, whole, out);
  return out.figures;
}

const Figure* find(const std::vector<Figure>& figures, const char* group, Metric metric, const char* kind) {
  for (const auto& f : figures) {
    if (f.group == group && f.metric == metric && f.compare == kind) return &f;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("comparisons: against the pooled rest, worked by hand") {
  const auto figures = compare(
      {scope("a", 40, 30, 20, 10, 12), scope("b", 50, 10, 10, 30, 4), scope("c", 50, 20, 10, 20, 6)}, pilot_with(1));
  const auto* fpr = find(figures, "a", Metric::false_positive_rate, "difference");
  REQUIRE(fpr != nullptr);
  CHECK(fpr->against == "rest");
  CHECK(*fpr->value == 30.0 / 40 - 30.0 / 80);
  CHECK(fpr->n == 40);  // the smaller side
  const auto newcombe = *stats::newcombe({30, 40}, {30, 80}, 0.95);
  CHECK(*fpr->lower == newcombe.lower);
  CHECK(*fpr->upper == newcombe.upper);
  CHECK(fpr->formula == "group-difference-newcombe/v1");
  const auto* ratio = find(figures, "a", Metric::error_rate, "ratio");
  REQUIRE(ratio != nullptr);
  CHECK(*ratio->value == (50.0 / 100) / (50.0 / 200));
  const auto katz = *stats::katz({50, 100}, {50, 200}, 0.95);
  CHECK(*ratio->lower == katz.lower);
  const auto* complaints = find(figures, "a", Metric::complaints_per_1000, "ratio");
  REQUIRE(complaints != nullptr);
  CHECK(*complaints->value == (12.0 / 100) / (10.0 / 200));
  const auto exact = *stats::rate_ratio({12, 100}, {10, 200}, 0.95);
  CHECK(*complaints->lower == exact.lower);
  CHECK(*complaints->upper == exact.upper);
  CHECK(find(figures, "a", Metric::complaints_per_1000, "difference") == nullptr);
  for (const auto& f : figures) CHECK(f.state != "suppressed");
}

TEST_CASE("comparisons: against a named group, which has none with itself") {
  const auto figures =
      compare({scope("a", 40, 30, 20, 10), scope("b", 50, 10, 10, 30), scope("c", 50, 20, 10, 20)}, pilot_with(1, "b"));
  CHECK(find(figures, "b", Metric::error_rate, "ratio") == nullptr);
  const auto* ratio = find(figures, "a", Metric::false_positive_rate, "ratio");
  REQUIRE(ratio != nullptr);
  CHECK(ratio->against == "b");
  CHECK(*ratio->value == (30.0 / 40) / (10.0 / 40));
}

TEST_CASE("comparisons: what cannot be computed says why, and few events have no interval") {
  const auto figures = compare({scope("a", 0, 0, 40, 40, 20), scope("b", 50, 0, 10, 40)}, pilot_with(1));
  const auto* fdr = find(figures, "a", Metric::false_discovery_rate, "ratio");
  REQUIRE(fdr != nullptr);
  CHECK(fdr->state == "undefined");
  CHECK(fdr->reason == "none_predicted");
  const auto* fpr = find(figures, "a", Metric::false_positive_rate, "ratio");
  REQUIRE(fpr != nullptr);
  CHECK(fpr->reason == "zero_denominator");
  const auto* selection = find(figures, "a", Metric::selection_rate, "difference");
  REQUIRE(selection != nullptr);
  CHECK(*selection->value == -0.5);
  CHECK_FALSE(selection->lower);  // no event on this side
  // Nobody of the others has complained: no value, but certainly many times more.
  const auto* complaints = find(figures, "a", Metric::complaints_per_1000, "ratio");
  REQUIRE(complaints != nullptr);
  CHECK(complaints->state == "undefined");
  CHECK(*complaints->lower > 4);
  CHECK_FALSE(complaints->upper);
  const auto alone = compare({scope("a", 20, 20, 20, 20)}, pilot_with(1, "z"));
  const auto* missing = find(alone, "a", Metric::error_rate, "ratio");
  REQUIRE(missing != nullptr);
  CHECK(missing->state == "insufficient");
}

TEST_CASE("comparisons: hidden where the group, the other group, or the rest by itself must be") {
  const std::vector<GroupScope> scopes{scope("large", 500, 100, 100, 500, 50), scope("medium", 50, 20, 20, 50, 40),
                                       scope("small", 6, 2, 3, 21, 30)};
  const auto rest = compare(scopes, pilot_with(10));
  CHECK(find(rest, "large", Metric::error_rate, "ratio")->state == "ok");
  for (const auto* group : {"medium", "small"}) {  // medium: the complement
    for (const auto* kind : {"ratio", "difference"}) {
      const auto* f = find(rest, group, Metric::false_positive_rate, kind);
      REQUIRE(f != nullptr);
      CHECK(f->state == "suppressed");
      CHECK_FALSE((f->value || f->lower || f->upper));
      CHECK(f->n == 0);
    }
    CHECK(find(rest, group, Metric::complaints_per_1000, "ratio")->state == "ok");
  }
  const auto named = compare(scopes, pilot_with(10, "small"));
  CHECK(find(named, "large", Metric::error_rate, "ratio")->state == "suppressed");
  CHECK(find(named, "large", Metric::complaints_per_1000, "ratio")->state == "ok");
  const auto few = compare({scope("a", 20, 20, 20, 20), scope("unknown", 0, 3, 0, 3)}, pilot_with(10));
  CHECK(find(few, "a", Metric::error_rate, "ratio")->state == "suppressed");
}
