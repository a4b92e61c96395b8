// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/http_session.h"

/// One connection: session.cc reads, session_access.cc says who may go on, session_answer.cc answers. Only these files
/// include Beast.
namespace pilotwatch::runtime {

using SteadyClock = std::chrono::steady_clock;
using IoError = boost::system::error_code;

inline constexpr std::size_t read_piece = 64 << 10;

/// Everything runs on the io thread; requests are answered one at a time, in order.
///
///   handshake -> wait for a request -> read header -> (refuse | ask who it is | 100 Continue) -> read body in pieces
///   -> handler -> write answer -> again, or linger and close
class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Hub> hub, std::unique_ptr<Transport> transport, std::unique_ptr<AddressPlace> place,
          const char* refused_for);

  void start() override;
  void wind_up() override;
  void give_up_waiting() override;
  void close() override;
  void respond(HttpResponse&& response);

 private:
  enum class Phase : std::uint8_t { opening, reading, checking, handling, writing, lingering, closed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  // session.cc
  void on_handshake(IoError error);
  void await_request();
  void begin_request();
  void on_first_bytes(IoError error, std::size_t bytes);
  void read_header();
  void on_header(IoError error);
  void read_body();
  void make_room(std::uint64_t rest);
  void on_body(IoError error);
  void on_read_error(IoError error);
  void arm(SteadyClock::duration time);
  void on_deadline();
  void charge(std::size_t bytes);

  // session_access.cc
  bool well_formed();
  void copy_header();
  void authenticate();
  void on_checked(const std::optional<PasswordChecker::Digest>& right);
  void challenge();
  void on_admitted();
  void expect_body();

  // session_answer.cc
  void dispatch();
  void refuse(unsigned status, const char* reason, std::string_view detail);
  void write(HttpResponse&& response, bool keep);
  void on_written(IoError error);
  void linger();
  void discard();
  void on_discarded(IoError error, std::size_t bytes);

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
  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<AddressPlace> place_;
  Stream stream_;
  boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, IoExecutor> timer_;
  boost::beast::flat_buffer buffer_;
  const char* const refused_for_;

  Phase phase_ = Phase::opening;
  bool timed_out_ = false, served_one_ = false;
  std::size_t lingered_ = 0;

  // Of the current request.
  std::optional<Parser> parser_;
  HttpRequest request_;
  Router::Match match_;
  std::size_t charged_ = 0;  ///< this body's share of Hub::buffered_bytes
  std::string handler_name_ = "unknown";
  bool head_ = false, keep_alive_ = false;
  unsigned version_ = 11;
  SteadyClock::time_point started_ = SteadyClock::now();
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> answer_;
};

}  // namespace pilotwatch::runtime
