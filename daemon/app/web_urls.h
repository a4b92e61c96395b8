// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/http.h"

namespace pilotwatch::app {

/// Where people find the daemon, and where its paths are.
struct WebUrls {
  std::string external;  ///< no slash at the end; "" = it follows from the address that is listened on
  std::string prefix;    ///< of every path: "" or "/watch", decoded, no slash at the end
};

/// What --web.external-url and --web.route-prefix come to ("" = not given); the error names the flag.
[[nodiscard]] Result<WebUrls> web_urls(const std::string& external_url, const std::string& route_prefix);

/// The routes under `prefix`, which is WebUrls::prefix; `/` and the prefix without a slash lead to the page.
[[nodiscard]] std::vector<runtime::Route> under_prefix(std::vector<runtime::Route> routes, const std::string& prefix);

/// As it stands in a URL.
[[nodiscard]] std::string encoded_path(const std::string& path);

}  // namespace pilotwatch::app
