// SPDX-License-Identifier: Apache-2.0
// Until when a pilot counts as paused: rules that tell of silent pilots wait for it.
#include <catch2/catch.hpp>

#include "sinks/views.h"

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using std::chrono::hours;

namespace {

const Instant noon = *parse_rfc3339("2026-01-05T12:00:00Z");

/// Announced at noon by both clocks, for two hours; `now` by the pilot's clock, `wall` by the other.
bool is_paused(settings::PilotClock clock, Millis now, Millis wall) {
  settings::Pilot pilot;
  pilot.name = "p";
  pilot.clock = clock;
  engine::PilotView view;
  view.settings = &pilot;
  view.now = noon + now;
  judge::Snapshot snapshot;
  snapshot.wall = noon + wall;
  judge::Pause pause;
  pause.from = noon;
  pause.until = noon + hours{2};
  pause.from_wall = noon;
  snapshot.pauses["p"].begin(pause);
  return running_pause(snapshot, view) != nullptr;
}

}  // namespace

TEST_CASE("running pause: by events it is over by the first of both clocks, so that a pilot that has gone silent is told of") {
  using enum settings::PilotClock;
  CHECK(is_paused(event, hours{1}, hours{1}));
  CHECK_FALSE(is_paused(event, hours{2}, hours{1}));
  CHECK_FALSE(is_paused(event, hours{1}, hours{2}));  // no event since
  CHECK(is_paused(wall, hours{1}, hours{1}));
  CHECK_FALSE(is_paused(wall, hours{1}, hours{2}));
}

TEST_CASE("running pause: none of a pilot that was never paused") {
  settings::Pilot pilot;
  pilot.name = "p";
  engine::PilotView view;
  view.settings = &pilot;
  CHECK(running_pause({}, view) == nullptr);
}
