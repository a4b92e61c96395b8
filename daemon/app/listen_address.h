// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pilotwatch::app {

struct ListenAddress {
  std::string host;
  std::uint16_t port;
};

/// "host:port", ":port", "[::1]:port".
[[nodiscard]] std::optional<ListenAddress> parse_address(const std::string& text);
/// As it stands in a URL.
[[nodiscard]] std::string in_brackets(const std::string& host);

}  // namespace pilotwatch::app
