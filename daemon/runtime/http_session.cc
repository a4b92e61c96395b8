// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_session.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "runtime/http_text.h"

namespace pilotwatch::runtime {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t read_piece = 64 << 10;
constexpr std::size_t trusted_length = 1 << 20;  ///< so much of a body must have come before room for all of it is made
constexpr std::size_t linger_bytes =
    128 << 20;  ///< many clients look for an answer only when they have sent everything
constexpr std::chrono::seconds linger_time{2};
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool without_body(unsigned status) { return status < 200 || status == 204 || status == 304; }

/// One connection. Everything runs on the io thread; requests are answered one at a time, in order.
///
///   read header -> (refuse | 100 Continue) -> read body in pieces -> handler -> write answer -> again, or linger and
///   close
class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Hub> hub, Socket socket, bool over_limit)
      : hub_(std::move(hub)),
        socket_(std::move(socket)),
        timer_(hub_->io),
        buffer_(static_cast<std::size_t>(hub_->options.max_header_bytes) + read_piece),
        over_limit_(over_limit) {}

  void start() override {
    safely(
        [this] { over_limit_ ? refuse(503, "connections", "too many connections, try again later") : read_header(); });
  }

  void wind_up() override {
    if (phase_ == Phase::reading && !started_request()) close();
  }

  void close() override;
  void respond(HttpResponse&& response);

 private:
  enum class Phase : std::uint8_t { reading, handling, writing, lingering, closed };
  using Parser = http::request_parser<http::buffer_body>;

  void read_header();
  void on_header(error_code error);
  bool acceptable();
  bool find_route(const Target& target);
  void read_body();
  void on_body(error_code error);
  void on_read_error(error_code error);
  void dispatch();
  void refuse(unsigned status, const char* reason, std::string_view detail);
  void write(HttpResponse&& response, bool keep);
  void on_written(error_code error);
  void linger();
  void on_lingered(error_code error, std::size_t bytes);
  void begin_request();
  void arm(SteadyClock::duration time);
  void on_deadline();
  void charge(std::size_t bytes);

  [[nodiscard]] bool started_request() const { return parser_ && (parser_->got_some() || buffer_.size() > 0); }

  /// Runs a step; what it throws (out of memory, at worst) ends this connection, not the thread.
  template <class Step>
  void safely(Step&& step) {
    if (phase_ == Phase::closed) return;
    try {
      step();
    } catch (const std::exception& e) {
      if (hub_->options.on_exception) hub_->options.on_exception(handler_name_, e.what());
      close();
    }
  }

  const std::shared_ptr<Hub> hub_;
  Socket socket_;
  asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, IoExecutor> timer_;
  boost::beast::flat_buffer buffer_;
  const bool over_limit_;

  Phase phase_ = Phase::reading;
  bool timed_out_ = false;
  std::size_t lingered_ = 0;

  // Of the current request.
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::size_t charged_ = 0;  ///< this body's share of Hub::buffered_bytes
  const Route* route_ = nullptr;
  std::string handler_name_ = "unknown";
  bool head_ = false, keep_alive_ = false;
  unsigned version_ = 11;
  SteadyClock::time_point started_ = SteadyClock::now();
  std::optional<http::response<http::string_body>> answer_;
};

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

void Session::begin_request() {
  charge(0);
  request_ = {};
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_->options.max_header_bytes));
  parser_->body_limit(boost::none);  // counted here: the limit depends on the route, known after the header only
  route_ = nullptr;
  handler_name_ = "unknown";
  head_ = keep_alive_ = timed_out_ = false;
  version_ = 11;
}

void Session::read_header() {
  begin_request();
  phase_ = Phase::reading;
  if (hub_->stopping && buffer_.size() == 0) return close();
  arm(hub_->options.read_timeout);
  http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    self->safely([&] { self->on_header(error); });
  });
}

void Session::on_header(error_code error) {
  started_ = SteadyClock::now();
  if (error || timed_out_) return on_read_error(error);
  if (!acceptable()) return;
  const std::string_view expect = view(parser_->get()[http::field::expect]);
  if (expect.empty() || version_ < 11 || parser_->is_done()) return read_body();
  if (lower_case(expect) != "100-continue") return refuse(417, "expectation", "only Expect: 100-continue is known");
  asio::async_write(socket_, asio::buffer(continue_line), [self = shared_from_this()](error_code failed, std::size_t) {
    self->safely([&] { failed ? self->close() : self->read_body(); });
  });
}

