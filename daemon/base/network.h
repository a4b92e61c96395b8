// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace pilotwatch {

/// An IPv4 or IPv6 address. An IPv4 address written as IPv6 (::ffff:a.b.c.d) is that IPv4 address.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< IPv4: the first four
  bool v6 = false;
  bool operator==(const IpAddress&) const = default;
};

/// "10.0.0.1", "fe80::1"; no port, no brackets, no zone.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
/// Of AF_INET and AF_INET6; nullopt: of another family.
[[nodiscard]] std::optional<IpAddress> ip_of(const sockaddr& address);
[[nodiscard]] std::string to_text(const IpAddress& address);

/// Addresses that begin alike.
struct Network {
  IpAddress address;  ///< bits beyond the prefix are 0
  unsigned prefix = 0;
  bool operator==(const Network&) const = default;

  [[nodiscard]] bool contains(const IpAddress& other) const;
};

/// "10.0.0.0/8", "fd00::/8", or one address; nullopt: anything else, bits beyond the prefix too.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);
[[nodiscard]] std::string to_text(const Network& network);

/// Whether it is one of the open Internet: not of this host or link, private, shared, of documentation or a benchmark,
/// multicast or reserved, nor one where clouds tell machines about themselves. IPv6 addresses that stand for an IPv4
/// address (NAT64) are what that is; other tunnels (6to4, Teredo, IPv4-compatible) are not public.
[[nodiscard]] bool is_public(const IpAddress& address);

}  // namespace pilotwatch
