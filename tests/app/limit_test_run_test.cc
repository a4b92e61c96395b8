// SPDX-License-Identifier: Apache-2.0
// Tests of limits that stand in the settings: what is played, and what is said where it comes out otherwise.
#include "app/limit_test_run.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "settings/load.h"
#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using pilotwatch::testing::ScratchDir;

namespace {

const std::string pilots = R"(pilots:
  - name: p
    task: binary
    outcome_horizon: 2d
    segments: {attributes: [region], min_n: 1}
    windows: [day, week]
    limits:
      - {name: errors, metric: error_rate, window: week, max: 0.1, evidence: interval}
      - {name: by-region, metric: error_rate, window: week, segment: region, max: 0.1, evidence: interval}
      - {name: silence, metric: volume, window: day, min: 1}
tests:
)";

/// A hundred decisions of one week, a fifth of them wrong, and what is expected.
std::string test(const std::string& expect, const std::string& wrong = "0*20", const std::string& more = "") {
  return pilots + "- name: t\n  pilot: p\n" + more + R"(  records:
    - {type: prediction, id: a, every: 1h, times: 100, prediction: 1, segments: {region: [north, south]}}
    - {type: outcome, id: a, time: 30m, every: 1h, times: 100, actual: [)" +
         wrong + ", 1*80]}\n  expect:\n" + expect;
}

settings::Settings valid(const std::string& yaml, const std::filesystem::path& file = "p.yml") {
  auto parsed = settings::parse(yaml, file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&parsed))
    FAIL(settings::to_string(problems->front()));
  return std::get<settings::Settings>(std::move(parsed));
}

TestResult play(const std::string& yaml) {
  const auto settings = valid(yaml);
  const auto records = test_records(settings, settings.tests.front());
  REQUIRE(std::holds_alternative<std::vector<TestRecord>>(records));
  return run_limit_test(settings, settings.tests.front(), std::get<std::vector<TestRecord>>(records));
}

/// Failures, one on each line.
std::string failures(const std::string& yaml) {
  std::string out;
  for (const auto& failure : play(yaml).failures)
    out += std::to_string(failure.place.line) + ":" + std::to_string(failure.place.column) + " " + failure.expected +
           " | " + failure.got + "\n";
  return out;
}

std::string problems(const std::string& yaml, const std::filesystem::path& file = "p.yml") {
  std::string out;
  for (const auto& problem : test_problems(valid(yaml, file))) out += settings::to_string(problem) + "\n";
  return out;
}

}  // namespace

