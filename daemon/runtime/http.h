// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "runtime/access.h"
#include "runtime/listener.h"

/// HTTP/1.1 in, plain or in TLS: a Beast listener behind plain functions. No header that other rooms include knows
/// Asio.
namespace pilotwatch::runtime {

struct HttpRequest {
  std::string method;                                      ///< "GET", "POST", ...; HEAD is answered as GET without body
  std::string path;                                        ///< percent-decoded, without query
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::map<std::string, std::string> headers;              ///< names in lower case
  std::string body;
  std::string user{};  ///< whose password was checked; "" where none had to be

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  ///< "" when absent
  [[nodiscard]] std::string_view parameter(std::string_view name) const;          ///< first, "" when absent
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// RFC 9457 `application/problem+json`: {"type":"about:blank","title","status","detail"}.
[[nodiscard]] HttpResponse problem(unsigned status, std::string_view detail);

/// Must be called exactly once, from any thread, also after the server is gone; later calls change nothing. When the
/// last copy is destroyed without a call the client gets a 500.
using Respond = std::function<void(HttpResponse)>;
using Handler = std::function<void(HttpRequest&&, Respond)>;

/// A path ("/metrics") or a pattern with one-segment parameters ("/api/v1/pilots/{pilot}/windows": the value arrives as
/// a query parameter of that name, in front of the others).
struct Route {
  std::string method;  ///< "GET" answers HEAD too
  std::string pattern;
  std::string name;                  ///< label `handler` of pilotwatch_http_requests_total
  std::uint64_t max_body_bytes = 0;  ///< larger bodies: 413 before they are read whole
  Handler handler;
  /// Whether a request needs no password of Access::users, since something else in its header says who sends it. Asked
  /// after the header, before the body (which is empty then), on the server's thread: must not block. Empty = never.
  std::function<bool(const HttpRequest&)> admits{};
  /// An answer instead of the handler's, where the header alone says that the request is in vain: its body is not read
  /// then. Asked like `admits`, after it and after the password. Empty = never.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> refuses{};
};

/// With the status of the answer; those without one end the connection.
inline constexpr const char* refusal_reasons[] = {
    "bad_request",          // 400
    "unauthorized",         // 401: no password, or a wrong one
    "timeout",              // 408
    "body_too_large",       // 413
    "expectation",          // 417
    "rate_limit",           // 429
    "header_too_large",     // 431
    "transfer_encoding",    // 501
    "address_connections",  // 503: too many connections from one address
    "connections",          // 503
    "memory",               // 503: too many large bodies at once
    "passwords",            // 503: too many passwords wait to be checked
    "tls_certificate",      // the client's certificate: none, expired, of another authority or for another name
    "tls_handshake",        // not TLS, or nothing in common
    "tls_timeout",          // the handshake took too long
};

struct HttpStats {
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests;  ///< (handler, status) -> count
  std::map<std::string, std::pair<std::uint64_t, double>> durations;   ///< handler -> (count, seconds)
  /// Requests and connections refused before any handler saw them: every reason of `refusal_reasons`, 0 at first.
  std::map<std::string, std::uint64_t> refused;
  std::uint64_t connections = 0, max_connections = 0;  ///< open now, and at most
  std::uint64_t password_checks = 0;                   ///< bcrypt worked out; remembered passwords cost none

  /// Two listeners as one.
  HttpStats& operator+=(const HttpStats& other);
};

/// Connections beyond the limit that may at the same time be told so; even more are closed without a word.
[[nodiscard]] constexpr std::uint64_t told_full(std::uint64_t max_connections) {
  return max_connections < 504 ? max_connections / 8 + 1 : 64;
}

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any free one
  std::shared_ptr<const Listener> listener{};  ///< accepts from this one, and binds no address of its own
  std::uint64_t max_connections = 512;
  std::uint64_t max_connections_per_address = 0;  ///< 0 = no limit
  std::uint64_t max_header_bytes = 16 << 10;
  std::uint64_t max_buffered_bytes = 512 << 20;  ///< of bodies that are being read, all together; beyond it 503
  /// For a handshake, and again for a whole request, so that slow clients cannot hold a place.
  std::chrono::milliseconds read_timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< from an answer to the next request
  std::chrono::milliseconds write_timeout{30'000};
  /// A handler threw (its client got a 500); called on the server's thread, for the log.
  std::function<void(std::string_view handler, std::string_view what)> on_exception{};
};

/// One thread, one io_context. start() binds and throws std::system_error when it cannot; stop() stops accepting, lets
/// open requests finish for at most `grace`, then closes and joins. Handlers run on the server's thread: they must not
/// block.
class HttpServer {
 public:
  HttpServer(HttpOptions options, std::vector<Route> routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// From the next connection (TLS) and the next request (all else) on. Any thread, also before start().
  void set_access(std::shared_ptr<const Access> access);
  void start();
  /// The first part of stop(): idle connections are closed, the others after their answer, and new ones are left to the
  /// socket's queue. Does not wait.
  void stop_accepting();
  void stop(std::chrono::milliseconds grace);
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] HttpStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::runtime
