// SPDX-License-Identifier: Apache-2.0
// Between header and body: whatever can be refused is refused here, so that strangers make nobody read their bodies.
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/field.hpp>

#include "runtime/http_text.h"
#include "runtime/session.h"

namespace pilotwatch::runtime {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

/// Fills request_ and match_; false when it has refused.
bool Session::well_formed() {
  const auto& header = parser_->get();
  version_ = header.version();
  if (version_ >= 11 && header.count(http::field::host) != 1) {
    return refuse(400, "bad_request", "exactly one Host header is needed"), false;
  }
  const std::string_view coding = view(header[http::field::transfer_encoding]);
  if (!coding.empty() && lower_case(coding) != "chunked") {
    return refuse(501, "transfer_encoding", "only Transfer-Encoding: chunked is known"), false;
  }
  request_.method = std::string(view(header.method_string()));
  auto target = parse_target(view(header.target()));
  if (!target) return refuse(400, "bad_request", "the request target is not a path"), false;
  head_ = request_.method == "HEAD";
  match_ = hub_->router.find(request_.method, *target);
  handler_name_ = match_.name;
  request_.path = std::move(target->path);
  request_.query = std::move(match_.parameters);
  request_.query.insert(request_.query.end(), target->query.begin(), target->query.end());
  copy_header();
  return true;
}

void Session::copy_header() {
  const auto& header = parser_->get();
  for (const auto& field : header) {
    // Repeated headers mean their list (RFC 9110, 5.3).
    auto [at, fresh] = request_.headers.emplace(lower_case(view(field.name_string())), view(field.value()));
    if (!fresh) at->second += ", " + std::string(view(field.value()));
  }
  const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
  // Where the body will not be read the connection cannot be kept: what follows on it is that body.
  keep_alive_ = header.keep_alive() && !has_body;
}

void Session::authenticate() {
  auto access = hub_->current_access();
  if (access->users.empty()) return on_admitted();
  if (match_.route != nullptr && match_.route->admits && match_.route->admits(request_)) return on_admitted();
  auto credentials = parse_basic(request_.header("authorization"));
  if (!credentials) return challenge();
  request_.user = credentials->user;  // who is wrong about the password gets no further
  if (hub_->passwords.remembers(*access, *credentials)) return on_admitted();
  phase_ = Phase::checking;
  timer_.cancel();
  const bool taken = hub_->passwords.check(std::move(access), *std::move(credentials),
                                           [hub = hub_, weak = weak_from_this()](const auto& right) {
                                             // Only a weak_ptr waits in the queue: a strong reference to the hub there
                                             // would keep it alive for ever.
                                             asio::post(hub->io, [weak, right] {
                                               if (const auto self = weak.lock())
                                                 self->safely([&] { self->on_checked(right); });
                                             });
                                           });
  if (!taken) refuse(503, "passwords", "too many passwords are being checked, try again later");
}

void Session::on_checked(const std::optional<PasswordChecker::Digest>& right) {
  if (!right) return challenge();
  hub_->passwords.remember(*right);
  on_admitted();
}

void Session::challenge() {
  hub_->count_refused("unauthorized");
  HttpResponse answer = problem(401, "user and password are needed");
  answer.headers.emplace_back("WWW-Authenticate", R"(Basic realm="pilotwatch", charset="UTF-8")");
  respond(std::move(answer));
}

/// Only now is a stranger told which paths there are.
void Session::on_admitted() {
  if (match_.route == nullptr && match_.allow.empty()) {
    return respond(problem(404, "nothing is here: " + request_.path));
  }
  if (match_.route == nullptr) {
    HttpResponse answer = problem(405, "the methods here are " + match_.allow);
    answer.headers.emplace_back("Allow", match_.allow);
    return respond(std::move(answer));
  }
  if (match_.route->refuses) {
    if (auto answer = match_.route->refuses(request_)) return respond(*std::move(answer));
  }
  if (parser_->content_length().value_or(0) > match_.route->max_body_bytes) {
    return refuse(413, "body_too_large",
                  "the body is larger than " + std::to_string(match_.route->max_body_bytes) + " bytes");
  }
  keep_alive_ = parser_->get().keep_alive();
  if (phase_ == Phase::checking) {
    phase_ = Phase::reading;
    arm(hub_->options.read_timeout);
  }
  expect_body();
}

void Session::expect_body() {
  const std::string_view expect = view(parser_->get()[http::field::expect]);
  if (expect.empty() || version_ < 11 || parser_->is_done()) return read_body();
  if (lower_case(expect) != "100-continue") return refuse(417, "expectation", "only Expect: 100-continue is known");
  asio::async_write(stream_, asio::buffer(continue_line), [self = shared_from_this()](IoError failed, std::size_t) {
    self->safely([&] { failed ? self->close() : self->read_body(); });
  });
}

}  // namespace pilotwatch::runtime
