// SPDX-License-Identifier: Apache-2.0
// From bytes to requests.
#include "runtime/session.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

namespace pilotwatch::runtime {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t first_piece = 4 << 10;
constexpr std::size_t trusted_length = 1 << 20;  ///< so much of a body must have come before room for all of it is made

}  // namespace

Session::Session(std::shared_ptr<Hub> hub, std::unique_ptr<Transport> transport, std::unique_ptr<AddressPlace> place,
                 const char* refused_for)
    : hub_(std::move(hub)),
      transport_(std::move(transport)),
      place_(std::move(place)),
      stream_(*transport_),
      timer_(hub_->io),
      buffer_(static_cast<std::size_t>(hub_->options.max_header_bytes) + read_piece),
      refused_for_(refused_for) {}

void Session::start() {
  safely([this] {
    arm(hub_->options.read_timeout);
    transport_->handshake(
        [self = shared_from_this()](IoError error) { self->safely([&] { self->on_handshake(error); }); });
  });
}

void Session::on_handshake(IoError error) {
  if (error || timed_out_) {
    const char* reason = timed_out_ ? "tls_timeout" : transport_->handshake_failure();
    if (reason == nullptr) return close();
    hub_->count_refused(reason);
    return linger();  // so that the alert that says why arrives
  }
  if (refused_for_ != nullptr) return refuse(503, refused_for_, "too many connections, try again later");
  await_request();
}

void Session::wind_up() {
  if (phase_ == Phase::reading && served_one_ && !started_request()) close();
}

void Session::give_up_waiting() {
  if (phase_ == Phase::opening || (phase_ == Phase::reading && !started_request())) close();
}

void Session::begin_request() {
  charge(0);
  request_ = {};
  match_ = {};
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_->options.max_header_bytes));
  parser_->body_limit(boost::none);  // counted here: the limit depends on the route, known after the header only
  handler_name_ = "unknown";
  head_ = keep_alive_ = timed_out_ = false;
  version_ = 11;
}

/// Between requests a connection may be idle for longer than a request may take.
void Session::await_request() {
  begin_request();
  phase_ = Phase::reading;
  if (buffer_.size() > 0) return read_header();
  if (hub_->stopping && served_one_) return close();
  arm(served_one_ ? hub_->options.idle_timeout : hub_->options.read_timeout);
  stream_.async_read_some(buffer_.prepare(first_piece), [self = shared_from_this()](IoError error, std::size_t bytes) {
    self->safely([&] { self->on_first_bytes(error, bytes); });
  });
}

void Session::on_first_bytes(IoError error, std::size_t bytes) {
  if (error || timed_out_) return close();
  buffer_.commit(bytes);
  read_header();
}

void Session::read_header() {
  served_one_ = true;
  arm(hub_->options.read_timeout);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](IoError error, std::size_t) {
    self->safely([&] { self->on_header(error); });
  });
}

void Session::on_header(IoError error) {
  started_ = SteadyClock::now();
  if (error || timed_out_) return on_read_error(error);
  if (!well_formed()) return;
  if (!hub_->rate_limit.admits(*hub_->current_access(), started_)) {
    return refuse(429, "rate_limit", "too many requests, try again later");
  }
  authenticate();
}

void Session::read_body() {
  if (parser_->is_done()) return dispatch();
  const std::size_t have = request_.body.size();
  const std::uint64_t rest = parser_->content_length_remaining().value_or(read_piece);
  const std::size_t piece =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(rest, 1), read_piece));
  if (hub_->buffered_bytes - charged_ + have + piece > hub_->options.max_buffered_bytes) {
    return refuse(503, "memory", "too many large requests at once, try again later");
  }
  charge(have + piece);
  if (have == 0 || have == trusted_length) make_room(parser_->content_length_remaining().value_or(0));
  request_.body.resize(have + piece);
  auto& body = parser_->get().body();
  body.data = request_.body.data() + have;
  body.size = piece;
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](IoError error, std::size_t) {
    self->safely([&] { self->on_body(error); });
  });
}

/// For the rest of the body, so that it is not copied as it grows. What nothing has been written to takes no memory yet;
/// more than that is believed of who has sent that much.
void Session::make_room(std::uint64_t rest) {
  const std::size_t have = request_.body.size();
  request_.body.reserve(have + static_cast<std::size_t>(have == 0 ? std::min<std::uint64_t>(rest, trusted_length) : rest));
}

void Session::on_body(IoError error) {
  if (error == http::error::need_buffer) error = {};
  if (error || timed_out_) return on_read_error(error);
  request_.body.resize(request_.body.size() - parser_->get().body().size);
  if (request_.body.size() > match_.route->max_body_bytes) {
    return refuse(413, "body_too_large",
                  "the body is larger than " + std::to_string(match_.route->max_body_bytes) + " bytes");
  }
  read_body();
}

void Session::on_read_error(IoError error) {
  if (timed_out_) {
    return started_request() ? refuse(408, "timeout", "the request did not arrive in time") : close();
  }
  const bool is_http = error.category() == make_error_code(http::error::end_of_stream).category();
  if (!is_http || error == http::error::end_of_stream) return close();
  if (error == http::error::header_limit || (error == http::error::buffer_overflow && !parser_->is_header_done())) {
    return refuse(431, "header_too_large",
                  "the header is larger than " + std::to_string(hub_->options.max_header_bytes) + " bytes");
  }
  refuse(400, "bad_request", "not HTTP: " + error.message());
}

void Session::arm(SteadyClock::duration time) {
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this()](IoError error) {
    // A timer that was set anew while this waited in the queue has not passed yet.
    if (!error && self->timer_.expiry() <= SteadyClock::now()) self->safely([&] { self->on_deadline(); });
  });
}

void Session::on_deadline() {
  if (phase_ == Phase::handling || phase_ == Phase::checking) return;
  if (phase_ != Phase::reading && phase_ != Phase::opening) return close();
  timed_out_ = true;  // the cancelled read answers 408
  transport_->cancel();
}

void Session::charge(std::size_t bytes) {
  hub_->buffered_bytes += bytes;
  hub_->buffered_bytes -= charged_;
  charged_ = bytes;
}

std::shared_ptr<Connection> make_session(std::shared_ptr<Hub> hub, std::unique_ptr<Transport> transport,
                                         std::unique_ptr<AddressPlace> place, const char* refused_for) {
  return std::make_shared<Session>(std::move(hub), std::move(transport), std::move(place), refused_for);
}

}  // namespace pilotwatch::runtime
