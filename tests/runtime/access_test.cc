// SPDX-License-Identifier: Apache-2.0
// Who gets an answer, and who holds no place for long.
#include <atomic>
#include <catch2/catch.hpp>

#include "runtime/http.h"
#include "support/http_client.h"

using namespace pilotwatch::runtime;
using pilotwatch::testing::http;
using pilotwatch::testing::HttpClient;
using namespace std::chrono_literals;

namespace {

constexpr const char* u_star_u = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const std::string right = "Authorization: Basic dTpVKlU=\r\n", wrong = "Authorization: Basic dTpVKlY=\r\n";

struct Guarded {
  explicit Guarded(HttpOptions options = {}, Access access = only_u()) : server(std::move(options), routes()) {
    server.set_access(std::make_shared<const Access>(std::move(access)));
    server.start();
  }
  static Access only_u() {
    Access access;
    access.users = {{"u", u_star_u}};
    return access;
  }
  std::vector<Route> routes() {
    const auto echo = [this](HttpRequest&& request, Respond respond) {
      ++handled;
      respond({200, "text/plain", std::move(request.body)});
    };
    Route token{"POST", "/token", "token", 1000, echo};
    token.admits = [](const HttpRequest& request) { return request.header("x-token") == "t" && request.body.empty(); };
    token.refuses = [](const HttpRequest& request) {
      return request.header("x-token") == "old" ? std::optional(problem(403, "an old token")) : std::nullopt;
    };
    return {{"GET", "/hello", "hello", 0, echo}, {"POST", "/echo", "echo", 1000, echo}, token};
  }
  std::uint64_t refused(const char* reason) const { return server.stats().refused.at(reason); }
  [[nodiscard]] std::uint16_t port() const { return server.port(); }

  std::atomic<int> handled{0};
  HttpServer server;
};

}  // namespace

TEST_CASE("access: without the password 401 and a challenge, for every path and method") {
  Guarded s;
  for (const auto* path : {"/hello", "/nowhere"}) {
    for (const std::string& header : {std::string(), wrong, std::string("Authorization: Bearer x\r\n")}) {
      const auto reply = http(s.port(), "GET", path, "", header);
      CHECK(reply.status == 401);
      CHECK(reply.headers.at("www-authenticate") == R"(Basic realm="pilotwatch", charset="UTF-8")");
      CHECK(reply.headers.at("content-type") == "application/problem+json");
    }
  }
  CHECK(s.refused("unauthorized") == 6);
  CHECK(s.handled == 0);
  CHECK(http(s.port(), "GET", "/hello", "", right).status == 200);
  CHECK(http(s.port(), "GET", "/nowhere", "", right).status == 404);
  CHECK(http(s.port(), "POST", "/hello", "", right).status == 405);
}

TEST_CASE("access: a password that was right costs one bcrypt, not one a request") {
  Guarded s;
  HttpClient client(s.port());
  for (int i = 0; i < 20; ++i) CHECK(client.request("GET", "/hello", "", right).status == 200);
  CHECK(s.server.stats().password_checks == 1);
  CHECK(client.request("GET", "/hello", "", wrong).status == 401);
  CHECK(client.request("GET", "/hello", "", right).status == 200);  // the connection was kept
  CHECK(s.server.stats().password_checks == 2);
}

TEST_CASE("access: strangers' bodies are not read, and not asked for") {
  Guarded s;
  HttpClient client(s.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read().status == 401);  // and no 100 before it
  HttpClient other(s.port());
  other.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n" + wrong + "\r\nxxx");
  CHECK(other.read().status == 401);
  CHECK(http(s.port(), "POST", "/echo", std::string(2000, 'x')).status == 401);  // not 413
  HttpClient known(s.port());
  known.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" + right + "\r\n");
  CHECK(known.read().status == 100);
  known.send("abc");
  CHECK(known.read().body == "abc");
}

