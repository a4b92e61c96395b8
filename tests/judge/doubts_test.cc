// SPDX-License-Identifier: Apache-2.0
#include "judge/doubts.h"

#include <catch2/catch.hpp>

#include "decode/decode.h"
#include "judge/fold.h"
#include "settings/load.h"

using namespace pilotwatch;

namespace {

/// Keys and messages of what is said of the limit, each on a line.
std::string said(const std::string& limit, const std::string& pilot = "") {
  const auto parsed = settings::parse(
      "pilots:\n- {name: p, task: binary, features: [{name: age, kind: numeric}], windows: [day, all, {count: 50}, "
      "{count: 1000}]" +
          (pilot.empty() ? "" : ", " + pilot) + ", limits: [{name: l, " + limit + "}]}\n",
      "p.yml");
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&parsed))
    FAIL(settings::to_string(problems->front()));
  const auto& of = std::get<settings::Settings>(parsed).pilots.front();
  std::string out;
  for (const auto& doubt : judge::doubts(of, of.limits.front())) out += doubt.key + ": " + doubt.message + "\n";
  return out;
}

}  // namespace

TEST_CASE("doubts: a bound at the end of what the metric can be") {
  CHECK(said("metric: error_rate, window: day, max: 1, evidence: interval") ==
        "max: can never be exceeded: error_rate is at most 1\n");
  CHECK(said("metric: error_rate, window: day, max: 0.99, evidence: interval").empty());
  CHECK(said("metric: accuracy, window: day, min: 0, evidence: point") ==
        "min: nothing is ever below it: accuracy is at least 0\n");
  CHECK(said("metric: volume, window: day, min: 0") == "min: nothing is ever below it: volume is at least 0\n");
  CHECK(said("metric: mcc, window: day, min: -1") == "min: nothing is ever below it: mcc is at least -1\n");
  CHECK(said("metric: staff_stance, window: day, max: 2") == "max: can never be exceeded: staff_stance is at most 2\n");
  CHECK(said("metric: psi, feature: age, window: day, max: 1", "reference: {first: 500}").empty());
  CHECK(said("metric: tvd, feature: age, window: day, max: 1", "reference: {first: 500}") ==
        "max: can never be exceeded: tvd is at most 1\n");
}

TEST_CASE("doubts: the volume of a window of so many decisions is that number") {
  CHECK(said("metric: volume, window: {count: 50}, min: 50") ==
        "min: nothing is ever below it: volume is at least 50 in a window of so many decisions (records with a weight "
        "aside)\n");
  CHECK_THAT(said("metric: volume, window: {count: 50}, max: 60"), Catch::Contains("at most 50"));
  CHECK(said("metric: volume, window: {count: 50}, min: 51").empty());
}

TEST_CASE("doubts: more cases than there can be") {
  CHECK(said("metric: error_rate, window: {count: 50}, max: 0.1, min_n: 51") ==
        "min_n: asks for 51 cases of a window that holds 50 decisions (records with a weight aside): the limit is "
        "insufficient for ever\n");
  CHECK(said("metric: error_rate, window: {count: 50}, max: 0.1, min_n: 50").empty());
  CHECK(said("metric: volume, window: {count: 50}, min: 60, min_n: 51").empty());
  CHECK(said("metric: override_rate, window: {count: 50}, max: 0.1, min_n: 51")
            .empty());  // several reviews a decision, who knows
  CHECK_THAT(said("metric: error_rate, window: day, max: 0.1, min_n: 101", "bounds: {decisions: 100}"),
             Catch::StartsWith("min_n: asks for more cases than bounds.decisions (100)"));
  CHECK(said("metric: error_rate, window: day, max: 0.1, min_n: 100", "bounds: {decisions: 100}").empty());
  CHECK_THAT(said("metric: override_rate, window: day, max: 0.1, min_n: 11", "bounds: {kept: 10}"),
             Catch::Contains("bounds.kept (10)"));
  CHECK(said("metric: override_rate, window: day, max: 0.1, min_n: 10", "bounds: {kept: 10}").empty());
}

TEST_CASE("doubts: windows that are never full") {
  CHECK_THAT(
      said("metric: error_rate, window: {count: 1000}, max: 0.1, evidence: interval", "bounds: {decisions: 999}"),
      Catch::Contains("window: a breach takes 1 window of 1000 decisions, more than bounds.decisions (999)"));
  CHECK(said("metric: error_rate, window: {count: 1000}, max: 0.1, evidence: interval", "bounds: {decisions: 1000}")
            .empty());
  CHECK_THAT(said("metric: error_rate, window: {count: 1000}, max: 0.1, times: 2, of: 3", "bounds: {decisions: 1999}"),
             Catch::Contains("window: a breach takes 2 windows"));
  CHECK_THAT(said("metric: error_rate, window: {count: 50}, evidence: reference_chunks, chunks: 3",
                  "bounds: {decisions: 199}"),
             Catch::Contains("window: a breach takes 4 windows"));
  CHECK_THAT(
      said("metric: psi, feature: age, window: day, max: 1", "reference: {first: 500}, bounds: {decisions: 499}"),
      Catch::Contains("feature: is compared with nothing: the reference needs the first 500 decisions"));
}

