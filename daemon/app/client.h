// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Talking to a running daemon, for the subcommands that do.
namespace pilotwatch::app {

struct ClientOptions {
  std::string url = "http://127.0.0.1:9464";
  std::string token_file{};  ///< its first token goes along as bearer token; "" = none
  std::string user{};        ///< NAME:PASSWORD of the daemon's web.config.file; "" = none
  std::string ca_file{};     ///< certificates to trust, for https; "" = those of the system
  long timeout_s = 60;       ///< of one request
  std::function<bool()> cancelled{};  ///< asked about once a second while a request lasts; true: it ends, with an error
};

struct ClientAnswer {
  long status = 0;
  std::string body;
  long retry_after_s = 1;  ///< 1 to 30

  [[nodiscard]] bool come_back() const { return status == 429 || status == 503; }
};

/// One connection. Throws std::runtime_error, with the URL, when there is no answer at all; every HTTP status is one.
/// Addresses of this machine are never asked for through a proxy. Not thread-safe.
class Client {
 public:
  /// Throws std::runtime_error when the token file cannot be read.
  explicit Client(const ClientOptions& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  [[nodiscard]] ClientAnswer get(const std::string& path);
  [[nodiscard]] ClientAnswer post(const std::string& path, std::string_view body,
                                  const std::vector<std::string>& headers);
  /// "http://host:port/path: HTTP 403: <the beginning of the body>"
  [[nodiscard]] std::string described(const std::string& path, const ClientAnswer& answer) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::app
