// SPDX-License-Identifier: Apache-2.0
#include "sources/http_reply.h"

#include <nlohmann/json.hpp>

namespace pilotwatch::sources {
namespace {

using nlohmann::ordered_json;
using runtime::HttpResponse;
using runtime::problem;

HttpResponse come_back(unsigned status, const char* why, const Reply& reply) {
  HttpResponse out = problem(status, reply.detail.empty() ? why : reply.detail);
  out.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_s));
  return out;
}

ordered_json errors_of(const Reply& reply) {
  auto errors = ordered_json::array();
  for (const record::Reject& error : reply.errors) {
    if (errors.size() == max_told_errors) break;
    errors.push_back({{"line", error.line},
                      {"reason", record::reason_names[static_cast<std::size_t>(error.reason)]},
                      {"detail", error.detail}});
  }
  return errors;
}

std::string text(const ordered_json& body) {
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

HttpResponse counts(const Reply& reply) {
  ordered_json body = {{"accepted", reply.accepted}, {"duplicate", reply.duplicate}, {"rejected", reply.rejected}};
  if (reply.ignored > 0) body["ignored"] = reply.ignored;
  body["errors"] = errors_of(reply);
  // A batch with one good line is a success; only one without any tells the client that it sends the wrong thing.
  const bool useless = reply.rejected > 0 && reply.accepted + reply.duplicate == 0;
  return {useless ? 400U : 200U, "application/json", text(body)};
}

HttpResponse rehearsed(const Reply& reply) {
  ordered_json body = {{"dry_run", true}, {"would_accept", reply.accepted}, {"rejected", reply.rejected}};
  if (reply.ignored > 0) body["ignored"] = reply.ignored;
  body["errors"] = errors_of(reply);
  auto head = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  head.pop_back();  // the records are JSON text already
  return {200, "application/json", head + ",\"records\":" + reply.records + "}\n"};
}

HttpResponse refused(const Reply& reply) {
  HttpResponse out = problem(reply.http_status, reply.detail);
  if (reply.errors.empty()) return out;
  auto body = ordered_json::parse(out.body);
  body["rejected"] = reply.rejected;
  body["errors"] = errors_of(reply);
  out.body = text(body);
  return out;
}

}  // namespace

HttpResponse http_response(const Reply& reply) {
  switch (reply.status) {
    case Reply::Status::overloaded:
      return come_back(429, "the queue is full; nothing of this body was taken", reply);
    case Reply::Status::unavailable:
      return come_back(503, "records cannot be stored now; nothing of this body was acknowledged", reply);
    case Reply::Status::refused:
      return refused(reply);
    case Reply::Status::rehearsed:
      return rehearsed(reply);
    case Reply::Status::committed:
      break;
  }
  return counts(reply);
}

}  // namespace pilotwatch::sources
