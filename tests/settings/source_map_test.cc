// SPDX-License-Identifier: Apache-2.0
#include "settings/show.h"
#include "settings/support.h"

using namespace pilotwatch::settings;
using pilotwatch::settings::testing::problems;
using pilotwatch::settings::testing::valid;

namespace {

std::string with_source(const std::string& keys) {
  return "pilots: [{name: p, task: binary}]\nsources:\n- {name: s, " + keys + "}\n";
}

/// The first problem behind "sources[0]."; "" where there is none.
std::string first(const std::string& keys) {
  const auto all = problems(with_source(keys));
  const auto at = all.find("sources[0].");
  return at == std::string::npos ? all : all.substr(at + 11, all.find('\n', at) - at - 11);
}

std::string rule(const std::string& rest) { return first("http: true, map: [{" + rest + "}]"); }
std::string field(const std::string& member, const std::string& value) {
  return rule("type: prediction, fields: {id: i, time: t, " + member + ": " + value + "}");
}

}  // namespace

TEST_CASE("mistakes in rules are named with their place") {
  CHECK(rule("type: predicton, fields: {}").starts_with("map[0].type: must be one of prediction, outcome,"));
  CHECK(rule("type: outcome") == "map[0].fields: is required");
  CHECK(rule("type: outcome, fields: {id: i, time: t}") == "map[0].fields: a outcome needs actual");
  CHECK(rule("type: outcome, fields: {id: i, time: t, actual: a, score: s}")
            .starts_with("map[0].fields.score: 'score' is no member of a outcome"));
  CHECK(rule("type: outcome, fields: {id: i, time: t, actual: a}, when: {at: x}") ==
        "map[0].when: needs one of present, equals, in");
  CHECK(rule("type: outcome, extends: true, fields: {actual: a}") ==
        "map[0]: extends: the preset has no rule that makes a outcome");
  CHECK(first("http: true, map: []") == "map: needs at least one rule");
  CHECK(first("otlp: true, separator: \";\"") == "separator: is only for sources of kind file and http");
}

TEST_CASE("mistakes in fields are named with their place") {
  CHECK(field("score", "/a~2") ==
        "map[0].fields.score: '/a~2' is no JSON Pointer: ~ is written ~0, and / within a name ~1");
  CHECK(field("score", "{}") == "map[0].fields.score: needs one of from, join, value");
  CHECK(field("score", "{from: a, value: 1}") == "map[0].fields.score.value: only one of from, join, value");
  CHECK(field("score", "[]") == "map[0].fields.score: needs at least one pointer");
  CHECK(field("score", "{from: a, unit: us}") == "map[0].fields.score.unit: is only for latency_ms");
  CHECK(field("score", "{from: a, time: unix_s}") == "map[0].fields.score.time: is only for time and opened_at");
  CHECK(field("segments", "{from: a, else: x}") == "map[0].fields.segments.else: belongs to values");
  CHECK(field("failed", "{from: a, names: [x]}") ==
        "map[0].fields.failed.names: is only for features, segments, score and prediction");
  CHECK(field("id.x", "a").find("is no member of a prediction") != std::string::npos);
  CHECK(
      field("latency_ms", "{from: a, unit: min}").starts_with("map[0].fields.latency_ms.unit: must be one of ns, us"));
  const auto time = [](const std::string& value) {
    return rule("type: change, fields: {what: {value: data}, time: " + value + "}");
  };
  CHECK(time("{from: t, time: \"%Y\"}") == "map[0].fields.time.time: '%Y': has no month (%m)");
  CHECK(time("{from: t, time: unix_s, zone: UTC}") == "map[0].fields.time.zone: belongs to a pattern such as %d/%m/%Y");
  CHECK(time("{from: t, time: \"%F\", zone: Mars}").starts_with("map[0].fields.time.zone: unknown time zone 'Mars'"));
  CHECK(time("{from: t, time: \"%F\", zone: Europe/Amsterdam}").empty());
}

TEST_CASE("presets are sound, and OTLP has one by itself") {
  for (const auto* preset : source_preset_names) {
    const auto settings = valid(with_source("http: true, preset: " + std::string(preset)));
    const auto& mapping = settings.sources.front().mapping;
    const bool by_names = mapping.preset == SourcePreset::pilotwatch || mapping.preset == SourcePreset::csv;
    CHECK(mapping.preset_rules.empty() == by_names);
    CHECK(mapping.identity() == (mapping.preset == SourcePreset::pilotwatch));
  }
  CHECK(valid(with_source("otlp: true")).sources.front().mapping.preset == SourcePreset::otel_genai);
  CHECK(first("http: true, preset: kserve, map: [{type: prediction, extends: true, fields: {}}, {type: prediction, "
              "fields: {id: i, time: t}}]") ==
        "map[0]: extends: the preset's rules of this type are replaced by another rule of this source");
}

TEST_CASE("the configuration that is shown reads back as the same") {
  const auto yaml = with_source(
      "file: f, format: csv, separator: tab, preset: csv, map: [{type: prediction, when: {at: kind, equals: \"1\"}, "
      "each: "
      "{at: /rows, as: split, when: [{at: x, present: false}]}, fields: {id: {join: [$/id, \"#\"], with: \"#\"}, time: "
      "{from: t, time: \"%d.%m.%Y\", zone: Europe/Berlin}, prediction: {from: [a, [b, \"=c\"]], values: {yes: 1, no: "
      "\"0\"}, "
      "else: false}, latency_ms: {from: l, unit: ns}, features: {from: ., names: [u, v]}, segments.d: {from: \"*\", "
      "default: "
      "\"7\"}, failed: {value: true}}}, {type: outcome, extends: true, fields: {time: $received}}]");
  const auto note = [](const Pilot&, const Limit&) { return std::string(); };
  const auto shown = show(valid(yaml), note);
  CHECK(shown.find("extends: true") != std::string::npos);
  CHECK(show(valid(shown), note) == shown);
}
