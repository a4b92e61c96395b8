// SPDX-License-Identifier: Apache-2.0
#include "runtime/http.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <random>
#include <system_error>
#include <thread>

#include "runtime/http_text.h"
#include "support/http_client.h"

using namespace pilotwatch::runtime;
using pilotwatch::testing::http;
using pilotwatch::testing::HttpClient;
using namespace std::chrono_literals;

namespace {

/// Takes requests and keeps their Respond until the test wants it.
class Held {
 public:
  Handler handler() {
    return [this](HttpRequest&& request, Respond respond) {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(request), std::move(respond));
      arrived_.notify_all();
    };
  }
  std::pair<HttpRequest, Respond> take() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, 20s, [&] { return !waiting_.empty(); })) throw std::runtime_error("no request came");
    auto out = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::pair<HttpRequest, Respond>> waiting_;
};

HttpResponse text(std::string body) { return {200, "text/plain", std::move(body)}; }

struct Served {
  explicit Served(HttpOptions options = {}) : server(std::move(options), routes()) { server.start(); }

  std::vector<Route> routes() {
    const auto echo = [](HttpRequest&& request, Respond respond) {
      respond(text(request.method + ":" + request.body));
    };
    const auto show = [](HttpRequest&& request, Respond respond) {
      std::string out = request.path;
      for (const auto& [key, value] : request.query) out += "|" + key + "=" + value;
      respond(text(out));
    };
    return {
        {"GET", "/hello", "hello", 0, [](HttpRequest&&, Respond respond) { respond(text("hello")); }},
        {"POST", "/echo", "echo", 1000, echo},
        {"POST", "/big", "big", 8 << 20,
         [](HttpRequest&& r, Respond respond) { respond(text(std::to_string(r.body.size()))); }},
        {"GET", "/pilots/{pilot}/windows", "windows", 0, show},
        {"GET", "/held", "held", 0, held.handler()},
        {"POST", "/held", "held", 1 << 20, held.handler()},
        {"GET", "/throws", "throws", 0, [](HttpRequest&&, Respond) { throw std::runtime_error("boom"); }},
        {"GET", "/silent", "silent", 0, [](HttpRequest&&, Respond) {}},
        {"GET", "/header", "header", 0,
         [](HttpRequest&& r, Respond respond) {
           respond(text(std::string(r.header("x-a")) + "/" + std::string(r.header("x-b"))));
         }},
        {"GET", "/split", "split", 0,
         [](HttpRequest&&, Respond respond) {
           HttpResponse answer = text("x");
           answer.headers.emplace_back("X-Note", "a\r\nX-Evil: 1");
           respond(std::move(answer));
         }},
        {"GET", "/nothing", "nothing", 0,
         [](HttpRequest&&, Respond respond) {
           respond({204, "", ""});
         }},
    };
  }
  [[nodiscard]] std::uint16_t port() const { return server.port(); }

  Held held;
  HttpServer server;
};

std::uint64_t requests(const HttpStats& stats, const std::string& handler, unsigned status) {
  const auto at = stats.requests.find({handler, status});
  return at == stats.requests.end() ? 0 : at->second;
}

}  // namespace

TEST_CASE("http: answers carry what they should") {
  Served s;
  const auto reply = http(s.port(), "GET", "/hello");
  CHECK(reply.status == 200);
  CHECK(reply.body == "hello");
  CHECK(reply.headers.at("server") == "pilotwatch");
  CHECK(reply.headers.at("x-content-type-options") == "nosniff");
  CHECK(reply.headers.at("content-type") == "text/plain");
  CHECK(reply.headers.at("date").ends_with(" GMT"));
}

TEST_CASE("http: a connection serves many requests, HEAD among them, and counts them") {
  Served s;
  HttpClient client(s.port());
  CHECK(client.request("GET", "/hello").body == "hello");
  const auto head = client.request("HEAD", "/hello");
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "5");
  CHECK(client.request("POST", "/echo", "abc").body == "POST:abc");
  CHECK_FALSE(client.has_unread());
  const auto stats = s.server.stats();
  CHECK(requests(stats, "hello", 200) == 2);
  CHECK(requests(stats, "echo", 200) == 1);
  CHECK(stats.durations.at("hello").first == 2);
  CHECK(stats.connections == 1);
  for (const auto& [reason, count] : stats.refused) CHECK(count == 0);
}

