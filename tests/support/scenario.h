// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decode.h"
#include "judge/fold.h"

namespace pilotwatch::testing {

inline Instant at(const char* text) { return *parse_rfc3339(text); }

inline settings::Pilot binary_pilot(std::string name = "p") {
  settings::Pilot pilot;
  pilot.name = std::move(name);
  pilot.task = settings::Task::binary;
  pilot.classes = {"0", "1"};
  pilot.positive = pilot.classes.back();
  pilot.clock = settings::PilotClock::event;
  pilot.windows = {{settings::WindowKind::day, 0}, {settings::WindowKind::all, 0}};
  pilot.segments.min_n = 1;
  return pilot;
}

inline settings::Settings settings_of(std::vector<settings::Pilot> pilots) {
  settings::Settings out;
  out.pilots = std::move(pilots);
  return out;
}

/// NDJSON in, figures out: the fold with a decoder in front, and everything it reported.
class Scenario {
 public:
  explicit Scenario(settings::Settings given)
      : settings(std::make_unique<settings::Settings>(std::move(given))), decoder(*settings, IdKey{}), fold(*settings) {
    fold.on_transition = [this](const judge::Transition& t) { transitions.push_back(t); };
    fold.on_closing = [this](const settings::Pilot&, const engine::Closing& closing) { closings.push_back(closing); };
  }

  record::Entry entry(std::string_view lines, Instant wall = at("2026-06-01T00:00:00Z")) {
    decode::Input input;
    input.bytes = lines;
    input.any_time = true;
    input.wall = wall;
    auto decoded = decoder.decode(input);
    record::Submission submission;
    submission.source = "test";
    submission.bytes = lines.size();
    submission.rejects = decoded.rejects;
    submission.batch = std::move(decoded.batch);
    record::Entry out;
    out.wall = wall;
    out.submissions.push_back(std::move(submission));
    return out;
  }

  judge::Applied send(std::string_view lines, Instant wall = at("2026-06-01T00:00:00Z")) {
    return fold.apply(entry(lines, wall), ++sequence).front();
  }

  void act(record::Action action, Instant wall = at("2026-06-01T00:00:00Z")) {
    record::Entry out;
    out.wall = wall;
    if (!fold.settle(action, wall)) out.actions.push_back(std::move(action));
    fold.apply(out, ++sequence);
  }

  /// The published figure; fails the test when there is not exactly one (the first of a metric with several formulas).
  engine::Figure figure(std::string_view kind, settings::Metric metric, std::string_view group = "",
                        std::string_view feature = "", std::string_view version = "", std::size_t window = 0) {
    const auto snapshot = fold.snapshot(Instant{});
    for (const auto& result : snapshot->pilots.front().windows) {
      if (result->kind_name != kind) continue;
      if (window-- > 0) continue;
      for (const auto& f : result->figures) {
        if (f.metric == metric && f.group == group && f.feature == feature && f.model_version == version &&
            f.compare.empty())
          return f;
      }
    }
    FAIL("no figure " << kind << " " << settings::metric_names[static_cast<std::size_t>(metric)] << " " << group
                      << feature);
    return {};
  }

  std::string saved() {
    std::string out;
    fold.save(true, [&](const std::string& name, const std::string& bytes) { out += name + "\n" + bytes + "\n"; });
    return out;
  }

  std::unique_ptr<settings::Settings> settings;
  decode::Decoder decoder;
  judge::Fold fold;
  std::uint64_t sequence = 0;
  std::vector<judge::Transition> transitions;
  std::vector<engine::Closing> closings;
};

}  // namespace pilotwatch::testing
