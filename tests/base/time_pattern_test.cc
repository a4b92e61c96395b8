// SPDX-License-Identifier: Apache-2.0
#include "base/time_pattern.h"

#include <catch2/catch.hpp>

using namespace pilotwatch;

namespace {

std::string read(std::string_view pattern, std::string_view text, std::string_view zone = "UTC") {
  const auto compiled = TimePattern::compile(pattern);
  if (!compiled) return compiled.error().what;
  const auto time = compiled->parse(text, *Zone::find(zone));
  return time ? format_rfc3339(*time) : "no";
}

}  // namespace

TEST_CASE("times by a pattern") {
  CHECK(read("%Y-%m-%d %H:%M:%S", "2026-07-01 08:05:09") == "2026-07-01T08:05:09Z");
  CHECK(read("%d/%m/%y", "1/2/26") == "2026-02-01T00:00:00Z");
  CHECK(read("%d/%m/%y", "1/2/69") == "1969-02-01T00:00:00Z");
  CHECK(read("%e %b %Y %I:%M %p", " 5 sep 2026 12:30 AM") == "2026-09-05T00:30:00Z");
  CHECK(read("%B %d, %Y %I%p", "September 5, 2026 1PM") == "2026-09-05T13:00:00Z");
  CHECK(read("%FT%T.%f%z", "2026-07-01T10:00:00.1239+02:00") == "2026-07-01T08:00:00.123Z");
  CHECK(read("%F %R%z", "2026-07-01 10:00-0130") == "2026-07-01T11:30:00Z");
  CHECK(read("%F %T%z", "2026-07-01 10:00:00Z", "Europe/Amsterdam") == "2026-07-01T10:00:00Z");
  CHECK(read("%d-%m-%Y%%", "01-07-2026%") == "2026-07-01T00:00:00Z");
  CHECK(read("%F %T", "2016-12-31   23:59:60") == "2017-01-01T00:00:00Z");
}

TEST_CASE("the zone's clock: summer, winter, the hour that comes twice and the one that does not come") {
  CHECK(read("%F %T", "2026-07-01 10:00:00", "Europe/Amsterdam") == "2026-07-01T08:00:00Z");
  CHECK(read("%F %T", "2026-01-01 10:00:00", "Europe/Amsterdam") == "2026-01-01T09:00:00Z");
  CHECK(read("%F %T", "2026-10-25 02:30:00", "Europe/Amsterdam") == "2026-10-25T00:30:00Z");
  CHECK(read("%F %T", "2026-03-29 02:30:00", "Europe/Amsterdam") == "2026-03-29T01:00:00Z");
}

TEST_CASE("what is no such time") {
  for (const auto* text : {"", "2026-02-30", "2026-13-01", "2026-1", "x2026-01-01", "2026-01-01 ", "0000-01-01"})
    CHECK(read("%F", text) == "no");
  CHECK(read("%F %z", "2026-01-01 +1") == "no");
  CHECK(read("%F %z", "2026-01-01 ") == "no");
  CHECK(TimePattern().parse("2026-01-01", Zone()) == std::nullopt);
}

TEST_CASE("what is no pattern") {
  CHECK(read("%Y-%m", "") == "has no day (%d)");
  CHECK(read("%m-%d", "") == "has no year (%Y)");
  CHECK(read("%Y %d", "") == "has no month (%m)");
  CHECK(read("%F %I", "") == "%I and %p (AM, PM) belong together");
  CHECK(read("%F %d", "") == "%d stands there twice");
  CHECK(read("%F %q", "").starts_with("%q is not one of "));
  CHECK(read("%F %", "").starts_with("% is not one of "));
}