TEST_CASE("http: requests sent all at once are answered in order") {
  Served s;
  HttpClient client(s.port());
  client.send(
      "GET /held HTTP/1.1\r\nHost: t\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nz");
  auto held = s.held.take();
  held.second(text("first"));
  CHECK(client.read().body == "first");
  CHECK(client.read().body == "hello");
  CHECK(client.read().body == "POST:z");
}

TEST_CASE("http: who wants to close is closed, HTTP/1.0 too unless it asks otherwise") {
  Served s;
  HttpClient one(s.port(), 1s);  // so it must be told at once, not when the lingering ends
  CHECK(one.request("GET", "/hello", "", "Connection: close\r\n").headers.at("connection") == "close");
  CHECK(one.closed_by_server());
  HttpClient old(s.port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(old.read().body == "hello");
  CHECK(old.closed_by_server());
  HttpClient kept(s.port());
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.read().headers.at("connection") == "keep-alive");
  kept.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(kept.read().body == "hello");
}

TEST_CASE("http: unknown paths are 404, unknown methods 405 with Allow, as problem+json") {
  Served s;
  HttpClient client(s.port());
  const auto missing = client.request("GET", "/no\"where");
  CHECK(missing.status == 404);
  CHECK(missing.headers.at("content-type") == "application/problem+json");
  CHECK(missing.body ==
        R"({"type":"about:blank","title":"Not Found","status":404,"detail":"nothing is here: /no\"where"})"
        "\n");
  const auto wrong = client.request("DELETE", "/held");
  CHECK(wrong.status == 405);
  CHECK(wrong.headers.at("allow") == "GET, HEAD, POST");
  CHECK(client.request("POST", "/hello").status == 405);
  CHECK(client.request("GET", "/hello/").status == 404);
  const auto stats = s.server.stats();
  CHECK(requests(stats, "unknown", 404) == 2);
  CHECK(requests(stats, "held", 405) == 1);
}

TEST_CASE("http: an unread body never becomes the next request") {
  Served s;
  HttpClient client(s.port());
  const std::string smuggled = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
  CHECK(client.request("POST", "/nowhere", smuggled).status == 404);
  CHECK(client.closed_by_server());
  CHECK(requests(s.server.stats(), "hello", 200) == 0);
}

TEST_CASE("http: targets are decoded once, segment by segment; a pattern's values come first") {
  Served s;
  HttpClient client(s.port());
  CHECK(client.request("GET", "/pilots/a%2Fb%20c/windows?x=1+2&y=%26&z").body ==
        "/pilots/a/b c/windows|pilot=a/b c|x=1 2|y=&|z=");
  CHECK(client.request("GET", "http://elsewhere/hello").body == "hello");
  CHECK(client.request("GET", "/pilots//windows").status == 404);
  const auto bad = client.request("GET", "/hello?x=%4");
  CHECK(bad.status == 400);
  CHECK(s.server.stats().refused.at("bad_request") == 1);
}

TEST_CASE("http: headers by lower-case name, repeated ones as a list") {
  Served s;
  CHECK(http(s.port(), "GET", "/header", "", "X-A: 1\r\nx-a: 2\r\nX-B:  b \r\n").body == "1, 2/b");
}

TEST_CASE("http: a header value cannot end its header") {
  Served s;
  const auto reply = http(s.port(), "GET", "/split");
  CHECK(reply.headers.at("x-note") == "a  X-Evil: 1");
  CHECK(reply.headers.count("x-evil") == 0);
}

TEST_CASE("http: 204 has neither body nor length") {
  Served s;
  HttpClient client(s.port());
  const auto reply = client.request("GET", "/nothing");
  CHECK(reply.status == 204);
  CHECK(reply.headers.count("content-length") == 0);
  CHECK(client.request("GET", "/hello").status == 200);
}

