// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "settings/load.h"

/// The file of --web.config.file, in the format of Prometheus' exporter-toolkit.
namespace pilotwatch::settings {

/// What the file calls client_auth_type, in its order.
enum class ClientAuth : std::uint8_t { none, request, require_any, verify_if_given, require_and_verify };
enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };

/// Where a key of the file stands, for problems that show only when its value is used.
struct Place {
  std::string path;  ///< tls_server_config.cert_file
  int line = 1, column = 1;
};

/// A certificate or key: in a file of its own or inline. The file is not opened by the reader.
struct Pem {
  std::filesystem::path file;  ///< relative ones are in the folder of the web configuration
  std::string text;
  Place place;
  [[nodiscard]] bool given() const { return !file.empty() || !text.empty(); }
};

struct TlsServer {
  Pem certificate, key, client_ca;
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;  ///< empty = any
  TlsVersion min_version = TlsVersion::tls12, max_version = TlsVersion::tls13;
  std::vector<std::string> cipher_suites;  ///< IANA names that Go knows; empty = default
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  ///< OpenSSL's names; empty = default
  Place cipher_suites_place, curves_place, versions_place;
};

struct WebConfig {
  std::filesystem::path file;
  std::optional<TlsServer> tls;                              ///< none = plain HTTP
  std::optional<bool> http2;                                 ///< as the file says it; nothing here speaks it
  std::vector<std::pair<std::string, std::string>> headers;  ///< without those left blank
  std::map<std::string, std::string> users;                  ///< name -> bcrypt hash
  std::chrono::nanoseconds rate_interval{0};                 ///< between two requests; 0 = no limit
  std::uint64_t rate_burst = 0;
};

/// Everything that is wrong with the text, or what it says. Opens no other file. Values of `basic_auth_users` and `key`
/// are in no message.
[[nodiscard]] std::variant<WebConfig, std::vector<Problem>> parse_web_config(std::string_view yaml,
                                                                             const std::filesystem::path& file);

/// Go's form of durations: 1.5s, 1m30s, 100ms, 0; nullopt on anything else, and beyond a day.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace pilotwatch::settings
