// SPDX-License-Identifier: Apache-2.0
#include "sources/http_ingest.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sources/http_reply.h"
#include "sources/http_request.h"

namespace pilotwatch::sources {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::problem;

constexpr std::size_t max_key_bytes = 256;

/// What says NDJSON or JSON, and what clients say who do not know better: curl's --data-binary claims a form.
constexpr std::array<std::string_view, 5> json_types = {
    "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"};
constexpr std::array<std::string_view, 4> vague_types = {"", "text/plain", "application/octet-stream",
                                                         "application/x-www-form-urlencoded"};

/// nullopt: a type that is none of ours. `events`: the path takes CloudEvents.
std::optional<Framing> framing_of(const HttpRequest& request, const settings::Source& source, bool events) {
  const auto type = media_type(request.header("content-type"));
  if (events && !request.header("ce-specversion").empty()) return Framing::cloudevent;
  if (events && (type == "application/cloudevents+json" || type == "application/cloudevents-batch+json"))
    return Framing::cloudevents;
  if (type == "text/csv" || type == "application/csv") return Framing::csv;
  if (std::ranges::find(json_types, type) != json_types.end()) return events ? Framing::cloudevents : Framing::json;
  if (std::ranges::find(vague_types, type) == vague_types.end()) return std::nullopt;
  if (events) return Framing::cloudevents;
  return source.format == settings::SourceFormat::csv ? Framing::csv : Framing::json;
}

/// As they came: percent-encoded (CloudEvents HTTP binding, 3.1.3.2), which mapping/ undoes.
std::vector<std::pair<std::string, std::string>> event_attributes(const HttpRequest& request) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("ce-")) out.emplace_back(name.substr(3), value);
  }
  if (const auto type = request.header("content-type"); !type.empty())
    out.emplace_back("datacontenttype", std::string(type));
  return out;
}

/// As it is, or as a string of RFC 8941: "8e03978e".
std::string idempotency_key(const HttpRequest& request) {
  auto key = request.header("idempotency-key");
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
  return std::string(key);
}

bool flag(const HttpRequest& request, std::string_view name) {
  const auto value = request.parameter(name);
  return value == "1" || value == "true";
}

/// One path under /v1/.
class Endpoint {
 public:
  Endpoint(Port& port, std::shared_ptr<SourceAccess> access, record::Stream stream, bool events)
      : port_(port), access_(std::move(access)), stream_(stream), events_(events) {}

  void operator()(HttpRequest&& request, runtime::Respond respond) const {
    const auto decision = access_->decide(request.header("authorization"), request.parameter("source"));
    if (decision.source == nullptr) return respond(refusal_of(decision));
    auto read = delivery_of(std::move(request), *decision.source);
    if (auto* refused = std::get_if<HttpResponse>(&read)) return respond(std::move(*refused));
    auto& delivery = std::get<Delivery>(read);
    delivery.done = [respond = std::move(respond)](const Reply& reply) { respond(http_response(reply)); };
    port_.deliver(std::move(delivery));
  }

  /// By the header alone: strangers, and clients that would be sent away for want of room, need not send a body.
  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& request) const {
    const auto decision = access_->decide(request.header("authorization"), request.parameter("source"));
    if (decision.source == nullptr) return refusal_of(decision);
    const auto full = refused_at_once(port_, request);
    return full ? std::optional(http_response(*full)) : std::nullopt;
  }

 private:
  [[nodiscard]] std::variant<Delivery, HttpResponse> delivery_of(HttpRequest&& request,
                                                                 const settings::Source& source) const {
    Delivery out;
    out.source = &source;
    out.stream = stream_;
    const auto packing = packing_of(request);
    if (!packing)
      return problem(415, "Content-Encoding " + media_type(request.header("content-encoding")) +
                              " is not supported; send gzip, zstd or identity");
    out.packing = *packing;
    const auto framing = framing_of(request, source, events_);
    if (!framing)
      return problem(415, "Content-Type " + media_type(request.header("content-type")) +
                              " is not supported; send application/x-ndjson, application/json or text/csv" +
                              (events_ ? ", or a CloudEvent" : ""));
    out.framing = *framing;
    if (*framing == Framing::cloudevent) out.attributes = event_attributes(request);
    if (is_empty_body(*framing, request.body)) return problem(400, empty_body);
    out.idempotency_key = idempotency_key(request);
    if (out.idempotency_key.size() > max_key_bytes)
      return problem(400, "Idempotency-Key is longer than " + std::to_string(max_key_bytes) + " bytes");
    out.strict = flag(request, "strict");
    out.dry_run = flag(request, "dry_run");
    out.pilot = std::string(request.parameter("pilot"));
    out.bytes = std::move(request.body);
    return out;
  }

  Port& port_;
  std::shared_ptr<SourceAccess> access_;
  record::Stream stream_;
  bool events_;
};

}  // namespace

std::vector<runtime::Route> ingest_routes(Port& port, const settings::Settings& settings,
                                          const std::shared_ptr<SourceAccess>& access) {
  const auto route = [&](const char* path, const char* name, record::Stream stream, bool events = false) {
    const Endpoint endpoint(port, access, stream, events);
    return runtime::Route{"POST",
                          path,
                          name,
                          settings.ingest.max_body_bytes,
                          endpoint,
                          [access](const HttpRequest& request) { return has_token(*access, request); },
                          [endpoint](const HttpRequest& request) { return endpoint.refusal(request); }};
  };
  return {route("/v1/records", "ingest_records", record::Stream::unknown),
          route("/v1/events", "ingest_events", record::Stream::unknown, true),
          route("/v1/predictions", "ingest_predictions", record::Stream::predictions),
          route("/v1/outcomes", "ingest_outcomes", record::Stream::outcomes),
          route("/v1/complaints", "ingest_complaints", record::Stream::complaints),
          route("/v1/complaint_updates", "ingest_complaint_updates", record::Stream::complaint_updates),
          route("/v1/reviews", "ingest_reviews", record::Stream::reviews),
          route("/v1/feedback", "ingest_feedback", record::Stream::feedback),
          route("/v1/changes", "ingest_changes", record::Stream::changes)};
}

}  // namespace pilotwatch::sources
