// SPDX-License-Identifier: Apache-2.0
#include "sources/otlp.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "sources/http_request.h"

namespace pilotwatch::sources {
namespace {

using nlohmann::ordered_json;
using runtime::HttpRequest;
using runtime::HttpResponse;

constexpr const char* json_type = "application/json";
constexpr const char* protobuf_type = "application/x-protobuf";

enum class Signal : std::uint8_t { logs, traces };

// The codes of google.rpc.Status that the answers use.
constexpr int invalid_argument = 3, resource_exhausted = 8, unavailable = 14, unauthenticated = 16,
              permission_denied = 7;

int code_of(unsigned status) {
  switch (status) {
    case 401:
      return unauthenticated;
    case 403:
      return permission_denied;
    case 429:
      return resource_exhausted;
    case 503:
      return unavailable;
    default:
      return invalid_argument;
  }
}

/// Protobuf's wire format, as much as two messages of two scalars need.
void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_number(std::string& out, unsigned field, std::uint64_t value) {
  if (value == 0) return;
  put_varint(out, field << 3);
  put_varint(out, value);
}
void put_text(std::string& out, unsigned field, std::string_view text) {
  if (text.empty()) return;
  put_varint(out, field << 3 | 2);
  put_varint(out, text.size());
  out += text;
}

std::string dumped(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// ExportLogsServiceResponse or ExportTraceServiceResponse: field 1 is the partial success in both.
HttpResponse success(Signal signal, bool json, std::uint64_t rejected, const std::string& why) {
  if (json) {
    auto body = ordered_json::object();
    const char* name = signal == Signal::logs ? "rejectedLogRecords" : "rejectedSpans";
    // int64 is text in the JSON form of protobuf
    if (rejected > 0) body["partialSuccess"] = {{name, std::to_string(rejected)}, {"errorMessage", why}};
    return {200, json_type, dumped(body)};
  }
  std::string partial, body;
  put_number(partial, 1, rejected);
  if (rejected > 0) put_text(partial, 2, why);
  put_text(body, 1, partial);
  return {200, protobuf_type, body};
}

HttpResponse failure(unsigned status, bool json, const std::string& message) {
  if (json) return {status, json_type, dumped({{"code", code_of(status)}, {"message", message}})};
  std::string body;
  put_number(body, 1, static_cast<std::uint64_t>(code_of(status)));
  put_text(body, 2, message);
  return {status, protobuf_type, body};
}

HttpResponse come_back(unsigned status, bool json, const Reply& reply, const char* why) {
  auto out = failure(status, json, reply.detail.empty() ? why : reply.detail);
  out.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_s));
  return out;
}

/// The first reasons, for whoever reads the exporter's log.
std::string reasons(const Reply& reply) {
  std::string out;
  for (std::size_t i = 0; i < reply.errors.size() && i < 3; ++i) {
    const auto& error = reply.errors[i];
    out += (i == 0 ? "record " : "; record ") + std::to_string(error.line) + ": " +
           record::reason_names[static_cast<std::size_t>(error.reason)] + ": " + error.detail;
  }
  return out;
}

/// The message as a whole, not records in it.
bool is_unreadable(const Reply& reply) {
  if (reply.accepted + reply.duplicate + reply.ignored > 0 || reply.rejected != 1 || reply.errors.empty()) return false;
  switch (reply.errors.front().reason) {
    case record::Reason::json:
    case record::Reason::utf8:
    case record::Reason::depth:
    case record::Reason::protobuf:
      return true;
    default:
      return false;
  }
}

HttpResponse response_to(const Reply& reply, Signal signal, bool json) {
  switch (reply.status) {
    case Reply::Status::overloaded:
      return come_back(429, json, reply, "the queue is full");
    case Reply::Status::unavailable:
      return come_back(503, json, reply, "records cannot be stored now");
    case Reply::Status::refused:
      return failure(reply.http_status, json, reply.detail);
    default:
      break;
  }
  return is_unreadable(reply) ? failure(400, json, reply.errors.front().detail)
                              : success(signal, json, reply.rejected, reasons(reply));
}

bool is_json(const HttpRequest& request) { return media_type(request.header("content-type")) == json_type; }

class Endpoint {
 public:
  Endpoint(Port& port, std::shared_ptr<SourceAccess> access, Signal signal)
      : port_(port), access_(std::move(access)), signal_(signal) {}

  void operator()(HttpRequest&& request, runtime::Respond respond) const {
    const bool json = is_json(request);
    if (auto refused = refusal(request)) return respond(std::move(*refused));
    Delivery delivery;
    delivery.source = access_->decide(request.header("authorization"), request.parameter("source")).source;
    if (delivery.source == nullptr) return respond(failure(401, json, "the token is no longer known"));
    delivery.packing = *packing_of(request);
    if (signal_ == Signal::logs) {
      delivery.framing = json ? Framing::otlp_logs_json : Framing::otlp_logs_protobuf;
    } else {
      delivery.framing = json ? Framing::otlp_traces_json : Framing::otlp_traces_protobuf;
    }
    delivery.bytes = std::move(request.body);
    delivery.done = [respond = std::move(respond), signal = signal_, json](const Reply& reply) {
      respond(response_to(reply, signal, json));
    };
    port_.deliver(std::move(delivery));
  }

  /// By the header alone.
  [[nodiscard]] std::optional<HttpResponse> refusal(const HttpRequest& request) const {
    const bool json = is_json(request);
    if (!json && media_type(request.header("content-type")) != protobuf_type)
      return failure(415, true, "Content-Type must be application/json or application/x-protobuf");
    const auto decision = access_->decide(request.header("authorization"), request.parameter("source"));
    if (decision.source == nullptr) {
      auto out = failure(decision.status, json, decision.detail);
      if (decision.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pilotwatch\"");
      return out;
    }
    if (!packing_of(request)) return failure(415, json, "Content-Encoding must be gzip, zstd or identity");
    const auto full = refused_at_once(port_, request);
    return full ? std::optional(response_to(*full, signal_, json)) : std::nullopt;
  }

 private:
  Port& port_;
  std::shared_ptr<SourceAccess> access_;
  Signal signal_;
};

runtime::Route route(const char* path, const char* name, std::uint64_t max_body_bytes,
                     const std::shared_ptr<SourceAccess>& access, const Endpoint& endpoint) {
  return {"POST",
          path,
          name,
          max_body_bytes,
          endpoint,
          [access](const HttpRequest& request) { return has_token(*access, request); },
          [endpoint](const HttpRequest& request) { return endpoint.refusal(request); }};
}

}  // namespace

std::vector<runtime::Route> otlp_routes(Port& port, const settings::Settings& settings,
                                        const std::shared_ptr<SourceAccess>& access) {
  const auto bytes = settings.ingest.max_body_bytes;
  return {route("/v1/logs", "otlp_logs", bytes, access, Endpoint(port, access, Signal::logs)),
          route("/v1/traces", "otlp_traces", bytes, access, Endpoint(port, access, Signal::traces))};
}

}  // namespace pilotwatch::sources
