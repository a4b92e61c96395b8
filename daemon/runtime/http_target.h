// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/http.h"

/// From the request line to a route; no Asio, no Beast.
namespace pilotwatch::runtime {

struct Target {
  std::string path;                   ///< decoded
  std::vector<std::string> segments;  ///< decoded one by one: "%2F" in a segment does not split it
  std::vector<std::pair<std::string, std::string>> query;
};

/// Origin form ("/a%20b?c=d+e") or absolute form; nullopt on anything else and on a bad escape.
[[nodiscard]] std::optional<Target> parse_target(std::string_view raw);

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string_view name = "unknown";  ///< for the label `handler`; lives as long as the router
    std::string allow;                  ///< no route, but the path exists: the methods it knows, "GET, HEAD"
  };
  /// The first route whose pattern and method fit.
  [[nodiscard]] Match find(std::string_view method, const Target& target) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace pilotwatch::runtime
