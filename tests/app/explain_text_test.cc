// SPDX-License-Identifier: Apache-2.0
// What `explain` prints, against golden/explain.80.txt and .120.txt, made of golden/explain.json (answers of a daemon,
// with a hostile group). PILOTWATCH_GOLDEN=write writes them anew: look at the difference.
#include "app/explain_text.h"

#include <catch2/catch.hpp>

#include "app/golden.h"
#include "app/screen_text.h"

using namespace pilotwatch;
using namespace pilotwatch::app;

TEST_CASE("screen text: nothing that moves the cursor or turns the text comes through") {
  CHECK(printable("a\x1b[2J\r\n\tb\x7f") == "a?[2J???b?");
  CHECK(printable("\xc2\x9b"
                  "31m") == "?31m");  // CSI as one character
  CHECK(printable("\xe2\x80\xae"
                  "abc") == "?abc");  // right to left from here on
  CHECK(printable("caf\xc3\xa9 \xff") == "caf\xc3\xa9 \xef\xbf\xbd");
}

TEST_CASE("screen text: columns, not bytes") {
  CHECK(columns("caf\xc3\xa9") == 4);
  CHECK(columns("\xe6\x97\xa5\xe6\x9c\xac") == 4);
  CHECK(columns("e\xcc\x81") == 1);
  CHECK(left("caf\xc3\xa9", 6) == "caf\xc3\xa9  ");
  CHECK(left("abcdef", 4) == "ab..");
  CHECK(left("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5) == "\xe6\x97\xa5.. ");
  CHECK(right("7", 3) == "  7");
}

TEST_CASE("screen text: lines break at spaces, and where there are none") {
  CHECK(wrapped("one two three", 8) == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("abcdefgh", 3) == std::vector<std::string>{"abc", "def", "gh"});
  CHECK(wrapped("", 10) == std::vector<std::string>{""});
}

TEST_CASE("screen text: numbers of any size in few columns") {
  CHECK(short_count(950) == "950");
  CHECK(short_count(12'345) == "12.3k");
  CHECK(short_count(999'600) == "1M");
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(3.5 * 1024 * 1024) == "3.5 MB");
  CHECK(bar(0, 4) == "....");
  CHECK(bar(.01, 4) == "#...");
  CHECK(bar(7, 4) == "####");
}

TEST_CASE("explain: the text in 80 and in 120 columns") {
  const auto data = nlohmann::ordered_json::parse(testing::golden("explain.json"));
  for (const std::size_t width : {80U, 120U}) {
    CAPTURE(width);
    const auto text = explain_text(data, width, false);
    testing::check_golden("explain." + std::to_string(width) + ".txt", text);
    testing::check_lines(text, width);
  }
}

TEST_CASE("explain: whatever the width, no line is wider and nothing fails") {
  const auto data = nlohmann::ordered_json::parse(testing::golden("explain.json"));
  for (std::size_t width = 60; width < 130; width += 7) testing::check_lines(explain_text(data, width, true), width);
}

TEST_CASE("explain: a pilot without alerts, and one without limits") {
  auto data = nlohmann::ordered_json::parse(testing::golden("explain.json"));
  auto calm = data;
  calm["limits"].erase(calm["limits"].begin(), calm["limits"].end() - 2);
  CHECK(explain_text(calm, 80, false).starts_with("No alert is out of routing. Its limits:\n  ok"));
  data["limits"].clear();
  CHECK(explain_text(data, 80, false) == "No limit of routing has been looked at yet.\n");
}
