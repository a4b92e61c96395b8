// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pilotwatch {
namespace {

constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr std::string_view address_characters = "0123456789abcdefABCDEF:.";

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  if (!only(text, "0123456789")) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc{} && port >= 1 && port <= 65535;
}

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    if (!only(text.substr(1, close - 1), address_characters)) return false;
    const auto rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  return is_host_name(text.substr(0, colon)) && (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

bool is_path(std::string_view text, UrlQuery query) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return c > 0x20 && c < 0x7F && c != '#' && (c != '?' || query == UrlQuery::allowed);
  });
}

}  // namespace

bool is_host_name(std::string_view text) { return !text.empty() && only(text, name_characters); }

std::string_view url_authority(std::string_view url, UrlQuery query) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const auto rest = url.substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    if (is_authority(rest.substr(0, slash)) && is_path(rest.substr(slash), query)) return rest.substr(0, slash);
  }
  return {};
}

std::string_view url_path(std::string_view url) {
  const auto authority = url.find("://");
  const auto path = authority == std::string_view::npos ? authority : url.find('/', authority + 3);
  return path == std::string_view::npos ? std::string_view() : url.substr(path);
}

std::string url_encoded(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return out;
}

}  // namespace pilotwatch
