// SPDX-License-Identifier: Apache-2.0
// YAML `tests`: what can be written, and what is said of the rest, with its place.
#include "settings/places.h"
#include "settings/show.h"
#include "settings/support.h"

using namespace pilotwatch;
using namespace pilotwatch::settings;
using pilotwatch::settings::testing::problems;
using pilotwatch::settings::testing::valid;

namespace {

const std::string pilots = R"(pilots:
  - name: p
    task: binary
    time_zone: Europe/Amsterdam
    features: [{name: age, kind: numeric}]
    segments: {attributes: [region]}
    limits:
      - {name: errors, metric: error_rate, window: week, max: 0.1}
      - {name: by-region, metric: error_rate, window: week, segment: region, max: 0.1, evidence: interval}
tests:
)";

/// One test with these records and these expectations, from line 11 on.
std::string with(const std::string& records, const std::string& expect = "{limit: errors, at: 8d, state: ok}") {
  return pilots + "  - name: t\n    pilot: p\n    records: [" + records + "]\n    expect: [" + expect + "]\n";
}

TestSeries series(const std::string& records) { return valid(with(records)).tests.at(0).records.at(0); }

}  // namespace

TEST_CASE("limit tests: times count from the start, a Monday in the pilot's zone, or stand by themselves") {
  const auto of = [](const std::string& time) {
    return format_rfc3339(series("{type: change, what: model, time: " + time + "}").first);
  };
  CHECK(of("0s") == "2023-12-31T23:00:00Z");
  CHECK(of("1d") == "2024-01-01T23:00:00Z");
  CHECK(of("2024-07-01") == "2024-06-30T22:00:00Z");
  CHECK(of("2024-07-01T12:00:00Z") == "2024-07-01T12:00:00Z");
  const auto own =
      valid(pilots + "  - {name: t, pilot: p, start: 2026-03-02, end: 3w, expect: [{limit: errors, never: breach}]}\n");
  CHECK(format_rfc3339(own.tests.at(0).start) == "2026-03-01T23:00:00Z");
  CHECK(format_rfc3339(*own.tests.at(0).end) == "2026-03-22T23:00:00Z");
}

TEST_CASE("limit tests: a list is values in turn, with how often and in steps") {
  const auto s = series("{type: outcome, id: a, every: 1h, actual: [1*95, 0*5], source: natural}");
  CHECK(s.times == 100);
  CHECK(s.every == std::chrono::hours{1});
  REQUIRE(s.members.size() == 3);
  CHECK(s.members[1].name == "actual");
  REQUIRE(s.members[1].runs.size() == 2);
  CHECK(s.members[1].runs[1].times == 5);
  CHECK(s.members[1].runs[1].value.text == "0");
  CHECK_FALSE(s.members[2].listed);

  const auto steps = series("{type: prediction, id: a, score: [0..1*11], features: {age: [20, 30]}}");
  CHECK(steps.times == 11);
  CHECK(steps.members[1].runs.at(0).last == 1.0);
  CHECK(steps.members[2].name == "features.age");
  CHECK(series("{type: outcome, id: a, actual: [1, 0], times: 7}").times == 7);
}

TEST_CASE("limit tests: quotes make a text, and some members are texts always") {
  const auto s = series(
      "{type: prediction, id: [7*2], model_version: 3, prediction: [\"1\", 0..1*2], segments: {region: [1..2*3]}}");
  using Kind = Scalar::Kind;
  CHECK(s.members[0].runs[0].value.kind == Kind::text);
  CHECK(s.members[1].runs[0].value.text == "3");
  CHECK(s.members[1].runs[0].value.kind == Kind::text);
  CHECK(s.members[2].runs[0].value.kind == Kind::text);
  CHECK(s.members[2].runs[1].last == 1.0);
  CHECK(s.members[3].runs[0].value.text == "1..2");  // a group may be called so
  CHECK_FALSE(s.members[3].runs[0].last);
}