/// Everything that can be refused before the body is read; fills request_ and route_.
bool Session::acceptable() {
  const auto& header = parser_->get();
  version_ = header.version();
  const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
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
  // Where the body will not be read the connection cannot be kept: what follows on it is that body.
  keep_alive_ = header.keep_alive() && !has_body;
  head_ = request_.method == "HEAD";
  if (!find_route(*target)) return false;
  if (parser_->content_length().value_or(0) > route_->max_body_bytes) {
    refuse(413, "body_too_large", "the body is larger than " + std::to_string(route_->max_body_bytes) + " bytes");
    return false;
  }
  keep_alive_ = header.keep_alive();
  for (const auto& field : header) {
    // Repeated headers mean their list (RFC 9110, 5.3).
    auto [at, fresh] = request_.headers.emplace(lower_case(view(field.name_string())), view(field.value()));
    if (!fresh) at->second += ", " + std::string(view(field.value()));
  }
  return true;
}

bool Session::find_route(const Target& target) {
  auto match = hub_->router.find(request_.method, target);
  handler_name_ = match.name;
  route_ = match.route;
  if (route_ == nullptr && match.allow.empty()) {
    return respond(problem(404, "nothing is here: " + target.path)), false;
  }
  if (route_ == nullptr) {
    HttpResponse answer = problem(405, "the methods here are " + match.allow);
    answer.headers.emplace_back("Allow", match.allow);
    return respond(std::move(answer)), false;
  }
  request_.path = target.path;
  request_.query = std::move(match.parameters);
  request_.query.insert(request_.query.end(), target.query.begin(), target.query.end());
  return true;
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
  if (have == trusted_length)
    request_.body.reserve(have + static_cast<std::size_t>(parser_->content_length_remaining().value_or(0)));
  request_.body.resize(have + piece);
  auto& body = parser_->get().body();
  body.data = request_.body.data() + have;
  body.size = piece;
  http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    self->safely([&] { self->on_body(error); });
  });
}

void Session::on_body(error_code error) {
  if (error == http::error::need_buffer) error = {};
  if (error || timed_out_) return on_read_error(error);
  request_.body.resize(request_.body.size() - parser_->get().body().size);
  if (request_.body.size() > route_->max_body_bytes) {
    return refuse(413, "body_too_large",
                  "the body is larger than " + std::to_string(route_->max_body_bytes) + " bytes");
  }
  read_body();
}

void Session::on_read_error(error_code error) {
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

void Session::dispatch() {
  timer_.cancel();
  phase_ = Phase::handling;
  charge(0);
  const auto exchange = std::make_shared<Exchange>(hub_, weak_from_this());
  try {
    route_->handler(std::move(request_), [exchange](HttpResponse response) { exchange->answer(std::move(response)); });
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
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
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
  for (const auto& [name, value] : response.headers) answer_->set(one_line(name), one_line(value));
  answer_->keep_alive(keep);
  if (!without_body(response.status)) {
    answer_->set(http::field::content_type, one_line(response.content_type));
    answer_->content_length(response.body.size());
    if (!head_) answer_->body() = std::move(response.body);
  }
  arm(hub_->options.write_timeout);
  http::async_write(socket_, *answer_, [self = shared_from_this()](error_code error, std::size_t) {
    self->safely([&] { self->on_written(error); });
  });
}

void Session::on_written(error_code error) {
  const bool keep = answer_->keep_alive();
  answer_.reset();
  if (error) return close();
  keep ? read_header() : linger();
}

/// Closing a socket with unread bytes resets it, and a reset can overtake the answer: say "no more" and swallow the
/// rest.
void Session::linger() {
  if (phase_ != Phase::lingering) {
    phase_ = Phase::lingering;
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    request_.body.assign(read_piece, '\0');
    arm(linger_time);
  }
  socket_.async_read_some(asio::buffer(request_.body),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->safely([&] { self->on_lingered(error, bytes); });
                          });
}

void Session::on_lingered(error_code error, std::size_t bytes) {
  lingered_ += bytes;
  error || lingered_ > linger_bytes ? close() : linger();
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  charge(0);
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  hub_->remove(shared_from_this());
}

void Session::arm(SteadyClock::duration time) {
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    // A timer that was set anew while this waited in the queue has not passed yet.
    if (!error && self->timer_.expiry() <= SteadyClock::now()) self->safely([&] { self->on_deadline(); });
  });
}

void Session::on_deadline() {
  if (phase_ == Phase::handling) return;
  if (phase_ != Phase::reading) return close();
  timed_out_ = true;  // the cancelled read answers 408
  error_code ignored;
  socket_.cancel(ignored);
}

void Session::charge(std::size_t bytes) {
  hub_->buffered_bytes += bytes;
  hub_->buffered_bytes -= charged_;
  charged_ = bytes;
}

}  // namespace

std::shared_ptr<Connection> make_session(std::shared_ptr<Hub> hub, Socket socket, bool over_limit) {
  return std::make_shared<Session>(std::move(hub), std::move(socket), over_limit);
}

}  // namespace pilotwatch::runtime
