// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/time.h"

namespace pilotwatch::settings {

/// How to get in. Files are read for each request; "" = none.
struct AlertmanagerAccess {
  std::string username;                     ///< YAML `basic_auth`
  std::filesystem::path password_file;      ///< the same
  std::filesystem::path bearer_token_file;  ///< never beside `basic_auth`
  /// YAML `tls_config`: certificates to trust instead of the system's; our own with its key.
  std::filesystem::path ca_file, cert_file, key_file;
};

struct Alertmanager {
  std::string url;   ///< "http://host:9093", with path prefix if any, without /api/v2/alerts
  std::string name;  ///< label `target`; default the URL's host:port
  AlertmanagerAccess access{};
};

enum class DnsType : std::uint8_t { srv, a, aaaa };
inline constexpr const char* dns_type_names[] = {"SRV", "A", "AAAA"};

/// Alertmanagers that DNS knows, looked up again and again.
struct AlertmanagerLookup {
  std::string dns;   ///< what is asked for, such as "_alertmanager._tcp.example.org"
  std::string name;  ///< label `lookup`; default `dns`
  DnsType type = DnsType::srv;
  std::uint64_t port = 0;         ///< of A and AAAA; SRV records bring theirs
  std::string scheme = "http";    ///< or "https"
  std::string path_prefix;        ///< "" or "/prefix", no slash at the end
  Millis refresh_interval = std::chrono::seconds{30};
  std::uint64_t max_targets = 16;  ///< each has a queue and a thread
  AlertmanagerAccess access{};
};

}  // namespace pilotwatch::settings
