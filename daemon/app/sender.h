// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/client.h"

namespace pilotwatch::app {

/// What the daemon said of everything sent so far.
struct SentCounts {
  std::uint64_t accepted = 0, duplicate = 0, rejected = 0, ignored = 0;
};

/// Posts bodies to a daemon until it has committed them: comes back after Retry-After when refused, and while nobody
/// answers. What was sent twice is counted once there.
class Sender {
 public:
  /// `path`: "/v1/records?pilot=x". `patience`: so long one body is tried.
  Sender(const ClientOptions& client, std::string path, std::vector<std::string> headers,
         std::chrono::seconds patience);

  /// Throws std::runtime_error when the body was refused for good, or for longer than `patience`. A body of which every
  /// line was rejected (400 with counts) is one that has been dealt with.
  void send(std::string_view body);
  [[nodiscard]] const SentCounts& counts() const { return counts_; }
  /// "12 accepted, 0 duplicate, 1 rejected"
  [[nodiscard]] std::string summary() const;

 private:
  [[nodiscard]] bool count(const ClientAnswer& answer);

  Client client_;
  std::string path_;
  std::vector<std::string> headers_;
  std::chrono::seconds patience_;
  SentCounts counts_;
};

}  // namespace pilotwatch::app
