// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <catch2/catch.hpp>

#include "base/zone.h"

using namespace pilotwatch;

namespace {
std::int64_t ms(const char* text) { return parse_rfc3339(text)->time_since_epoch().count(); }
}  // namespace

TEST_CASE("time: RFC 3339 in all its forms names the same instant") {
  CHECK(ms("1970-01-01T00:00:00Z") == 0);
  CHECK(ms("2026-03-01T08:00:00Z") == 1'772'352'000'000);
  CHECK(ms("2026-03-01T09:00:00+01:00") == ms("2026-03-01T08:00:00Z"));
  CHECK(ms("2026-03-01t03:30:00.25-0430") == ms("2026-03-01T08:00:00Z") + 250);
  CHECK(ms("1920-09-26 00:00:00Z") < 0);
  CHECK(ms("2016-12-31T23:59:60Z") == ms("2017-01-01T00:00:00Z"));
  CHECK(ms("2026-01-01T00:00:00.1239Z") % 1000 == 123);
}

TEST_CASE("time: what is not RFC 3339 is refused") {
  for (const auto* text :
       {"", "2026-03-01", "2026-03-01T08:00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z",
        "2026-03-01T08:00:00.Z", "2026-03-01T08:00:00Zx", "0000-01-01T00:00:00Z", "2026-3-1T08:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("time: what is printed reads back") {
  for (const auto* text :
       {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2024-02-29T12:00:00Z", "9999-12-31T23:59:59Z"}) {
    CHECK(format_rfc3339(*parse_rfc3339(text)) == text);
  }
}

TEST_CASE("duration: Prometheus' spelling, both ways") {
  using namespace std::chrono_literals;
  CHECK(*parse_duration("1h30m") == 90min);
  CHECK(*parse_duration("250ms") == 250ms);
  CHECK(*parse_duration("1y") == 8760h);
  CHECK(*parse_duration("0") == 0s);
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(24h * 400) == "400d");
  for (const auto* text :
       {"", "5", "1m1h", "1h1h", "-1s", "1 h", "1x", "99999999999999y", "73000000y3800000000w26000000000d"}) {
    CAPTURE(text);
    CHECK(parse_duration(text).has_error());
  }
}

TEST_CASE("zone: a civil day starts where the clocks say") {
  const Zone zone = *Zone::find("Europe/Amsterdam");
  const auto day = zone.day_of(*parse_rfc3339("2026-03-28T23:30:00Z"));  // 00:30 local, on the day clocks go forward
  CHECK(format_rfc3339(zone.start_of(day)) == "2026-03-28T23:00:00Z");
  CHECK(format_rfc3339(zone.start_of(day + std::chrono::days{1})) == "2026-03-29T22:00:00Z");
  CHECK(Zone{}.day_of(*parse_rfc3339("2026-03-28T23:30:00Z")) + std::chrono::days{1} == day);
  CHECK(Zone::find("Mars/Olympus").has_error());
}