TEST_CASE("access: a route may know its clients otherwise, by the header alone") {
  Guarded s;
  CHECK(http(s.port(), "POST", "/token", "abc", "X-Token: t\r\n").body == "abc");
  CHECK(http(s.port(), "POST", "/token", "abc", "X-Token: u\r\n").status == 401);
  CHECK(http(s.port(), "POST", "/token", "abc", right).body == "abc");
  CHECK(http(s.port(), "GET", "/hello", "", "X-Token: t\r\n").status == 401);
}

TEST_CASE("access: a route may refuse by the header alone, and reads no body then") {
  Guarded s({}, {});
  HttpClient client(s.port());
  client.send("POST /token HTTP/1.1\r\nHost: t\r\nX-Token: old\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read().status == 403);
  CHECK(client.closed_by_server());  // what would follow is that body
  CHECK(s.handled == 0);
  CHECK(http(s.port(), "POST", "/token", "abc", "X-Token: new\r\n").body == "abc");
  Guarded both;
  CHECK(http(both.port(), "POST", "/token", "abc", "X-Token: old\r\n").status == 401);  // the password comes first
  CHECK(http(both.port(), "POST", "/token", "abc", "X-Token: old\r\n" + right).status == 403);
}

TEST_CASE("access: another one is in force from the next request on") {
  Guarded s;
  HttpClient client(s.port());
  CHECK(client.request("GET", "/hello", "", right).status == 200);
  Access closed;
  closed.users = {{"v", u_star_u}};
  closed.headers = {{"X-Frame-Options", "deny"}};
  s.server.set_access(std::make_shared<const Access>(closed));
  const auto reply = client.request("GET", "/hello", "", right);
  CHECK(reply.status == 401);
  CHECK(reply.headers.at("x-frame-options") == "deny");
  s.server.set_access(std::make_shared<const Access>());
  CHECK(client.request("GET", "/hello").status == 200);
}

TEST_CASE("access: pipelined requests each need a password") {
  Guarded s;
  HttpClient client(s.port());
  client.send("GET /hello HTTP/1.1\r\nHost: t\r\n" + right + "\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n" +
              "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n" + right + "\r\nab");
  CHECK(client.read().status == 200);
  CHECK(client.read().status == 401);
  CHECK(client.read().body == "ab");
}

TEST_CASE("access: beyond the rate 429") {
  Access access;
  access.request_interval = 1h;
  access.request_burst = 3;
  Guarded s({}, access);
  HttpClient client(s.port());
  for (int i = 0; i < 3; ++i) CHECK(client.request("GET", "/hello").status == 200);
  const auto reply = client.request("GET", "/hello");
  CHECK(reply.status == 429);
  CHECK(reply.headers.at("retry-after") == "1");
  CHECK(s.refused("rate_limit") == 1);
}

TEST_CASE("access: one address holds only so many places") {
  HttpOptions options;
  options.max_connections_per_address = 2;
  Guarded s(options, {});
  HttpClient one(s.port()), two(s.port());
  CHECK(one.request("GET", "/hello").status == 200);
  CHECK(two.request("GET", "/hello").status == 200);
  HttpClient three(s.port());
  CHECK(three.read().status == 503);
  CHECK(s.refused("address_connections") == 1);
  CHECK(three.closed_by_server());
  one.close();
  const auto end = std::chrono::steady_clock::now() + 20s;
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < end) status = http(s.port(), "GET", "/hello").status;
  CHECK(status == 200);  // its place is free again
}

TEST_CASE("access: an idle connection goes after its own time, one that never said anything after that of a request") {
  HttpOptions options;
  options.read_timeout = 20s;
  options.idle_timeout = 50ms;
  Guarded s(options, {});
  HttpClient idle(s.port());
  CHECK(idle.request("GET", "/hello").status == 200);
  CHECK(idle.closed_by_server());
  options.read_timeout = 50ms;
  options.idle_timeout = 20s;
  Guarded t(options, {});
  HttpClient silent(t.port());
  CHECK(silent.closed_by_server());
  CHECK(t.refused("timeout") == 0);
  HttpClient slow(t.port());
  slow.send("GET /hello HT");
  CHECK(slow.read().status == 408);
  CHECK(t.refused("timeout") == 1);
}
