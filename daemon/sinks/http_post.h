// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"

namespace pilotwatch::sinks {

struct PostResult {
  long status = 0;  ///< 0: no answer came, `error` says why
  std::string error;
  std::string body;  ///< the beginning of the answer
  std::optional<Millis> retry_after;
  std::optional<Instant> date;  ///< the other side's clock, to the second
};

/// JSON out by libcurl, over one kept connection. One thread.
class HttpPost {
 public:
  explicit HttpPost(std::string url);
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// Never throws on what the other side does. `give_up` is asked every 100 ms at least.
  [[nodiscard]] PostResult post(const std::string& json, Millis timeout, Instant now,
                                const std::function<bool()>& give_up);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// HttpPost::post, or what a simulation puts in its place.
using Post = std::function<PostResult(const std::string& json, Millis timeout, Instant now,
                                      const std::function<bool()>& give_up)>;
/// By libcurl.
[[nodiscard]] Post post_to(const std::string& url);

}  // namespace pilotwatch::sinks