TEST_CASE("limit tests: everything that is wrong has its place") {
  const auto text = pilots + R"(  - name: t
    pilot: q
    records:
      - {type: prediction, every: 1h, prediction: 1, predicton: 1}
      - {type: outcome, id: a, actual: [1*0], time: soon}
    expect: []
  - name: t
    pilot: p
    records:
      - {type: prediction, id: a, features: {aeg: 3}, segments: [north]}
    expect:
      - {limit: error, at: 1d, state: ok}
      - {limit: by-region, never: breach}
      - {limit: errors, group: north, never: [broken]}
      - {limit: errors, state: ok}
      - {limit: errors, at: 1d, never: breach}
      - {limit: errors, never: breach, transitions: []}
      - {limit: errors}
      - {limit: errors, transitions: [{to: ok, at: 1d, by: 2d}, {at: 1d}, {to: ok, after: 2d, by: 1d}]}
)";
  CHECK(problems(text) == R"(p.yml:12:12: tests[0].pilot: 'q' is not a pilot; configured: p
p.yml:14:9: tests[0].records[0].id: is required
p.yml:14:28: tests[0].records[0].every: needs times: N beside it, or a member with a list of values
p.yml:14:54: tests[0].records[0].predicton: unknown key; did you mean 'prediction'? known: type, time, every, times, id, part, model_version, prediction, score, features, segments, latency_ms, weight, failed
p.yml:15:41: tests[0].records[1].actual[0]: is repeated 1 to 1000000 times
p.yml:15:53: tests[0].records[1].time: must be a time from the start on such as 7d or 1h30m (at most 20y), a day, 2026-03-01, or a time, 2026-03-01T08:00:00+01:00, got 'soon'
p.yml:16:13: tests[0].expect: needs at least one expectation
p.yml:17:11: tests[1].name: 't' is given twice; the first is in line 11
p.yml:20:46: tests[1].records[0].features.aeg: 'aeg' is not a feature of the pilot; configured: age
p.yml:20:65: tests[1].records[0].segments: must be a map of names and values, got a list
p.yml:22:17: tests[1].expect[0].limit: 'error' is not a limit of the pilot; did you mean 'errors'? configured: errors, by-region
p.yml:23:17: tests[1].expect[1].limit: is about the groups of region; say which one (group: ...)
p.yml:24:25: tests[1].expect[2].group: is only for limits on groups (segment)
p.yml:24:47: tests[1].expect[2].never[0]: must be one of collecting, ok, warning, breach, recovering, no_data, insufficient, got 'broken'
p.yml:25:25: tests[1].expect[3].state: needs at beside it: when
p.yml:26:25: tests[1].expect[4].at: is only for state
p.yml:27:9: tests[1].expect[5]: takes one of state, transitions, never, not several
p.yml:28:9: tests[1].expect[6]: needs one of state (with at), transitions, never
p.yml:29:39: tests[1].expect[7].transitions[0]: takes at, or after and by
p.yml:29:65: tests[1].expect[7].transitions[1].to: is required
p.yml:29:75: tests[1].expect[7].transitions[2]: after is later than by
)");
}

TEST_CASE("limit tests: there may be a million records, and no more") {
  CHECK(problems(with("{type: change, what: model, times: 1000000}")).empty());
  CHECK_THAT(problems(with("{type: change, what: model, times: 1000000}, {type: change, what: data}")),
             Catch::Contains("records[1]: makes it more than 1000000 records in one test"));
  CHECK_THAT(problems(with("{type: outcome, id: a, actual: [1*900000, 0*900000]}")),
             Catch::Contains("has more than 1000000 records"));
}

TEST_CASE("limit tests: what is shown is the same test again") {
  const auto text = pilots + R"(  - name: "all: of it"
    pilot: p
    start: 2026-03-02
    end: 30d
    file: more.ndjson
    records:
      - {type: prediction, id: a, time: 2h, every: 1h, times: 9, prediction: ["1*2*3", 0.5*2, true], score: [0..1*4],
         features: {age: [1, 2]}, segments: {region: "a b"}}
      - {type: review, prediction_id: a-1, final: 1, opened_at: 3h, time: 4h}
    expect:
      - {limit: by-region, group: "1", at: 8d, state: breach}
      - {limit: errors, transitions: [ok, {to: breach, after: 1d, by: 2d}, {to: ok, at: 3d}]}
      - {limit: errors, transitions: []}
      - {limit: errors, never: [breach, no_data]}
)";
  const auto shown = [](const Settings& settings) {
    return show(settings, [](const Pilot&, const Limit&) { return std::string(); });
  };
  const auto once = shown(valid(text));
  CHECK(shown(valid(once)) == once);
  for (const auto* key : {"start", "end", "file", "every", "times", "opened_at", "group", "at", "state", "transitions",
                          "never", "after", "by", "to"})
    CHECK((once.find(" " + std::string(key) + ": ") != std::string::npos ||
           once.find("{" + std::string(key) + ": ") != std::string::npos ||
           once.find(" " + std::string(key) + ":\n") != std::string::npos));
}

