// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pilotwatch::runtime {

class TlsContext;

/// Who may talk to a listener and what it says to all. Immutable while it is in force; a new one replaces it whole.
struct Access {
  std::shared_ptr<const TlsContext> tls;                     ///< null = plain HTTP
  std::map<std::string, std::string> users;                  ///< name -> bcrypt hash; empty = nobody is asked
  std::vector<std::pair<std::string, std::string>> headers;  ///< in every answer, before what a handler says
  /// One request an interval on average, `burst` at once; beyond it 429. 0 = no limit.
  std::chrono::nanoseconds request_interval{0};
  std::uint64_t request_burst = 0;
};

}  // namespace pilotwatch::runtime
