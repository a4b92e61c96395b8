// SPDX-License-Identifier: Apache-2.0
#include "sources/http_ingest.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/guarded.h"
#include "support/http_client.h"

using namespace pilotwatch;
using namespace pilotwatch::sources;
using nlohmann::json;
using pilotwatch::testing::http;
using pilotwatch::testing::HttpClient;

namespace {

/// Keeps the last delivery and answers it at once.
struct FakePort final : Port {
  void deliver(Delivery delivery) override {
    const auto done = std::move(delivery.done);
    last.with([&](Delivery& kept) { kept = std::move(delivery); });
    done(reply.with([](const Reply& r) { return r; }));
  }
  Guarded<Delivery> last;
  Guarded<Reply> reply;
};

struct Ingesting {
  explicit Ingesting(std::uint64_t max_body_bytes = 1000)
      : settings(limited(max_body_bytes)),
        server({},
               ingest_routes(port, settings, std::make_shared<SourceAccess>(settings, settings::SourceKind::http))) {
    server.start();
  }
  pilotwatch::testing::HttpReply post(const std::string& target, std::string_view body,
                                      const std::string& headers = {}) {
    return http(server.port(), "POST", target, body, headers);
  }
  Delivery last() {
    return port.last.with([](const Delivery& d) { return d; });
  }
  void will_reply(Reply reply) {
    port.reply.with([&](Reply& r) { r = std::move(reply); });
  }
  static settings::Settings limited(std::uint64_t max_body_bytes) {
    settings::Settings out;
    out.ingest.max_body_bytes = max_body_bytes;
    return out;
  }
  settings::Settings settings;
  FakePort port;
  runtime::HttpServer server;
};

Reply committed(std::uint64_t accepted, std::uint64_t duplicate, std::uint64_t rejected) {
  Reply reply;
  reply.accepted = accepted;
  reply.duplicate = duplicate;
  reply.rejected = rejected;
  return reply;
}

}  // namespace

TEST_CASE("ingest: the path says what records without type are, the query whose they are") {
  Ingesting i;
  i.post("/v1/records", "{}");
  CHECK(i.last().stream == record::Stream::unknown);
  CHECK(i.last().pilot.empty());
  i.post("/v1/predictions?pilot=loans%20b", "{\"a\":1}\n");
  CHECK(i.last().stream == record::Stream::predictions);
  CHECK(i.last().pilot == "loans b");
  CHECK(i.last().bytes == "{\"a\":1}\n");
  CHECK(i.last().source == &i.settings.http);
  CHECK(i.last().cursors.empty());
  i.post("/v1/outcomes", "{}");
  CHECK(i.last().stream == record::Stream::outcomes);
  i.post("/v1/complaints", "{}");
  CHECK(i.last().stream == record::Stream::complaints);
  const std::pair<const char*, record::Stream> further[] = {
      {"/v1/complaint_updates", record::Stream::complaint_updates},
      {"/v1/reviews", record::Stream::reviews},
      {"/v1/feedback", record::Stream::feedback},
      {"/v1/changes", record::Stream::changes}};
  for (const auto& [path, stream] : further) {
    i.post(path, "{}");
    CHECK(i.last().stream == stream);
  }
  const auto stats = i.server.stats();
  CHECK(stats.requests.at({"ingest_complaints", 200}) == 1);
  CHECK(stats.requests.at({"ingest_reviews", 200}) == 1);
}

TEST_CASE("ingest: a committed body is answered with its counts and first errors") {
  Ingesting i;
  Reply reply = committed(3, 2, 1);
  reply.errors.push_back({7, record::Stream::outcomes, record::Reason::unknown_class, "class \"x\xFF\" is not known"});
  i.will_reply(reply);
  const auto answer = i.post("/v1/records", "{}");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "application/json");
  CHECK(answer.body ==
        R"({"accepted":3,"duplicate":2,"rejected":1,"errors":[{"line":7,"reason":"unknown_class","detail":"class \"x)"
        "\xEF\xBF\xBD"
        R"(\" is not known"}]})"
        "\n");
}

TEST_CASE("ingest: only a body without any usable line is 400") {
  Ingesting i;
  i.will_reply(committed(0, 0, 2));
  const auto answer = i.post("/v1/records", "x\ny\n");
  CHECK(answer.status == 400);
  CHECK(json::parse(answer.body).at("rejected") == 2);
  i.will_reply(committed(0, 1, 2));
  CHECK(i.post("/v1/records", "x").status == 200);
  i.will_reply(committed(0, 0, 0));
  CHECK(i.post("/v1/records", "[]").status == 200);
}

TEST_CASE("ingest: overload is 429, unavailability 503, both say when to come back") {
  Ingesting i;
  Reply reply;
  reply.status = Reply::Status::overloaded;
  reply.retry_after_s = 3;
  i.will_reply(reply);
  const auto full = i.post("/v1/records", "{}");
  CHECK(full.status == 429);
  CHECK(full.headers.at("retry-after") == "3");
  CHECK(full.headers.at("content-type") == "application/problem+json");
  reply.status = Reply::Status::unavailable;
  reply.detail = "the disk is full";
  i.will_reply(reply);
  const auto closed = i.post("/v1/records", "{}");
  CHECK(closed.status == 503);
  CHECK(closed.headers.at("retry-after") == "3");
  CHECK(json::parse(closed.body).at("detail") == "the disk is full");
}

