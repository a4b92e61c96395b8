// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pilotwatch {

enum class UrlQuery { refused, allowed };

/// A name or IPv4 address as it stands in a URL: letters, digits, `.`, `-`, and `_`, which names in container networks
/// have.
[[nodiscard]] bool is_host_name(std::string_view text);

/// The authority of http(s)://host[:port][/path] in printable ASCII without fragment and user; empty where the text is
/// anything else. Host: a name, an address, `[::1]`; port: 1 to 65535.
[[nodiscard]] std::string_view url_authority(std::string_view url, UrlQuery query);

/// What follows the authority of such a URL: "" or "/path".
[[nodiscard]] std::string_view url_path(std::string_view url);

/// `text` as one segment of a path or as a value in a query: all but letters, digits and `-._~` as %XX.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace pilotwatch
