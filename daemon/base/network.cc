// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace pilotwatch {
namespace {

constexpr std::size_t mapped_bytes = 12;  ///< in front of the IPv4 address in ::ffff:0:0/96

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; }) && bytes[10] == 0xFF &&
         bytes[11] == 0xFF;
}

/// The IPv4 address in the last four bytes.
IpAddress last_four(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress out;
  std::copy(bytes.begin() + mapped_bytes, bytes.end(), out.bytes.begin());
  return out;
}

IpAddress from_v6(const std::array<std::uint8_t, 16>& bytes) {
  if (is_mapped(bytes)) return last_four(bytes);
  return {bytes, true};
}

Network network(const char* text) { return *parse_network(text); }

/// IANA's special-purpose registry, and 168.63.129.16, where Azure answers its own machines.
bool is_public_v4(const IpAddress& address) {
  static const Network closed[] = {
      network("0.0.0.0/8"),      network("10.0.0.0/8"),     network("100.64.0.0/10"), network("127.0.0.0/8"),
      network("169.254.0.0/16"), network("172.16.0.0/12"),  network("192.0.0.0/24"),  network("192.0.2.0/24"),
      network("192.88.99.0/24"), network("192.168.0.0/16"), network("198.18.0.0/15"), network("198.51.100.0/24"),
      network("203.0.113.0/24"), network("224.0.0.0/4"),    network("240.0.0.0/4"),   network("168.63.129.16"),
  };
  return std::none_of(std::begin(closed), std::end(closed), [&](const Network& n) { return n.contains(address); });
}

/// Within 2000::/3, which is all that is handed out.
bool is_public_v6(const IpAddress& address) {
  static const Network nat64 = network("64:ff9b::/96"), unicast = network("2000::/3");
  static const Network closed[] = {network("2001::/23"), network("2001:db8::/32"), network("2002::/16"),
                                   network("3fff::/20")};
  if (nat64.contains(address)) return is_public_v4(last_four(address.bytes));
  return unicast.contains(address) &&
         std::none_of(std::begin(closed), std::end(closed), [&](const Network& n) { return n.contains(address); });
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return IpAddress{bytes, false};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return from_v6(bytes);
  return std::nullopt;
}

std::optional<IpAddress> ip_of(const sockaddr& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(bytes.data(), &in.sin_addr, 4);
    return IpAddress{bytes, false};
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  std::memcpy(bytes.data(), &in.sin6_addr, 16);
  return from_v6(bytes);
}

std::string to_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return text;
}

bool Network::contains(const IpAddress& other) const {
  if (other.v6 != address.v6) return false;
  const auto whole = prefix / 8, rest = prefix % 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, other.bytes.begin())) return false;
  if (rest == 0) return true;
  const auto differing = static_cast<unsigned>(address.bytes[whole] ^ other.bytes[whole]);
  return differing >> (8 - rest) == 0;
}

std::optional<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network out{*address, address->v6 ? 128U : 32U};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > out.prefix) return std::nullopt;
    out.prefix = prefix;
  }
  for (unsigned bit = out.prefix; bit < (address->v6 ? 128U : 32U); ++bit) {
    if ((out.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return out;
}

std::string to_text(const Network& network) {
  const unsigned whole = network.address.v6 ? 128 : 32;
  return to_text(network.address) + (network.prefix == whole ? "" : "/" + std::to_string(network.prefix));
}

bool is_public(const IpAddress& address) { return address.v6 ? is_public_v6(address) : is_public_v4(address); }

}  // namespace pilotwatch