TEST_CASE("doubts: groups that are hidden for ever") {
  const std::string limit = "metric: error_rate, window: {count: 50}, segment: region, max: 0.1, evidence: interval";
  CHECK(said(limit, "segments: {attributes: [region], min_n: 51}") ==
        "segment: groups are hidden for ever: segments.min_n asks for 51 decisions of a group, and a window has at "
        "most 50 (records "
        "with a weight aside)\n");
  CHECK(said(limit, "segments: {attributes: [region], min_n: 50}").empty());
  CHECK(said(limit, "segments: {attributes: [region], min_n: 1}").empty());
}

TEST_CASE("doubts: a group to be compared with that is never told apart") {
  const std::string limit =
      "metric: selection_rate, window: day, segment: region, compare: ratio, max: 1.25, evidence: interval";
  const std::string segments = "segments: {attributes: [region], reference_groups: {region: west}, values: {region: ";
  CHECK_THAT(said(limit, segments + "[north, south]}}"),
             Catch::StartsWith("segments.reference_groups.region: groups are compared with 'west'"));
  CHECK(said(limit, segments + "[north, west]}}").empty());
  CHECK(
      said("metric: selection_rate, window: day, max: 0.5, evidence: interval", segments + "[north, south]}}").empty());
}

TEST_CASE("doubts: an interval that even the worst window leaves around the limit") {
  CHECK_THAT(said("metric: error_rate, window: {count: 50}, max: 0.93, evidence: interval"),
             Catch::Contains("max: can never be exceeded by the whole interval: at best that begins at 0.928"));
  CHECK(said("metric: error_rate, window: {count: 50}, max: 0.92, evidence: interval").empty());
  CHECK(said("metric: error_rate, window: {count: 50}, max: 0.93, evidence: point").empty());
  CHECK_THAT(said("metric: accuracy, window: {count: 50}, min: 0.07, evidence: interval"),
             Catch::Contains("min: the whole interval is never below it"));
  CHECK(said("metric: accuracy, window: {count: 50}, min: 0.08, evidence: interval").empty());
}

TEST_CASE("doubts: evidence that cannot come so far within the guarantee") {
  const std::string limit = "metric: error_rate, window: day, max: 0.5, evidence: budget, block: 10";
  const auto text = said(limit, "guarantee: {over: {decisions: 60}}");
  CHECK_THAT(text, Catch::Contains("can never be in breach within guarantee.over (60 decisions): its evidence needs "));
  CHECK(said(limit, "guarantee: {over: {decisions: 2000}}").empty());
  CHECK(said(limit).empty());  // by days nothing is certain
  CHECK_THAT(said("metric: error_rate, window: day, max: 0.5, evidence: confidence_sequence", "bounds: {decisions: 5}"),
             Catch::Contains("within bounds.decisions (5 decisions)"));
}

TEST_CASE("doubts: what the budget needs at least is what the fold needs of the very worst decisions") {
  const std::string yaml =
      "pilots:\n- {name: p, task: binary, clock: event, lateness: 0s, guarantee: {over: {decisions: 40}}, windows: "
      "[all], limits: [{name: l, metric: "
      "failure_rate, window: all, max: 0.5, evidence: budget, block: 10}]}\n";
  const auto settings = std::get<settings::Settings>(settings::parse(yaml, "p.yml"));
  const auto found = judge::doubts(settings.pilots.front(), settings.pilots.front().limits.front());
  REQUIRE(found.size() == 1);
  const auto at = found.front().message.find("needs ") + 6;
  const auto needs = std::stoull(found.front().message.substr(at));
  judge::Fold fold(settings);
  decode::Decoder decoder(settings, IdKey{});
  std::size_t breaches = 0;
  fold.on_transition = [&](const judge::Transition& t) { breaches += t.to == judge::State::breach ? 1 : 0; };
  record::Entry limits;
  limits.limits = fold.limits_to_record();
  fold.apply(limits, 1);
  for (std::uint64_t i = 1; i <= needs; ++i) {
    CHECK(breaches == 0);
    const auto line = R"({"type":"prediction","pilot":"p","id":")" + std::to_string(i) + R"(","time":)" +
                      std::to_string(1'700'000'000 + i) + R"(,"failed":true})";
    decode::Input input;
    input.bytes = line;
    input.any_time = true;
    record::Submission submission;
    submission.source = "test";
    submission.batch = decoder.decode(input).batch;
    record::Entry entry;
    entry.submissions.push_back(std::move(submission));
    fold.apply(entry, i + 1);
  }
  fold.finish({});
  CHECK(breaches == 1);
}
