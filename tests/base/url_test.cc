// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

#include <catch2/catch.hpp>

using namespace pilotwatch;

TEST_CASE("url: the authority of what is http(s)://host[:port][/path], and nothing else") {
  using enum UrlQuery;
  CHECK(url_authority("http://am:9093/x", refused) == "am:9093");
  CHECK(url_authority("https://[::1]:9094", refused) == "[::1]:9094");
  CHECK(url_authority("http://a_b.example", refused) == "a_b.example");
  CHECK(url_authority("http://h/x?y=1", allowed) == "h");
  for (const char* bad : {"", "am:9093", "ftp://am", "http://", "http://[no", "http://[]", "http://a b", "http://a:0", "http://a:65536",
                          "http://a:x", "http://u@a", "http://a/x#y", "http://a/x?y=1", "http://a/\xC3\xA9", "//a"}) {
    CAPTURE(bad);
    CHECK(url_authority(bad, refused).empty());
  }
}

TEST_CASE("url: the path is what follows the authority") {
  CHECK(url_path("http://a").empty());
  CHECK(url_path("http://a/") == "/");
  CHECK(url_path("https://[::1]:1/x/y") == "/x/y");
}
