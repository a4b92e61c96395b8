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

TEST_CASE("calendar: hours begin with the day and end with it, also where clocks change") {
  const auto zone = *Zone::find("Europe/Amsterdam");
  const auto start = [&](const char* text) { return from_seconds(hour_start(zone, *parse_rfc3339(text))); };
  CHECK(start("2026-01-01T12:59:59.9Z") == *parse_rfc3339("2026-01-01T12:00:00Z"));
  CHECK(start("2026-01-01T12:00:00Z") == *parse_rfc3339("2026-01-01T12:00:00Z"));
  for (const auto& [zone_name, from, to, hours] :
       {std::tuple{"Europe/Amsterdam", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23},
        {"Europe/Amsterdam", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25},
        {"Asia/Kolkata", "2026-01-01T18:30:00Z", "2026-01-02T18:30:00Z", 24},
        {"Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z",
         24}}) {  // 23.5 hours: the last has half
    CAPTURE(zone_name, from);
    const auto there = *Zone::find(zone_name);
    auto at = hour_start(there, *parse_rfc3339(from));
    CHECK(from_seconds(at) == *parse_rfc3339(from));
    int count = 0;
    for (; from_seconds(at) < *parse_rfc3339(to); at = hour_next(there, at)) ++count;
    CHECK(count == hours);
    CHECK(from_seconds(at) == *parse_rfc3339(to));
  }
}

TEST_CASE("calendar: parts of a season follow the clock of the people concerned") {
  using settings::Strata;
  const auto zone = *Zone::find("Europe/Amsterdam");
  const auto at = [&](const char* time, Strata strata) { return stratum_of(zone, strata, *parse_rfc3339(time)); };
  CHECK(at("2026-03-01T23:30:00Z", Strata::none) == 0);
  CHECK(at("2026-03-01T23:30:00Z", Strata::hour_of_day) == 0);  // half past midnight, on a Monday
  CHECK(at("2026-03-01T23:30:00Z", Strata::day_of_week) == 0);
  CHECK(at("2026-03-01T22:59:59Z", Strata::hour_of_week) == 167);
  CHECK(at("2026-03-04T11:00:00Z", Strata::hour_of_week) == 2 * 24 + 12);
  // 29 March has 23 hours, 25 October 25.
  CHECK(at("2026-03-29T21:59:00Z", Strata::hour_of_day) == 22);
  CHECK(at("2026-10-25T22:59:00Z", Strata::hour_of_day) == 23);
  CHECK(stratum_count(Strata::none) == 1);
  CHECK(stratum_count(Strata::hour_of_day) == 24);
  CHECK(stratum_count(Strata::day_of_week) == 7);
  CHECK(stratum_count(Strata::hour_of_week) == 168);
}