TEST_CASE("limit tests: times lie within 20 years of the start, and what is expected not before it") {
  const auto text = pilots + R"(  - name: t
    pilot: p
    end: 2046-01-01
    records:
      - {type: prediction, id: a, time: 2500-01-01, prediction: 1}
      - {type: prediction, id: a, time: 1990-01-01, prediction: 1}
      - {type: prediction, id: a, every: 1d, times: 7301, prediction: 1}
      - {type: prediction, id: a, every: 1d, times: 7302, prediction: 1}
      - {type: prediction, id: a, every: 200y, times: 900000, prediction: 1}
    expect:
      - {limit: errors, at: 2023-12-31, state: collecting}
      - {limit: errors, transitions: [{to: ok, by: 2023-12-31}]}
)";
  CHECK(problems(text) == R"(p.yml:13:10: tests[0].end: is more than 20 years from the start of the test, 2023-12-31T23:00:00Z
p.yml:15:41: tests[0].records[0].time: is more than 20 years from the start of the test, 2023-12-31T23:00:00Z
p.yml:16:41: tests[0].records[1].time: is more than 20 years from the start of the test, 2023-12-31T23:00:00Z
p.yml:18:42: tests[0].records[3].every: leads more than 20 years from the start of the test, 2023-12-31T23:00:00Z
p.yml:19:42: tests[0].records[4].every: leads more than 20 years from the start of the test, 2023-12-31T23:00:00Z
p.yml:21:29: tests[0].expect[0].at: is before the start of the test, 2023-12-31T23:00:00Z
p.yml:22:52: tests[0].expect[1].transitions[0].by: is before the start of the test, 2023-12-31T23:00:00Z
)");
}

TEST_CASE("limit tests: an expectation that can never fail is none") {
  const auto text = pilots + R"(  - name: t
    pilot: p
    records: [{type: prediction, id: a, prediction: 1}]
    expect:
      - {limit: errors, never: warning}
      - {limit: errors, never: [warning, recovering]}
      - {limit: errors, never: [warning, breach]}
)";
  CHECK(problems(text) ==
        "p.yml:15:32: tests[0].expect[0].never: can never fail: a limit on windows is never warning, and recovering only "
        "with keep_firing_for\n"
        "p.yml:16:32: tests[0].expect[1].never: can never fail: a limit on windows is never warning, and recovering only "
        "with keep_firing_for\n");
}

TEST_CASE("places: of keys, elements and limits; of what is not in the file where it would be") {
  const std::string text = R"(notify:
  alertmanagers: [{url: "http://a:1"}]
pilots:
  - name: p
    preset: fraud
    outcome_horizon: 1d
    limits:
      - {name: x, metric: volume, window: day, min: 1}
)";
  const Places places(text);
  const auto at = [&](const std::string& path) {
    const auto place = places.of(path);
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  };
  CHECK(at("notify.alertmanagers[0].url") == "2:25");
  CHECK(at("notify.alertmanagers[0].name") == "2:19");
  CHECK(at("notify.webhooks[3].url") == "2:3");
  CHECK(at("storage.max_bytes") == "1:1");
  const auto settings = valid(text);
  const auto& pilot = settings.pilots.at(0);
  CHECK(places.limit(0, pilot.limits.back()) == "pilots[0].limits[0]");
  CHECK(at(places.limit(0, pilot.limits.back()) + ".min") == "8:53");
  CHECK(at(places.limit(0, pilot.limits.front())) == "5:13");
}

TEST_CASE("places: of Alertmanagers, which are two lists in the settings, with a url and with dns") {
  const Places places(R"(notify:
  alertmanagers:
    - {dns: a}
    - {url: "http://b:1"}
    - {dns: c}
    - {url: "http://d:1"}
)");
  CHECK(places.alertmanager(0, true) == "notify.alertmanagers[0]");
  CHECK(places.alertmanager(1, true) == "notify.alertmanagers[2]");
  CHECK(places.alertmanager(0, false) == "notify.alertmanagers[1]");
  CHECK(places.alertmanager(1, false) == "notify.alertmanagers[3]");
  CHECK(places.alertmanager(2, false) == "notify.alertmanagers");
}
