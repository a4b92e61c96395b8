// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/network.h"
#include "base/time.h"

namespace pilotwatch::sinks {

/// Why no answer came.
enum class PostFailure : std::uint8_t { none, unreachable, timeout, tls, address_refused, given_up };

struct PostResult {
  long status = 0;  ///< 0: no answer came, `error` says why
  std::string error;
  std::string body;  ///< the beginning of the answer
  std::optional<Millis> retry_after;
  std::optional<Instant> date;  ///< the other side's clock, to the second
  PostFailure failure = PostFailure::none;
};

/// What is posted beside a URL.
struct PostRequest {
  std::string body;
  std::vector<std::string> headers;  ///< "name: value", beside Content-Type
};

/// How a URL is posted to.
struct PostOptions {
  std::string content_type = "application/json";
  /// Set: only addresses of the open Internet and of these networks are connected to. Looked at when the connection is
  /// made, so that no name can stand for another address than the one that was looked at.
  std::optional<std::vector<Network>> only_public_and;
  std::filesystem::path ca_file{};  ///< certificates to trust; "" = those of the system
  std::filesystem::path cert_file{}, key_file{};  ///< our own certificate and its key; "" = none
};

/// What a look at a URL asks of it.
enum class Ask : std::uint8_t {
  connect,  ///< the connection, and TLS where the URL is https: no request is sent
  get,      ///< GET
};

struct LookResult {
  PostResult answer;        ///< of Ask::connect no status; failure none = connected
  std::string certificate;  ///< of the other side, PEM; "" without TLS
};

/// POST by libcurl, over one kept connection. Redirects are answers like others. One thread.
class HttpPost {
 public:
  explicit HttpPost(std::string url, PostOptions options = {});
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// Never throws on what the other side does. `give_up` is asked every 100 ms at least.
  [[nodiscard]] PostResult post(const PostRequest& request, Millis timeout, Instant now,
                                const std::function<bool()>& give_up);
  /// Sends nothing that could change anything, over a connection of its own kind: not to be mixed with post().
  [[nodiscard]] LookResult look(Ask ask, Millis timeout, Instant now, const std::function<bool()>& give_up);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// HttpPost::post of JSON, or what a simulation puts in its place.
using Post = std::function<PostResult(const std::string& json, Millis timeout, Instant now,
                                      const std::function<bool()>& give_up)>;
/// HttpPost::post, or what a simulation puts in its place.
using Send = std::function<PostResult(const PostRequest& request, Millis timeout, Instant now,
                                      const std::function<bool()>& give_up)>;
/// By libcurl.
[[nodiscard]] Send send_to(const std::string& url, const PostOptions& options);

}  // namespace pilotwatch::sinks
