// SPDX-License-Identifier: Apache-2.0
#include "app/web_urls.h"

#include <catch2/catch.hpp>

using namespace pilotwatch;
using namespace pilotwatch::app;

namespace {

std::string both(const std::string& external, const std::string& prefix) {
  const auto urls = web_urls(external, prefix);
  return urls.has_error() ? urls.error().what : urls->external + " " + urls->prefix;
}

std::vector<std::string> patterns(const std::string& prefix) {
  const auto nothing = [](runtime::HttpRequest&&, const runtime::Respond&) {};
  std::vector<std::string> out;
  for (const auto& route : under_prefix({{"GET", "/", "page", 0, nothing}, {"GET", "/api/{pilot}", "api", 0, nothing}}, prefix))
    out.push_back(route.pattern);
  return out;
}
using Patterns = std::vector<std::string>;

}  // namespace

TEST_CASE("web urls: paths begin with the external URL's path, unless a prefix says otherwise") {
  CHECK(both("", "") == " ");
  CHECK(both("http://a:1", "") == "http://a:1 ");
  CHECK(both("http://a:1/", "") == "http://a:1 ");
  CHECK(both("https://a/watch//", "") == "https://a/watch /watch");
  CHECK(both("https://a/x/y%20z", "") == "https://a/x/y%20z /x/y z");
  CHECK(both("https://a/watch", "/") == "https://a/watch ");
  CHECK(both("https://a/watch", "in/ner/") == "https://a/watch /in/ner");
  CHECK(both("", "/watch") == " /watch");
}

TEST_CASE("web urls: what would make bad links or unreachable paths is refused") {
  CHECK(both("watch.example", "") == "--web.external-url: not http(s)://host:port/path: 'watch.example'");
  for (const char* bad : {"http://[no", "http://a/?q=1", "http://a/#x", "http://a b"}) {
    CHECK_THAT(both(bad, ""), Catch::StartsWith("--web.external-url: not http"));
  }
  for (const char* bad : {"http://a/%zz", "http://a/x//y", "http://a/{x}", "http://a/x%2Fy", "http://a/../x"}) {
    CHECK_THAT(both(bad, ""), Catch::StartsWith("--web.external-url: no path"));
  }
  for (const char* bad : {"/x?y", "/%", "/a/{b}"}) CHECK_THAT(both("", bad), Catch::StartsWith("--web.route-prefix"));
}

TEST_CASE("web urls: routes stand under the prefix, and its ends lead to the page") {
  CHECK(patterns("") == Patterns{"/", "/api/{pilot}"});
  CHECK(patterns("/w x") == Patterns{"/w x/", "/w x/api/{pilot}", "/", "/w x"});
  const auto routes = under_prefix({}, "/w x");
  REQUIRE(routes.size() == 2);
  routes[0].handler({}, [](const runtime::HttpResponse& answer) {
    CHECK(answer.status == 302);
    CHECK(answer.headers == decltype(answer.headers){{"Location", "/w%20x/"}});
  });
}
