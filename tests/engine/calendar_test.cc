// SPDX-License-Identifier: Apache-2.0
#include "engine/calendar.h"

#include <catch2/catch.hpp>

using namespace pilotwatch;
using namespace pilotwatch::engine;
using settings::WindowKind;

TEST_CASE("calendar: day, ISO week and month start and end where people say they do") {
  const Day day = day_of(Zone{}, *parse_rfc3339("2026-03-01T08:00:00Z"));  // a Sunday
  const auto text = [](Day d) { return format_rfc3339(start_of(Zone{}, d)).substr(0, 10); };
  CHECK(text(window_start(WindowKind::day, day)) == "2026-03-01");
  CHECK(text(window_start(WindowKind::week, day)) == "2026-02-23");
  CHECK(text(window_next(WindowKind::week, window_start(WindowKind::week, day))) == "2026-03-02");
  CHECK(text(window_start(WindowKind::month, day)) == "2026-03-01");
  CHECK(text(window_next(WindowKind::month, day)) == "2026-04-01");
  const Day old = day_of(Zone{}, *parse_rfc3339("1920-02-29T00:00:00Z"));
  CHECK(text(window_start(WindowKind::month, old)) == "1920-02-01");
  CHECK(text(window_next(WindowKind::month, window_start(WindowKind::month, old))) == "1920-03-01");
}

TEST_CASE("calendar: every day lies in its window, and windows follow without gap") {
  for (const auto kind : {WindowKind::day, WindowKind::week, WindowKind::month}) {
    Day expected = window_start(kind, -20'000);
    for (Day day = expected; day < 20'000; ++day) {
      const Day start = window_start(kind, day);
      REQUIRE(start <= day);
      REQUIRE(day < window_next(kind, start));
      if (start != expected) {
        REQUIRE(start == window_next(kind, expected));
        expected = start;
      }
    }
  }
}
