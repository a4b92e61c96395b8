// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"

/// HTTP/1.1 in: a Beast listener behind plain functions. Only http_session.cc includes Beast, only it and http.cc Asio.
namespace pilotwatch::runtime {

struct HttpRequest {
  std::string method;                                      ///< "GET", "POST", ...; HEAD is answered as GET without body
  std::string path;                                        ///< percent-decoded, without query
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::map<std::string, std::string> headers;              ///< names in lower case
  std::string body;

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
};

struct HttpStats {
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests;  ///< (handler, status) -> count
  std::map<std::string, std::pair<std::uint64_t, double>> durations;   ///< handler -> (count, seconds)
  /// Requests refused before any handler saw them, by reason: body_too_large (413), header_too_large (431), bad_request
  /// (400), timeout (408), expectation (417), transfer_encoding (501), connections and memory (503).
  std::map<std::string, std::uint64_t> refused;
  std::uint64_t connections = 0;  ///< open now
};

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any free one
  std::uint64_t max_connections = 512;
  std::uint64_t max_header_bytes = 16 << 10;
  std::uint64_t max_buffered_bytes = 512 << 20;    ///< of bodies that are being read, all together; beyond it 503
  std::chrono::milliseconds read_timeout{30'000};  ///< for a whole request, so that slow clients cannot hold a place
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

  void start();
  void stop(std::chrono::milliseconds grace);
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] HttpStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::runtime
