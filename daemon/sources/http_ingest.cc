// SPDX-License-Identifier: Apache-2.0
#include "sources/http_ingest.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pilotwatch::sources {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::problem;

constexpr std::string_view white = " \t\r\n";

/// What says NDJSON or JSON, and what clients say who do not know better: curl's --data-binary claims a form.
constexpr std::array<std::string_view, 7> media_types = {"",
                                                         "application/json",
                                                         "application/x-ndjson",
                                                         "application/ndjson",
                                                         "application/jsonl",
                                                         "text/plain",
                                                         "application/x-www-form-urlencoded"};

/// "Application/JSON; charset=utf-8" -> "application/json"
std::string token(std::string_view header) {
  header = header.substr(0, header.find(';'));
  const auto first = header.find_first_not_of(white);
  if (first == std::string_view::npos) return "";
  std::string out(header.substr(first, header.find_last_not_of(white) - first + 1));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::optional<HttpResponse> refusal(const HttpRequest& request) {
  const std::string encoding = token(request.header("content-encoding"));
  if (!encoding.empty() && encoding != "identity") {
    return problem(415, "Content-Encoding " + encoding + " is not supported; send the body as it is (identity)");
  }
  const std::string type = token(request.header("content-type"));
  if (std::find(media_types.begin(), media_types.end(), type) == media_types.end()) {
    return problem(415, "Content-Type " + type + " is not supported; send application/x-ndjson or application/json");
  }
  if (request.body.find_first_not_of(white) == std::string::npos) {
    return problem(400, "the body is empty; send one JSON object a line, or an array of objects");
  }
  return std::nullopt;
}

HttpResponse come_back(unsigned status, const char* why, const Reply& reply) {
  HttpResponse out = problem(status, reply.detail.empty() ? why : reply.detail);
  out.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_s));
  return out;
}

HttpResponse counts(const Reply& reply) {
  auto errors = nlohmann::ordered_json::array();
  for (const record::Reject& error : reply.errors) {
    errors.push_back({{"line", error.line},
                      {"reason", record::reason_names[static_cast<std::size_t>(error.reason)]},
                      {"detail", error.detail}});
  }
  const nlohmann::ordered_json body = {{"accepted", reply.accepted},
                                       {"duplicate", reply.duplicate},
                                       {"rejected", reply.rejected},
                                       {"errors", std::move(errors)}};
  // A batch with one good line is a success; only one without any tells the client that it sends the wrong thing.
  const bool useless = reply.rejected > 0 && reply.accepted + reply.duplicate == 0;
  return {useless ? 400U : 200U, "application/json",
          body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
}

HttpResponse response_to(const Reply& reply) {
  switch (reply.status) {
    case Reply::Status::overloaded:
      return come_back(429, "the queue is full; nothing of this body was taken", reply);
    case Reply::Status::unavailable:
      return come_back(503, "records cannot be stored now; nothing of this body was acknowledged", reply);
    default:
      break;
  }
  return counts(reply);
}

runtime::Handler handler(Port& port, const settings::Settings& settings, record::Stream stream) {
  return [&port, &settings, stream](HttpRequest&& request, runtime::Respond respond) {
    if (auto refused = refusal(request)) return respond(std::move(*refused));
    Delivery delivery;
    delivery.source = &settings.http;
    delivery.stream = stream;
    delivery.pilot = std::string(request.parameter("pilot"));
    delivery.bytes = std::move(request.body);
    delivery.done = [respond = std::move(respond)](const Reply& reply) { respond(response_to(reply)); };
    port.deliver(std::move(delivery));
  };
}

}  // namespace

std::vector<runtime::Route> ingest_routes(Port& port, const settings::Settings& settings) {
  const auto route = [&](const char* path, const char* name, record::Stream stream) {
    return runtime::Route{"POST", path, name, settings.ingest.max_body_bytes, handler(port, settings, stream)};
  };
  return {route("/v1/records", "ingest_records", record::Stream::unknown),
          route("/v1/predictions", "ingest_predictions", record::Stream::predictions),
          route("/v1/outcomes", "ingest_outcomes", record::Stream::outcomes),
          route("/v1/complaints", "ingest_complaints", record::Stream::complaints),
          route("/v1/complaint_updates", "ingest_complaint_updates", record::Stream::complaint_updates),
          route("/v1/reviews", "ingest_reviews", record::Stream::reviews),
          route("/v1/feedback", "ingest_feedback", record::Stream::feedback),
          route("/v1/changes", "ingest_changes", record::Stream::changes)};
}

}  // namespace pilotwatch::sources
