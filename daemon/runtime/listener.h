// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace pilotwatch::runtime {

/// A bound socket that listens. It outlives the servers that accept from it: while one gives way to the next,
/// connections wait in the socket's queue, and none is refused.
class Listener {
 public:
  /// `port` 0 = any free one. Throws std::system_error, which names the address.
  Listener(const std::string& address, std::uint16_t port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool ipv6() const { return ipv6_; }
  /// Another descriptor of the same socket, closed on exec; the caller closes it. Throws std::system_error. Any thread.
  [[nodiscard]] int share() const;

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
  bool ipv6_ = false;
};

}  // namespace pilotwatch::runtime
