// SPDX-License-Identifier: Apache-2.0
#include "runtime/http_target.h"

#include <set>

#include "base/result.h"

namespace pilotwatch::runtime {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

/// "http://host/path" -> "/path", as proxies are allowed to send it.
std::string_view origin_form(std::string_view raw) {
  const auto scheme = raw.find("://");
  if (raw.empty() || raw.front() == '/' || scheme == std::string_view::npos) return raw;
  const auto path = raw.find_first_of("/?", scheme + 3);
  if (path == std::string_view::npos) return "/";
  return raw[path] == '/' ? raw.substr(path) : std::string_view();
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<Parameters> match(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  Parameters out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i]) && !segments[i].empty()) {
      out.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::optional<Target> parse_target(std::string_view raw) {
  raw = origin_form(raw);
  if (raw.empty() || raw.front() != '/') return std::nullopt;
  const auto question = raw.find('?');
  Target target;
  for (const auto segment : split(raw.substr(1, question == std::string_view::npos ? question : question - 1), '/')) {
    auto decoded = decode(segment, false);
    if (!decoded) return std::nullopt;
    target.path += '/' + *decoded;
    target.segments.push_back(std::move(*decoded));
  }
  if (question == std::string_view::npos) return target;
  for (const auto pair : split(raw.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    target.query.emplace_back(std::move(*name), std::move(*value));
  }
  return target;
}

Router::Router(std::vector<Route> routes) {
  for (Route& route : routes) {
    PW_ASSERT(route.pattern.starts_with('/') && route.handler);
    Entry entry;
    for (const auto segment : split(std::string_view(route.pattern).substr(1), '/'))
      entry.segments.emplace_back(segment);
    entry.route = std::move(route);
    entries_.push_back(std::move(entry));
  }
}

Router::Match Router::find(std::string_view method, const Target& target) const {
  Match out;
  std::set<std::string> known;
  for (const Entry& entry : entries_) {
    auto parameters = match(entry.segments, target.segments);
    if (!parameters) continue;
    if (entry.route.method == method || (entry.route.method == "GET" && method == "HEAD")) {
      return {&entry.route, std::move(*parameters), entry.route.name, ""};
    }
    if (known.empty()) out.name = entry.route.name;
    known.insert(entry.route.method);
    if (entry.route.method == "GET") known.insert("HEAD");
  }
  for (const std::string& name : known) out.allow += (out.allow.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace pilotwatch::runtime
