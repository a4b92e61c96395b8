// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/client.h"
#include "app/top_sample.h"

namespace pilotwatch::app {

/// One look: /api/v1/pilots and /metrics. Throws std::runtime_error.
[[nodiscard]] TopSample look_at(Client& client);

/// Looks at a daemon again and again, on a thread of its own ("pw-look"), so that whoever draws never waits for it. An
/// attempt that fails is repeated like any other.
class TopFeed {
 public:
  TopFeed(ClientOptions client, std::chrono::milliseconds interval);
  ~TopFeed();
  TopFeed(const TopFeed&) = delete;
  TopFeed& operator=(const TopFeed&) = delete;

  struct News {
    std::optional<TopSample> now, before;  ///< the last two looks that succeeded
    std::string trouble;                   ///< of the last attempt, where it failed
  };
  [[nodiscard]] News take();
  /// Readable (an eventfd) when there is something that take() has not said yet.
  [[nodiscard]] int wake() const { return wake_; }

 private:
  void run();

  ClientOptions options_;
  std::chrono::milliseconds interval_;
  int wake_ = -1;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  ///< guards news_
  std::condition_variable stop_;
  News news_;
  std::thread thread_;  ///< last: it uses what is above
};

}  // namespace pilotwatch::app
