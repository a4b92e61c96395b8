// SPDX-License-Identifier: Apache-2.0
#include "settings/sections.h"

#include <algorithm>
#include <iterator>

namespace pilotwatch::settings {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
/// What every alert already says.
constexpr std::string_view taken_labels[] = {"alertname", "pilot", "limit",     "severity",
                                             "feature",   "group", "attribute", "compare"};

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  const auto port = only(text, digits) ? parse_all<std::uint32_t>(text) : std::nullopt;
  return port && *port >= 1 && *port <= 65535;
}

/// host, host:port, [::1], [::1]:port. Names with '_' exist in container networks.
bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    if (!only(text.substr(1, close - 1), "0123456789abcdefABCDEF:.")) return false;
    const auto rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (host.empty() || !only(host, std::string(word) + ".-")) return false;
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

bool is_path(std::string_view text, UrlQuery query) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return c > 0x20 && c < 0x7F && c != '#' && (c != '?' || query == UrlQuery::allowed);
  });
}

void read_url(const Value& value, Alertmanager& out) {
  const std::string url = value.node().IsScalar() ? value.node().Scalar() : "";
  const auto authority = url_authority(url, UrlQuery::refused);
  if (authority.empty())
    return value.wrong("http://host:port or https://host:port, with a path prefix if there is one");
  out.url = url.substr(0, url.find_last_not_of('/') + 1);
  out.name = std::string(authority);
  if (out.url.ends_with("/api/v2/alerts")) value.problem("leave /api/v2/alerts out; it is added");
}

Alertmanager read_alertmanager(const Value& value, UniqueNames& names) {
  MapReader map(value);
  Alertmanager out;
  const auto url = map.require("url");
  if (url) read_url(*url, out);
  const auto name = map.take("name");
  if (name) out.name = name->name().value_or("");
  map.finish();
  if (!out.name.empty()) names.add(name ? *name : *url, out.name);
  return out;
}

bool is_label_name(std::string_view name) {
  return !name.empty() && only(name, word) && digits.find(name.front()) == std::string_view::npos &&
         !name.starts_with("__");
}

std::map<std::string, std::string> read_external_labels(const Value& value) {
  MapReader map(value);
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : map.take_all()) {
    if (!is_label_name(name)) {
      text.key_problem("a label's name is letters (a-z, A-Z), digits and _, without a digit or __ in front");
    }
    if (std::find(std::begin(taken_labels), std::end(taken_labels), name) != std::end(taken_labels)) {
      text.key_problem("alerts have a label of this name already");
    }
    out[name] = text.filled_text().value_or("");
  }
  return out;
}

}  // namespace

std::string_view url_authority(std::string_view url, UrlQuery query) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const auto rest = url.substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    if (is_authority(rest.substr(0, slash)) && is_path(rest.substr(slash), query)) return rest.substr(0, slash);
  }
  return {};
}

Notify read_notify(const Value& value, const std::filesystem::path& config, std::uint64_t max_store_bytes) {
  MapReader map(value);
  Notify out;
  UniqueNames names;
  if (const auto list = map.take("alertmanagers")) {
    for (const auto& item : list->items()) out.alertmanagers.push_back(read_alertmanager(item, names));
  }
  if (const auto list = map.take("webhooks")) read_webhooks(*list, config, max_store_bytes, out.webhooks);
  if (const auto labels = map.take("external_labels")) out.external_labels = read_external_labels(*labels);
  map.read("resend_delay", out.resend_delay, &Value::duration, Zero::refused);
  map.read("timeout", out.timeout, &Value::duration, Zero::refused);
  map.read("resolved_retention", out.resolved_retention, &Value::duration, Zero::allowed);
  map.read("queue_capacity", out.queue_capacity, &Value::whole, Whole{1, 10'000'000});
  map.read("batch_size", out.batch_size, &Value::whole, Whole{1, 100'000});
  map.read("watchdog", out.watchdog, &Value::flag);
  map.finish();
  return out;
}

}  // namespace pilotwatch::settings
