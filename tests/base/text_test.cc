// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace pilotwatch;

TEST_CASE("utf-8: valid text stays, every broken byte becomes U+FFFD") {
  CHECK(to_valid_utf8("na\xC3\xAFve \xF0\x9F\x98\x80") == "na\xC3\xAFve \xF0\x9F\x98\x80");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(to_valid_utf8("a\xFFz") == "a" + bad + "z");
  CHECK(to_valid_utf8("\xC0\xAF") == bad + bad);                      // overlong
  CHECK(to_valid_utf8("\xED\xA0\x80") == bad + bad + bad);            // surrogate
  CHECK(to_valid_utf8("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(to_valid_utf8("\xE2\x82") == bad + bad);                      // cut off
}

TEST_CASE("ellipsis: never cuts a character in two") {
  CHECK(ellipsis("abc", 3) == "abc");
  CHECK(ellipsis("a\xC3\xAFz", 2) == "a...");
}

TEST_CASE("numbers: shortest form that reads back") {
  CHECK(format_number(0.1) == "0.1");
  CHECK(format_number(1763900000.1234567) == "1763900000.1234567");
  CHECK(format_number(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(format_number(-std::numeric_limits<double>::infinity()) == "-Inf");
}

TEST_CASE("closest: one clear neighbour or none") {
  const std::string_view keys[] = {"windows", "limits", "features", "min", "max"};
  CHECK(closest("window", keys) == "windows");
  CHECK(closest("featrues", keys) == "features");
  CHECK_FALSE(closest("colour", keys));
  CHECK_FALSE(closest("mix", keys));  // min or max?
}