TEST_CASE("limit test: states and transitions that are as expected") {
  CHECK(failures(test(R"(    - {limit: errors, at: 8d, state: collecting}
    - {limit: errors, at: 9d, state: breach}
    - {limit: errors, transitions: [{to: breach, at: 9d}]}
    - {limit: errors, transitions: [{to: breach, after: 8d, by: 9d}]}
    - {limit: errors, never: [ok, no_data]}
    - {limit: by-region, group: north, at: 9d, state: breach}
)"))
            .empty());
}

TEST_CASE("limit test: what falls due at a time has happened then, and not a moment before") {
  CHECK(failures(test("    - {limit: errors, at: 2024-01-09T23:59:59.999Z, state: collecting}\n"
                      "    - {limit: errors, at: 2024-01-10T00:00:00Z, state: breach}\n"))
            .empty());
}

TEST_CASE("limit test: a state that is another says what was seen") {
  CHECK(failures(test("    - {limit: errors, at: 9d, state: ok}\n")) ==
        "18:7 errors at 2024-01-10T00:00:00Z: expected ok | breach: error_rate is 0.2 (95 % interval 0.133367 to "
        "0.288829) in 100 cases, above "
        "the limit 0.1\n");
  CHECK(failures(test("    - {limit: by-region, group: west, at: 9d, state: ok}\n")) ==
        "18:7 by-region (west): expected a group that there is | none that has been looked at until 2024-01-10T00:00:00Z, "
        "where the test ends\n");
}

TEST_CASE("limit test: other transitions than expected are told with their times") {
  CHECK(failures(test("    - {limit: errors, transitions: [ok, {to: breach, by: 8d}]}\n    - {limit: errors, at: 9d, "
                      "state: breach}\n")) ==
        "18:7 errors: expected ok, breach by 2024-01-09T00:00:00Z | breach at 2024-01-10T00:00:00Z\n");
  CHECK(failures(test("    - {limit: errors, transitions: []}\n    - {limit: errors, at: 9d, state: breach}\n")) ==
        "18:7 errors: expected no change of state | breach at 2024-01-10T00:00:00Z\n");
  CHECK_THAT(failures(test("    - {limit: errors, never: breach}\n", "0*20", "  end: 9d\n")),
             Catch::StartsWith("19:7 errors: expected never breach | it at 2024-01-10T00:00:00Z: error_rate is 0.2"));
  CHECK(failures(test("    - {limit: errors, never: breach}\n", "1*20", "  end: 9d\n")).empty());
}

TEST_CASE("limit test: of a group that there is not, nothing holds; of one that comes later, collecting before") {
  const std::string unknown =
      ": expected a group that there is | none that has been looked at until 2024-01-10T00:00:00Z, where the test ends\n";
  CHECK(failures(test("    - {limit: by-region, group: nort, never: breach}\n"
                      "    - {limit: by-region, group: nort, transitions: []}\n"
                      "    - {limit: by-region, group: nort, at: 9d, state: collecting}\n")) ==
        "18:7 by-region (nort)" + unknown + "19:7 by-region (nort)" + unknown + "20:7 by-region (nort)" + unknown);
  CHECK(failures(test("    - {limit: by-region, group: north, at: 3d, state: collecting}\n", "0*20", "  end: 9d\n")).empty());
}

TEST_CASE("limit test: what a limit never comes to is about one that comes to something") {
  // Outcomes are known on the ninth day: until then it has said nothing.
  CHECK(failures(test("    - {limit: errors, never: breach}\n    - {limit: errors, at: 8d, state: collecting}\n", "0*20")) ==
        "18:7 errors: expected never breach | no state but collecting until 2024-01-09T00:00:00Z, where the test ends: no "
        "window has closed yet\n");
  CHECK(failures(test("    - {limit: errors, never: collecting}\n    - {limit: errors, at: 8d, state: collecting}\n")) ==
        "18:7 errors: expected never collecting | no state but collecting until 2024-01-09T00:00:00Z, where the test ends: "
        "no window has closed yet\n");
  CHECK(failures(test("    - {limit: errors, never: collecting}\n", "0*20", "  end: 9d\n")).empty());
}

TEST_CASE("limit test: that there is no data is nothing of which another state could be missed") {
  auto yaml = test("    - {limit: errors, never: breach}\n    - {limit: errors, never: [breach, ok]}\n", "0*20",
                   "  end: 9d\n");
  const std::string outcomes = "{type: outcome, id: a,";
  yaml.replace(yaml.find(outcomes), outcomes.size(), "{type: outcome, id: b,");  // of no decision
  const std::string got =
      " | no state but collecting and no_data until 2024-01-10T00:00:00Z, where the test ends: no outcome known\n";
  CHECK(failures(yaml) == "19:7 errors: expected never breach" + got + "20:7 errors: expected never breach, ok" + got);
  yaml.replace(yaml.find("never: breach"), 13, "never: no_data");
  CHECK_THAT(failures(yaml), Catch::StartsWith("19:7 errors: expected never no_data | it at 2024-01-10T00:00:00Z: "));
}

TEST_CASE("limit test: evidence that starts anew comes back to collecting") {
  CHECK(failures(R"(pilots:
  - name: p
    task: binary
    outcome_horizon: 0s
    lateness: 0s
    windows: [day]
    guarantee: {false_alarm_probability: 0.01, over: 365d}
    limits:
      - {name: errors, metric: error_rate, window: day, max: 0.2, evidence: budget}
tests:
- name: t
  pilot: p
  records:
    - {type: prediction, id: a, every: 1m, times: 2000, prediction: 1, model_version: [1*1000, 2*1000]}
    - {type: outcome, id: a, every: 1m, times: 2000, actual: 1}
  expect:
    - {limit: errors, never: collecting}
    - {limit: errors, never: breach}
)") == "17:7 errors: expected never collecting | it at 2024-01-01T16:40:00Z: a new model version; its evidence starts anew\n");
}

TEST_CASE("limit test: time goes on without records") {
  CHECK(failures(test("    - {limit: silence, at: 5d1m, state: ok}\n    - {limit: silence, at: 6d1m, state: breach}\n"))
            .empty());
}

TEST_CASE(
    "limit test: records come at their times, whatever the order in which they are written, and whatever the pilot's "
    "clock") {
  auto yaml = test("    - {limit: errors, at: 9d, state: breach}\n    - {limit: silence, at: 6d1m, state: breach}\n");
  yaml.replace(yaml.find("task: binary"), 12, "task: binary\n    clock: event");
  CHECK(failures(yaml).empty());
}

TEST_CASE("limit test: members are written as the wire format has them, each record with an id of its own") {
  const auto settings = valid(pilots + R"(- name: t
  pilot: p
  start: 2026-03-02
  records:
    - {type: prediction, id: a, every: 90m, prediction: [1, 0], score: [0..1*3], model_version: 7, segments: {region: n}}
    - {type: complaint, id: c, prediction_id: [a-1, a-3], severity: 4, category: "5"}
    - {type: review, id: r, prediction_id: a, final: 1, time: 1d, opened_at: 23h, every: 1h, times: 2, seeded: true}
  expect: [{limit: errors, never: breach}]
)");
  const auto read = test_records(settings, settings.tests.front());
  const auto& records = std::get<std::vector<TestRecord>>(read);
  std::string lines;
  for (const auto& record : records) lines += record.line + "\n";
  CHECK(
      lines ==
      R"({"type":"prediction","time":"2026-03-02T00:00:00Z","id":"a-1","model_version":"7","prediction":1,"score":0.0,"segments":{"region":"n"}}
{"type":"complaint","time":"2026-03-02T00:00:00Z","id":"c-1","prediction_id":"a-1","category":"5","severity":4}
{"type":"complaint","time":"2026-03-02T00:00:00Z","id":"c-2","prediction_id":"a-3","category":"5","severity":4}
{"type":"prediction","time":"2026-03-02T01:30:00Z","id":"a-2","model_version":"7","prediction":0,"score":0.5,"segments":{"region":"n"}}
{"type":"prediction","time":"2026-03-02T03:00:00Z","id":"a-3","model_version":"7","prediction":1,"score":1.0,"segments":{"region":"n"}}
{"type":"review","time":"2026-03-03T00:00:00Z","opened_at":"2026-03-02T23:00:00Z","prediction_id":"a-1","final":1,"id":"r-1","seeded":true}
{"type":"review","time":"2026-03-03T01:00:00Z","opened_at":"2026-03-03T00:00:00Z","prediction_id":"a-2","final":1,"id":"r-2","seeded":true}
)");
}

TEST_CASE("limit test: records that the wire format refuses are told where they stand, of a series the first") {
  CHECK(problems(pilots + R"(- name: t
  pilot: p
  records:
    - {type: prediction, id: a, times: 3, every: 1h, prediction: [1, perhaps]}
    - {type: complaint, id: a, severity: 9}
  expect: [{limit: errors, never: breach}]
)") == "p.yml:15:7: tests[t]: record 2 of the series: unknown_class: prediction: 'perhaps' is not one of the pilot's "
       "classes\np.yml:16:7: tests[t]: number: severity: must be 0, 1, 2, 3 or 4\n");
}

TEST_CASE("limit test: records of a file, those of other pilots left out") {
  const ScratchDir folder;
  const auto config = folder.path() / "p.yml";
  const auto yaml = pilots +
                    "- {name: t, pilot: p, file: r.ndjson, end: 9d, expect: [{limit: errors, at: 9d, state: "
                    "breach}]}\n- {name: u, pilot: "
                    "p, file: none.ndjson, expect: [{limit: errors, never: breach}]}\n";
  std::ofstream out(folder.path() / "r.ndjson");
  for (int i = 0; i < 100; ++i) {
    const auto id = std::to_string(i);
    out << R"({"type":"outcome","id":")" << id << R"(","time":1704153600,"actual":)" << (i < 80) << "}\n\n"
        << R"({"type":"prediction","id":")" << id << R"(","time":1704067200,"prediction":1})"
        << "\n";
  }
  out.close();
  const auto settings = valid(yaml, config);
  const auto records = test_records(settings, settings.tests[0]);
  REQUIRE(std::holds_alternative<std::vector<TestRecord>>(records));
  CHECK(std::get<std::vector<TestRecord>>(records).size() == 200);
  CHECK(run_limit_test(settings, settings.tests[0], std::get<std::vector<TestRecord>>(records)).failures.empty());
  const auto problem = test_problems(settings);
  REQUIRE(problem.size() == 1);
  CHECK_THAT(problem[0].message, Catch::EndsWith("none.ndjson: cannot be read"));
  std::ofstream(folder.path() / "r.ndjson", std::ios::app) << "{}\n";
  const auto line = test_problems(settings);
  REQUIRE(line.size() == 2);
  CHECK_THAT(line[0].message, Catch::Contains("r.ndjson:301: "));
}

TEST_CASE("limit test: records of a file that are decades from the start have their place") {
  const ScratchDir folder;
  const auto config = folder.path() / "p.yml";
  std::ofstream(folder.path() / "r.ndjson") << R"({"type":"prediction","id":"a","time":"2044-01-01T00:00:00Z","prediction":1})"
                                               "\n"
                                               R"({"type":"prediction","id":"b","time":"2003-12-01T00:00:00Z","prediction":1})"
                                               "\n";
  const auto problem = test_problems(
      valid(pilots + "- {name: t, pilot: p, file: r.ndjson, expect: [{limit: errors, never: breach}]}\n", config));
  REQUIRE(problem.size() == 2);
  CHECK(problem[0].line == 12);
  CHECK_THAT(problem[0].message, Catch::EndsWith("r.ndjson:1: time: is more than 20 years from the start of the test, "
                                                 "2024-01-01T00:00:00Z"));
  CHECK_THAT(problem[1].message, Catch::Contains("r.ndjson:2: time: is more than 20 years"));
}
