// SPDX-License-Identifier: Apache-2.0
// From requests to answers, and the end of a connection.
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>

#include "runtime/http_text.h"
#include "runtime/session.h"

namespace pilotwatch::runtime {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t linger_bytes =
    128 << 20;  ///< many clients look for an answer only when they have sent everything
constexpr std::chrono::seconds linger_time{2};

bool without_body(unsigned status) { return status < 200 || status == 204 || status == 304; }

/// The handler's end of a request: at most one answer, from any thread; none at all is answered 500.
class Exchange {
 public:
  Exchange(std::shared_ptr<Hub> hub, std::weak_ptr<Session> session)
      : hub_(std::move(hub)), session_(std::move(session)) {}
  ~Exchange() {
    if (answered_) return;
    try {
      answer(problem(500, "the request was dropped without an answer"));
    } catch (const std::exception&) {  // out of memory: the client gets a closed connection when the server stops
    }
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void answer(HttpResponse response) {
    if (answered_.exchange(true)) return;
    // Only a weak_ptr waits in the queue: a strong reference to the hub there would keep it alive for ever.
    asio::post(hub_->io, [session = session_, response = std::move(response)]() mutable {
      if (const auto alive = session.lock()) alive->respond(std::move(response));
    });
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::weak_ptr<Session> session_;
  std::atomic<bool> answered_{false};
};

}  // namespace

void Session::dispatch() {
  timer_.cancel();
  phase_ = Phase::handling;
  charge(0);
  const auto exchange = std::make_shared<Exchange>(hub_, weak_from_this());
  try {
    match_.route->handler(std::move(request_),
                          [exchange](HttpResponse response) { exchange->answer(std::move(response)); });
  } catch (const std::exception& e) {
    exchange->answer(problem(500, "internal error"));
    if (hub_->options.on_exception) hub_->options.on_exception(handler_name_, e.what());
  }
}

void Session::refuse(unsigned status, const char* reason, std::string_view detail) {
  hub_->count_refused(reason);
  charge(0);
  request_.body = {};
  HttpResponse response = problem(status, detail);
  if (status == 503 || status == 429) response.headers.emplace_back("Retry-After", "1");
  keep_alive_ = false;
  respond(std::move(response));
}

void Session::respond(HttpResponse&& response) {
  safely([&] {
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - started_).count();
    hub_->stats.with([&](HttpStats& stats) {
      ++stats.requests[{handler_name_, response.status}];
      auto& [count, sum] = stats.durations[handler_name_];
      ++count;
      sum += seconds;
    });
    write(std::move(response), keep_alive_ && !hub_->stopping);
  });
}

void Session::write(HttpResponse&& response, bool keep) {
  phase_ = Phase::writing;
  answer_.emplace();
  answer_->version(version_);
  answer_->result(response.status);
  answer_->set(http::field::server, "pilotwatch");
  answer_->set(http::field::date, http_date(std::time(nullptr)));
  answer_->set("X-Content-Type-Options", "nosniff");
  const auto access = hub_->current_access();  // held: another one may come into force meanwhile
  for (const auto& [name, value] : access->headers) answer_->set(one_line(name), one_line(value));
  for (const auto& [name, value] : response.headers) answer_->set(one_line(name), one_line(value));
  answer_->keep_alive(keep);
  if (!without_body(response.status)) {
    answer_->set(http::field::content_type, one_line(response.content_type));
    answer_->content_length(response.body.size());
    if (!head_) answer_->body() = std::move(response.body);
  }
  arm(hub_->options.write_timeout);
  http::async_write(stream_, *answer_, [self = shared_from_this()](IoError error, std::size_t) {
    self->safely([&] { self->on_written(error); });
  });
}

void Session::on_written(IoError error) {
  const bool keep = answer_->keep_alive();
  answer_.reset();
  if (error) return close();
  keep ? await_request() : linger();
}

/// Closing a socket with unread bytes resets it, and a reset can overtake the answer: say "no more" and swallow the
/// rest.
void Session::linger() {
  phase_ = Phase::lingering;
  arm(linger_time);
  transport_->end([self = shared_from_this()] { self->safely([&] { self->discard(); }); });
}

void Session::discard() {
  transport_->discard_some([self = shared_from_this()](IoError error, std::size_t bytes) {
    self->safely([&] { self->on_discarded(error, bytes); });
  });
}

void Session::on_discarded(IoError error, std::size_t bytes) {
  lingered_ += bytes;
  error || lingered_ > linger_bytes ? close() : discard();
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  charge(0);
  transport_->close();
  timer_.cancel();
  hub_->remove(shared_from_this());
}

}  // namespace pilotwatch::runtime
