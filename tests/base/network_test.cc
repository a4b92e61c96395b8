// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace pilotwatch;

namespace {

bool open_to_all(const char* text) {
  const auto address = parse_ip(text);
  REQUIRE(address);
  return is_public(*address);
}

}  // namespace

TEST_CASE("network: addresses of the open Internet are public") {
  for (const auto* text : {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",
                           "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
                           "126.255.255.255", "128.0.0.1",       "169.253.255.255",
                           "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
                           "192.0.1.0",       "192.167.255.255", "192.169.0.0",
                           "198.17.255.255",  "198.20.0.0",      "223.255.255.255",
                           "168.63.129.15",   "168.63.129.17",   "2606:4700:4700::1111",
                           "2a00:1450::1",    "2001:200::1",     "::ffff:8.8.8.8",
                           "64:ff9b::8.8.8.8"}) {
    CAPTURE(text);
    CHECK(open_to_all(text));
  }
}

TEST_CASE("network: addresses of a host, a link, a private network or a cloud are not") {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.100.100.200",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "168.63.129.16",
                           "169.254.0.0",
                           "169.254.169.254",
                           "169.254.255.255",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.192",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.1.2.3",
                           "::ffff:169.254.169.254",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "2002:808:808::1",
                           "3fff::1",
                           "fc00::1",
                           "fd00:ec2::254",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1"}) {
    CAPTURE(text);
    CHECK_FALSE(open_to_all(text));
  }
}

TEST_CASE("network: a prefix says which addresses belong to it") {
  const auto holds = [](const char* net, const char* address) {
    return parse_network(net).value().contains(parse_ip(address).value());
  };
  CHECK(holds("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  CHECK(holds("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(holds("172.16.0.0/12", "172.32.0.0"));
  CHECK(holds("0.0.0.0/0", "8.8.8.8"));
  CHECK(holds("127.0.0.0/8", "::ffff:127.0.0.1"));
  CHECK_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  CHECK(holds("::/0", "2001:db8::1"));
  CHECK(holds("fd00::/9", "fd7f::1"));
  CHECK_FALSE(holds("fd00::/9", "fd80::1"));
  CHECK(holds("192.0.2.7", "192.0.2.7"));
  CHECK_FALSE(holds("192.0.2.7", "192.0.2.8"));
}

TEST_CASE("network: what is none is refused, what is one reads back") {
  for (const auto* text : {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "10.0.0.0/", "10.0.0.0/8x", "::/129", "fd00::1/8",
                           "host", "10.0.0.0/-1", "10.0.0.0/8/8", "[::1]"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_network(text));
  }
  for (const auto* text : {"10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1", "0.0.0.0/0", "::/0"}) {
    CHECK(to_text(parse_network(text).value()) == text);
  }
}

TEST_CASE("network: an address is read out of what the system connects to") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7F000001);
  CHECK(to_text(ip_of(reinterpret_cast<const sockaddr&>(v4)).value()) == "127.0.0.1");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xFF;
  v6.sin6_addr.s6_addr[12] = 10;
  CHECK(to_text(ip_of(reinterpret_cast<const sockaddr&>(v6)).value()) == "10.0.0.0");
  sockaddr other{};
  other.sa_family = AF_UNIX;
  CHECK_FALSE(ip_of(other));
}
