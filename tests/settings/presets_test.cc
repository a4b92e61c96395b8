// SPDX-License-Identifier: Apache-2.0
#include "settings/presets.h"

#include <algorithm>

#include "settings/support.h"

using namespace pilotwatch::settings;
using pilotwatch::settings::testing::problems;
using pilotwatch::settings::testing::valid;

namespace {

/// The least that a pilot with the preset needs, and more keys.
std::string minimal(std::string_view preset, const std::string& more = "") {
  return "pilots:\n- name: p\n  preset: " + std::string(preset) +
         "\n  outcome_horizon: 7d\n  features: [{name: age, kind: numeric}, {name: sex, kind: categorical}]\n" +
         "  segments: {attributes: [region]}\n" + (preset == "automation" ? "  classes: [a, b]\n" : "") + more;
}

Pilot pilot(const std::string& yaml) { return valid(yaml).pilots.at(0); }

const Limit* limit(const Pilot& pilot, std::string_view name) {
  const auto found = std::ranges::find(pilot.limits, name, &Limit::name);
  return found == pilot.limits.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("presets: each loads alone, and says what it watches and what it cannot see") {
  CHECK(presets().size() == 5);
  for (const auto& preset : presets()) {
    CAPTURE(preset.name);
    CHECK(!preset.watches.empty());
    CHECK(!preset.blind.empty());
    const std::string classes = preset.name == "automation" ? ", classes: [a, b]" : "";
    const auto alone =
        pilot("pilots: [{name: p, outcome_horizon: 7d, preset: " + std::string(preset.name) + classes + "}]");
    CHECK(alone.preset == preset.name);
    CHECK(alone.limits.size() >= 3);
    for (const auto& each : pilot(minimal(preset.name)).limits) {
      CAPTURE(each.name);
      CHECK(!each.reason.empty());
      CHECK(!each.action.empty());
      CHECK(each.source == "preset " + std::string(preset.name) + ": proposed, adopted by nobody yet");
    }
  }
}

TEST_CASE("presets: a limit for each feature and each attribute") {
  const auto fraud = pilot(minimal("fraud"));
  for (const auto* name : {"drift-of-age", "drift-of-sex", "drift-of-score", "picked-by-region"}) {
    CAPTURE(name);
    REQUIRE(limit(fraud, name) != nullptr);
    CHECK(limit(fraud, name)->evidence == Evidence::budget);
  }
  CHECK(limit(fraud, "picked-by-region")->segment == "region");
  CHECK(limit(fraud, "drift-of-age")->feature == "age");
}

TEST_CASE("presets: limits of another task are left out") {
  CHECK(limit(pilot(minimal("forecast")), "interval-too-narrow") == nullptr);
  CHECK(limit(pilot(minimal("forecast", "  task: quantile\n")), "interval-too-narrow") != nullptr);
}

TEST_CASE("presets: the pilot's own keys and limits win") {
  const auto own = pilot(minimal("fraud",
                                 "  output: benefit\n  reference: {first: 500}\n  limits:\n"
                                 "  - {name: picked, metric: selection_rate, window: day, max: 0.5}\n"
                                 "  - {name: mine, metric: volume, window: day, min: 1}\n"
                                 "  - {name: drift-of-score, off: true, reason: There are no scores.}\n"));
  CHECK(own.output == Orientation::benefit);
  CHECK(own.reference.first == 500);
  CHECK(own.reference.bins == Reference{}.bins);  // the key as a whole
  CHECK(limit(own, "picked")->max == 0.5);
  CHECK(limit(own, "picked")->reason.empty());
  CHECK(limit(own, "mine") != nullptr);
  CHECK(limit(own, "drift-of-score") == nullptr);
  CHECK(limit(own, "needless-checks") != nullptr);
}

TEST_CASE("presets: what does not fit the pilot is reported where the preset is named") {
  CHECK(
      problems("pilots:\n- {name: p, preset: frad}\n") ==
      "p.yml:2:21: pilots[0].preset: must be one of automation, fraud, forecast, allocation, chatbot, got 'frad'; did "
      "you mean 'fraud'?\n");
  CHECK(problems("pilots:\n- {name: p,\n   preset: chatbot}\n") ==
        "p.yml:3:12: pilots[0].preset: needs outcome_horizon beside it: after so long the outcome of nearly all "
        "decisions "
        "is known\n");
  const auto found =
      problems("pilots:\n- name: p\n  outcome_horizon: 1d\n  windows: [day, month]\n  preset: chatbot\n");
  CHECK(found.find("p.yml:5:11: pilots[0].preset(chatbot).limits[bad-answers].window: week is not one of the pilot's "
                   "windows; configured: day, month\n") != std::string::npos);
  CHECK(problems("pilots:\n- {name: p, preset: automation, outcome_horizon: 1d}\n") ==
        "p.yml:2:3: pilots[0].classes: is required\n");
}

TEST_CASE("presets: only a limit of the preset can be turned off, and only with true") {
  const auto turned_off = [](const std::string& entry) {
    return problems(minimal("chatbot", "  limits:\n  - " + entry + "\n"));
  };
  CHECK(turned_off("{name: failures, off: true}").empty());
  CHECK(turned_off("{name: failure, off: true}") ==
        "p.yml:8:12: pilots[0].limits[0].name: 'failure' is not a limit of the preset; did you mean 'failures'? "
        "configured: bad-answers, bad-answers-by-region, complaints, drift-of-age, drift-of-sex, failures, "
        "answers-graded, silence\n");
  CHECK(turned_off("{name: failures, off: no, metric: volume, window: day, min: 1}")
            .find("off: must be true, to turn off a limit of the preset, or left out, got 'no'") != std::string::npos);
  CHECK(turned_off("{name: failures, off: true, max: 1}").find("max: unknown key") != std::string::npos);
  CHECK(problems("pilots:\n- {name: p, task: binary, limits: [{name: a, off: true}]}\n")
            .find("is for limits of a preset, and the pilot has none") != std::string::npos);
}

TEST_CASE("presets: a limit knows where it was written, or where its preset is named") {
  const auto p = pilot(minimal("automation", "  limits:\n  - {name: errors, metric: error_rate, window: week, max: 0.05}\n"));
  const auto* own = limit(p, "errors");
  const auto* ready = limit(p, "failures");
  REQUIRE(own != nullptr);
  REQUIRE(ready != nullptr);
  CHECK(own->line == 9);
  CHECK(own->preset.empty());
  CHECK(ready->line == 3);
  CHECK(ready->preset == "automation");
}