TEST_CASE("http: bodies up to the route's limit pass, by length or in chunks") {
  Served s;
  HttpClient client(s.port());
  CHECK(client.request("POST", "/echo", std::string(1000, 'a')).body.size() == 1005);
  const std::string large(8 << 20, 'x');
  CHECK(client.request("POST", "/big", large).body == std::to_string(large.size()));
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("4;ext=1\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
  CHECK(client.read().body == "POST:abcdefg");
  CHECK(client.request("GET", "/hello").status == 200);
}

TEST_CASE("http: a body that says it is too large is refused unread, and the client sees the answer") {
  Served s;
  HttpClient polite(s.port());
  polite.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  CHECK(polite.read().status == 413);  // and no 100 before it
  HttpClient pushy(s.port());
  pushy.send("POST /big HTTP/1.1\r\nHost: t\r\nContent-Length: 12000000\r\n\r\n");
  CHECK(pushy.send(std::string(12'000'000, 'x')));  // swallowed, not reset
  const auto reply = pushy.read();
  CHECK(reply.status == 413);
  CHECK(reply.headers.at("connection") == "close");
  CHECK(reply.body.find("larger than 8388608 bytes") != std::string::npos);
  pushy.shutdown_send();
  CHECK(pushy.closed_by_server());
  const auto stats = s.server.stats();
  CHECK(stats.refused.at("body_too_large") == 2);
  CHECK(requests(stats, "big", 413) == 1);
}

TEST_CASE("http: a chunked body is refused as soon as it has grown too large") {
  Served s;
  HttpClient client(s.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n" +
              std::string(70'000, 'x'));
  CHECK(client.read().status == 413);  // although the chunk has not come to its end
}

TEST_CASE("http: Expect: 100-continue is answered before the body, other expectations are refused") {
  Served s;
  HttpClient client(s.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(client.read().status == 100);
  client.send("hi");
  CHECK(client.read().body == "POST:hi");
  CHECK(client.request("POST", "/echo", "x", "Expect: miracles\r\n").status == 417);
}

TEST_CASE("http: too large a header is 431") {
  HttpOptions options;
  options.max_header_bytes = 1024;
  Served s(options);
  CHECK(http(s.port(), "GET", "/hello", "", "X-Long: " + std::string(2000, 'x') + "\r\n").status == 431);
  CHECK(http(s.port(), "GET", "/" + std::string(200'000, 'x')).status == 431);
  CHECK(s.server.stats().refused.at("header_too_large") == 2);
}

TEST_CASE("http: what is not HTTP is 400 and ends the connection") {
  const std::string garbage = GENERATE(
      as<std::string>(), "\x16\x03\x01 tls hello\r\n\r\n", "GET\r\n\r\n", "GET /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /hello HTTP/9.9\r\nHost: a\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  CAPTURE(garbage);
  Served s;
  HttpClient client(s.port());
  client.send(garbage);
  client.shutdown_send();
  CHECK(client.read().status == 400);
  CHECK(client.closed_by_server());
  CHECK(s.server.stats().refused.at("bad_request") == 1);
}

TEST_CASE("http: an encoding of the transfer that would hide the body's end is 501") {
  Served s;
  CHECK(http(s.port(), "POST", "/echo", "", "Transfer-Encoding: gzip, chunked\r\n").status == 501);
}

TEST_CASE("http: random bytes do not bring the server down") {
  Served s;
  std::mt19937 rng{7};
  for (int round = 0; round < 60; ++round) {
    std::string bytes = round % 2 == 0 ? "" : "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = rng() % 300; i > 0; --i) bytes += static_cast<char>(rng() % (round % 3 == 0 ? 128 : 256));
    HttpClient client(s.port());
    client.send(bytes);
    client.shutdown_send();
    CHECK(client.closed_by_server());
  }
  CHECK(http(s.port(), "GET", "/hello").status == 200);
}

TEST_CASE("http: a client that never finishes its request gets 408, an idle one is let go silently") {
  HttpOptions options;
  options.read_timeout = 100ms;
  Served s(options);
  HttpClient header(s.port());
  header.send("GET /hello HT");
  CHECK(header.read().status == 408);
  CHECK(header.closed_by_server());
  HttpClient body(s.port());
  body.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(body.read().status == 408);
  HttpClient idle(s.port());
  CHECK(idle.closed_by_server());
  const auto stats = s.server.stats();
  CHECK(stats.refused.at("timeout") == 2);
  CHECK(requests(stats, "unknown", 408) == 1);
  CHECK(requests(stats, "echo", 408) == 1);
}

TEST_CASE("http: the deadline is on reading only, a handler may take longer") {
  HttpOptions options;
  options.read_timeout = 50ms;
  Served s(options);
  HttpClient slow(s.port());
  slow.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n");
  auto held = s.held.take();
  HttpClient idle(s.port());
  CHECK(idle.closed_by_server());  // so 50 ms have passed
  held.second(text("late"));
  CHECK(slow.read().body == "late");
}

TEST_CASE("http: one connection too many is told so") {
  HttpOptions options;
  options.max_connections = 2;
  Served s(options);
  HttpClient a(s.port()), b(s.port());
  CHECK(a.request("GET", "/hello").status == 200);
  CHECK(b.request("GET", "/hello").status == 200);
  HttpClient c(s.port());
  const auto reply = c.read();
  CHECK(reply.status == 503);
  CHECK(reply.headers.at("retry-after") == "1");
  CHECK(c.closed_by_server());
  CHECK(s.server.stats().refused.at("connections") == 1);
  CHECK(a.request("GET", "/hello").status == 200);
}

TEST_CASE("http: bodies under way share a bounded memory") {
  HttpOptions options;
  options.max_buffered_bytes = 1 << 20;
  Served s(options);
  HttpClient fits(s.port()), large(s.port());
  CHECK(fits.request("POST", "/big", std::string(900'000, 'x')).body == "900000");
  large.send("POST /big HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\n" + std::string(1'200'000, 'x'));
  CHECK(large.read().status == 503);
  CHECK(s.server.stats().refused.at("memory") == 1);
  HttpClient waits(s.port());
  const std::string body(900'000, 'x');
  waits.send("POST /held HTTP/1.1\r\nHost: t\r\nContent-Length: 900000\r\n\r\n" + body);
  const auto held = s.held.take();  // read to its end: it is the handler's now
  CHECK(fits.request("POST", "/big", std::string(900'000, 'x')).body == "900000");  // and it is given back
}

TEST_CASE("http: a handler that throws is a 500, told to whoever listens") {
  std::promise<std::string> told;
  HttpOptions options;
  options.on_exception = [&](std::string_view handler, std::string_view what) {
    told.set_value(std::string(handler) + ": " + std::string(what));
  };
  Served s(options);
  HttpClient client(s.port());
  const auto reply = client.request("GET", "/throws");
  CHECK(reply.status == 500);
  CHECK(reply.body.find("boom") == std::string::npos);  // inner matters stay inside
  CHECK(told.get_future().get() == "throws: boom");
  CHECK(requests(s.server.stats(), "throws", 500) == 1);
  CHECK(client.request("GET", "/hello").status == 200);
}

TEST_CASE("http: a Respond that is dropped answers 500, a second call changes nothing") {
  Served s;
  CHECK(http(s.port(), "GET", "/silent").status == 500);
  HttpClient client(s.port());
  client.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n");
  auto held = s.held.take();
  held.second(text("one"));
  held.second(text("two"));
  CHECK(client.read().body == "one");
  CHECK(client.request("GET", "/hello").body == "hello");
}

TEST_CASE("http: answers come from other threads, also when the client has gone") {
  Served s;
  HttpClient stays(s.port());
  stays.send("POST /held HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi");
  auto held = s.held.take();
  CHECK(held.first.body == "hi");
  std::thread([&] { held.second(text("from afar")); }).join();
  CHECK(stays.read().body == "from afar");
  {
    HttpClient leaves(s.port());
    leaves.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n");
    held = s.held.take();
  }
  held.second(text(std::string(1 << 20, 'x')));
  CHECK(http(s.port(), "GET", "/hello").status == 200);
}

TEST_CASE("http: stop waits for answers that are under way and closes idle connections") {
  Served s;
  HttpClient idle(s.port()), busy(s.port());
  CHECK(idle.request("GET", "/hello").status == 200);
  busy.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n");
  auto held = s.held.take();
  auto stopped = std::async(std::launch::async, [&] { s.server.stop(20s); });
  CHECK(idle.closed_by_server());  // the stop has begun
  CHECK_THROWS(HttpClient(s.port()));
  held.second(text("last words"));
  const auto reply = busy.read();
  CHECK(reply.body == "last words");
  CHECK(reply.headers.at("connection") == "close");
  busy.close();
  CHECK(stopped.wait_for(10s) == std::future_status::ready);
  CHECK(s.server.stats().connections == 0);
}

TEST_CASE("http: stop does not wait longer than it was told; a later answer is dropped") {
  Held held;
  std::optional<Respond> late;
  {
    HttpServer server({}, {{"GET", "/held", "held", 0, held.handler()}});
    server.start();
    HttpClient client(server.port());
    client.send("GET /held HTTP/1.1\r\nHost: t\r\n\r\n");
    late = held.take().second;
    server.stop(10ms);
    CHECK(client.closed_by_server());
  }
  (*late)(text("too late"));
  late.reset();
}

TEST_CASE("http: a connection that has just been opened is served once more by a server that stops") {
  Served s;
  HttpClient idle(s.port()), fresh(s.port());
  CHECK(idle.request("GET", "/hello").status == 200);
  CHECK(http(s.port(), "GET", "/hello").status == 200);  // accepted after `fresh`, so that one is accepted, too
  auto stopped = std::async(std::launch::async, [&] { s.server.stop(20s); });
  CHECK(idle.closed_by_server());  // the stop has begun
  const auto reply = fresh.request("GET", "/hello");
  CHECK(reply.body == "hello");
  CHECK(reply.headers.at("connection") == "close");
  fresh.close();
  CHECK(stopped.wait_for(10s) == std::future_status::ready);
}

TEST_CASE("http: between two servers of one listener connections wait") {
  HttpOptions options;
  options.listener = std::make_shared<const Listener>("127.0.0.1", 0);
  const auto port = options.listener->port();
  const std::vector<Route> hello{{"GET", "/hello", "hello", 0, [](HttpRequest&&, Respond respond) { respond(text("hello")); }}};
  for (int round = 0; round < 3; ++round) {
    HttpClient waiting(port);  // nobody accepts yet
    REQUIRE(waiting.send("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"));
    HttpServer server(options, hello);
    server.start();
    CHECK(server.port() == port);
    CHECK(waiting.read().body == "hello");
    waiting.close();
    server.stop(20s);
  }
  options.listener.reset();
  CHECK_THROWS(HttpClient(port));
}

TEST_CASE("http: a port that is taken is an error that names it") {
  Served s;
  HttpOptions options;
  options.port = s.port();
  HttpServer second(options, {});
  CHECK_THROWS_WITH(second.start(), Catch::Contains("listen on 127.0.0.1:" + std::to_string(s.port())));
  options.address = "not an address";
  HttpServer third(options, {});
  CHECK_THROWS_AS(third.start(), std::system_error);
}

TEST_CASE("http: many clients at once") {
  Served s;
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 8; ++c) {
    clients.push_back(std::async(std::launch::async, [&, c] {
      HttpClient client(s.port());
      int good = 0;
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(c) + "-" + std::to_string(i);
        good += client.request("POST", "/echo", body).body == "POST:" + body;
      }
      return good;
    }));
  }
  int good = 0;
  for (auto& client : clients) good += client.get();
  CHECK(good == 400);
  CHECK(requests(s.server.stats(), "echo", 200) == 400);
}

TEST_CASE("http: dates are spelled as HTTP spells them") {
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(1767571199) == "Sun, 04 Jan 2026 23:59:59 GMT");
}