TEST_CASE("ingest: types that mean lines of JSON are taken, others are 415") {
  Ingesting i;
  const std::string good =
      GENERATE(as<std::string>(), "", "application/json", "Application/X-NDJSON; charset=utf-8", "application/ndjson",
               "application/jsonl", "text/plain", "application/x-www-form-urlencoded");
  CHECK(i.post("/v1/records", "{}", good.empty() ? "" : "Content-Type: " + good + "\r\n").status == 200);
  CHECK(i.last().framing == Framing::json);
  const auto image = i.post("/v1/records", "{}", "Content-Type: image/png\r\n");
  CHECK(image.status == 415);
  CHECK(json::parse(image.body).at("detail") ==
        "Content-Type image/png is not supported; send application/x-ndjson, application/json or text/csv");
}

TEST_CASE("ingest: CSV by its type, or where the source says so and the client nothing") {
  Ingesting i;
  i.settings.http.format = settings::SourceFormat::csv;
  i.post("/v1/records", "a\n1\n", "Content-Type: text/csv\r\n");
  CHECK(i.last().framing == Framing::csv);
  i.post("/v1/records", "a\n1\n");
  CHECK(i.last().framing == Framing::csv);
  i.post("/v1/records", "{}", "Content-Type: application/json\r\n");
  CHECK(i.last().framing == Framing::json);
}

TEST_CASE("ingest: how a body is packed goes with it; packings nobody knows are 415") {
  Ingesting i;
  const std::pair<const char*, Packing> known[] = {
      {"identity", Packing::identity}, {"GZIP", Packing::gzip}, {"x-gzip", Packing::gzip}, {"zstd", Packing::zstd}};
  for (const auto& [name, packing] : known) {
    CHECK(i.post("/v1/records", "{}", std::string("Content-Encoding: ") + name + "\r\n").status == 200);
    CHECK(i.last().packing == packing);
  }
  const auto brotli = i.post("/v1/records", "{}", "Content-Encoding: br\r\n");
  CHECK(brotli.status == 415);
  CHECK(json::parse(brotli.body).at("detail") == "Content-Encoding br is not supported; send gzip, zstd or identity");
}

TEST_CASE("ingest: CloudEvents are taken in all three modes, only at /v1/events") {
  Ingesting i;
  const std::string binary = "ce-specversion: 1.0\r\nce-id: a%20b\r\nce-type: t\r\nContent-Type: application/json\r\n";
  i.post("/v1/events", "{}", binary);
  CHECK(i.last().framing == Framing::cloudevent);
  const std::vector<std::pair<std::string, std::string>> attributes = {
      {"id", "a%20b"}, {"specversion", "1.0"}, {"type", "t"}, {"datacontenttype", "application/json"}};
  CHECK(i.last().attributes == attributes);
  CHECK(i.post("/v1/events", "", binary).status == 200);  // data is optional
  i.post("/v1/events", "{}", "Content-Type: application/cloudevents+json\r\n");
  CHECK(i.last().framing == Framing::cloudevents);
  i.post("/v1/events", "[]", "Content-Type: application/cloudevents-batch+json; charset=UTF-8\r\n");
  CHECK(i.last().framing == Framing::cloudevents);
  i.post("/v1/records", "{}", binary);
  CHECK(i.last().framing == Framing::json);
}

TEST_CASE("ingest: strict, dry_run and the idempotency key are handed on") {
  Ingesting i;
  i.post("/v1/records", "{}");
  CHECK_FALSE(i.last().strict);
  CHECK_FALSE(i.last().dry_run);
  CHECK(i.last().idempotency_key.empty());
  i.post("/v1/records?strict=1&dry_run=true", "{}", "Idempotency-Key: \"8e03-97\"\r\n");
  CHECK(i.last().strict);
  CHECK(i.last().dry_run);
  CHECK(i.last().idempotency_key == "8e03-97");
  CHECK(i.post("/v1/records", "{}", "Idempotency-Key: " + std::string(257, 'k') + "\r\n").status == 400);
}

TEST_CASE("ingest: a body refused whole has its own status and the lines that are to blame") {
  Ingesting i;
  Reply reply;
  reply.status = Reply::Status::refused;
  reply.http_status = 422;
  reply.detail = "strict";
  reply.rejected = 1;
  reply.errors.push_back({2, record::Stream::outcomes, record::Reason::time, "no"});
  i.will_reply(reply);
  const auto answer = i.post("/v1/records", "{}");
  CHECK(answer.status == 422);
  CHECK(answer.headers.at("content-type") == "application/problem+json");
  const auto body = json::parse(answer.body);
  CHECK(body.at("detail") == "strict");
  CHECK(body.at("rejected") == 1);
  CHECK(body.at("errors").at(0).at("line") == 2);
}

TEST_CASE("ingest: a dry run shows records; what is none of ours is counted in the answer") {
  Ingesting i;
  Reply reply;
  reply.status = Reply::Status::rehearsed;
  reply.accepted = 1;
  reply.ignored = 4;
  reply.records = R"([{"line":3,"record":{"type":"outcome"}}])";
  i.will_reply(reply);
  const auto shown = json::parse(i.post("/v1/records?dry_run=1", "{}").body);
  CHECK(shown.at("dry_run") == true);
  CHECK(shown.at("would_accept") == 1);
  CHECK(shown.at("records").at(0).at("record").at("type") == "outcome");
  reply.status = Reply::Status::committed;
  i.will_reply(reply);
  CHECK(json::parse(i.post("/v1/records", "{}").body).at("ignored") == 4);
}

TEST_CASE("ingest: nothing is 400 and reaches nobody, too much is 413") {
  Ingesting i(10);
  CHECK(i.post("/v1/records", " \r\n\t\n").status == 400);
  CHECK(i.post("/v1/records", "").status == 400);
  CHECK(i.post("/v1/records", "{\"a\":12345}").status == 413);
  CHECK(i.last().source == nullptr);
  CHECK(i.post("/v1/records", "{\"a\":1234}").status == 200);
  CHECK(http(i.server.port(), "GET", "/v1/records").status == 405);
}
