// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "settings/alertmanager.h"

namespace pilotwatch::sinks {

/// Why a look-up has no answer. `no_record`: there is no such name, or none of that type. `server`: the servers answer
/// that they cannot (SERVFAIL, REFUSED, NOTIMP). `unreachable`: nobody listens there. `given_up`: by who asked.
enum class DnsFailure : std::uint8_t { none, no_record, server, timeout, unreachable, malformed, given_up };
inline constexpr const char* dns_failure_names[] = {"none",        "no_record", "server",  "timeout",
                                                    "unreachable", "malformed", "given_up"};
inline constexpr std::size_t dns_failure_count = std::size(dns_failure_names);

struct DnsRecord {
  std::string host;        ///< of A and AAAA an address, of SRV a name without the dot at its end
  std::uint16_t port = 0;  ///< of SRV
  auto operator<=>(const DnsRecord&) const = default;
};

struct DnsAnswer {
  std::vector<DnsRecord> records;  ///< in no order
  DnsFailure failure = DnsFailure::none;
  std::string error;  ///< in words, where it failed
};

/// Asks for the records of a name; blocks for at most `timeout`. `give_up` is asked every 100 ms at least.
using Resolve = std::function<DnsAnswer(const std::string& name, settings::DnsType type, Millis timeout,
                                        const std::function<bool()>& give_up)>;

/// By c-ares, over UDP and where an answer does not fit over TCP, with the search list of /etc/resolv.conf, which is read
/// each time. /etc/hosts is not looked at. `servers` as settings::Notify::dns_servers. Any thread.
[[nodiscard]] Resolve dns_resolver(std::vector<std::string> servers);

}  // namespace pilotwatch::sinks
