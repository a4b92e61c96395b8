// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <spdlog/version.h>
#include <sys/utsname.h>
#include <zstd.h>

#include <boost/version.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.h"
#include "sinks/schema.h"

namespace pilotwatch::app {
namespace {

std::string platform() {
  utsname names{};
  if (uname(&names) != 0) return "unknown";
  return std::string(names.sysname) + "/" + names.machine;
}

std::string triple(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

/// Shared libraries say what is loaded, headers what was compiled in. simdjson, SQLite, yaml-cpp and prometheus-cpp are
/// seen only in the rooms that use them (tests/tidy/includes.py), hence not here.
void print_libraries() {
  std::cout << "  boost: " << triple(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100) << '\n'
            << "  spdlog: " << triple(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH) << '\n'
            << "  nlohmann-json: "
            << triple(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH) << '\n'
            << "  zstd: " << ZSTD_versionString() << '\n'
            << "  openssl: " << OpenSSL_version(OPENSSL_VERSION) << '\n'
            << "  libsodium: " << sodium_version_string() << '\n'
            << "  curl: " << curl_version() << '\n';
}

}  // namespace

int print_schema() {
  std::cout << sinks::backtest_schema();
  return 0;
}

int print_version(bool verbose) {
  std::cout << "pilotwatch, version " << version() << " (revision: " << (revision().empty() ? "unknown" : revision())
            << ")\n  compiler: " << compiler() << "\n  platform: " << platform() << '\n';
  if (verbose) print_libraries();
  return 0;
}

}  // namespace pilotwatch::app
