// SPDX-License-Identifier: Apache-2.0
// Who is told of breaches: Alertmanagers by their URLs, or found by DNS.
#include <algorithm>

#include "base/network.h"
#include "base/url.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr const char* scheme_names[] = {"http", "https"};
enum class Scheme : std::uint8_t { http, https };

void read_url(const Value& value, Alertmanager& out) {
  const std::string url = value.node().IsScalar() ? value.node().Scalar() : "";
  const auto authority = url_authority(url, UrlQuery::refused);
  if (authority.empty())
    return value.wrong("http://host:port or https://host:port, with a path prefix if there is one");
  out.url = url.substr(0, url.find_last_not_of('/') + 1);
  out.name = std::string(authority);
  if (out.url.ends_with("/api/v2/alerts")) value.problem("leave /api/v2/alerts out; it is added");
}

/// At most 255 bytes, labels of 1 to 63.
bool is_dns_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > 253 || !is_host_name(text)) return false;
  while (!text.empty()) {
    const auto dot = std::min(text.find('.'), text.size());
    if (dot == 0 || dot > 63) return false;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

void read_dns_name(const Value& value, AlertmanagerLookup& out) {
  const std::string name = value.node().IsScalar() ? value.node().Scalar() : "";
  if (!is_dns_name(name)) return value.wrong("a name such as _alertmanager._tcp.example.org");
  out.dns = name;
}

void read_prefix(const Value& value, AlertmanagerLookup& out) {
  const std::string path = value.node().IsScalar() ? value.node().Scalar() : "";
  if (!path.starts_with('/') || url_authority("http://host" + path, UrlQuery::refused).empty())
    return value.wrong("a path such as /alertmanager");
  out.path_prefix = path.substr(0, path.find_last_not_of('/') + 1);
  if (path.ends_with("/api/v2/alerts")) value.problem("leave /api/v2/alerts out; it is added");
}

void read_port(MapReader& map, AlertmanagerLookup& out) {
  if (out.type != DnsType::srv) {
    map.read_required("port", out.port, &Value::whole, Whole{1, 65535});
  } else if (const auto port = map.take("port")) {
    port->key_problem("SRV records bring their ports");
  }
}

/// What only lookups have. `by_dns`: this is one.
void read_lookup(MapReader& map, bool by_dns, AlertmanagerLookup& out) {
  for (const char* key : {"type", "port", "scheme", "path_prefix", "refresh_interval", "max_targets"}) {
    if (by_dns) continue;
    if (const auto given = map.take(key)) given->key_problem("goes with dns; a url has it all");
  }
  map.read_choice("type", out.type, dns_type_names);
  if (by_dns) read_port(map, out);
  auto scheme = Scheme::http;
  map.read_choice("scheme", scheme, scheme_names);
  out.scheme = scheme_names[static_cast<std::size_t>(scheme)];
  if (const auto prefix = map.take("path_prefix")) read_prefix(*prefix, out);
  map.read("refresh_interval", out.refresh_interval, &Value::duration, Zero::refused);
  map.read("max_targets", out.max_targets, &Value::whole, Whole{1, 1000});
}

void read_file(MapReader& map, std::string_view key, const std::filesystem::path& folder, std::filesystem::path& out) {
  std::string file;
  map.read(key, file, &Value::filled_text);
  if (!file.empty()) out = (folder / file).lexically_normal();
}

void read_basic_auth(const Value& value, const std::filesystem::path& folder, AlertmanagerAccess& out) {
  MapReader map(value);
  map.read_required("username", out.username, &Value::filled_text);
  if (out.username.find(':') != std::string::npos) value.problem("a colon ends the user's name");
  std::string file;
  if (map.read_required("password_file", file, &Value::filled_text)) out.password_file = (folder / file).lexically_normal();
  map.finish();
}

void read_tls(const Value& value, const std::filesystem::path& folder, AlertmanagerAccess& out) {
  MapReader map(value);
  read_file(map, "ca_file", folder, out.ca_file);
  read_file(map, "cert_file", folder, out.cert_file);
  read_file(map, "key_file", folder, out.key_file);
  map.finish();
  if (out.cert_file.empty() != out.key_file.empty()) value.problem("needs both cert_file and key_file, or neither");
}

void read_access(MapReader& map, const std::filesystem::path& folder, bool https, AlertmanagerAccess& out) {
  const auto basic = map.take("basic_auth");
  if (basic) read_basic_auth(*basic, folder, out);
  read_file(map, "bearer_token_file", folder, out.bearer_token_file);
  if (basic && !out.bearer_token_file.empty()) basic->key_problem("either basic_auth or bearer_token_file");
  const auto tls = map.take("tls_config");
  if (!tls) return;
  read_tls(*tls, folder, out);
  if (!https) tls->key_problem("is only for https");
}

void read_one(const Value& item, const std::filesystem::path& folder, UniqueNames& names, Notify& notify) {
  MapReader map(item);
  const bool by_dns = map.has("dns");
  const auto url = by_dns ? map.take("url") : map.require("url");
  const auto dns = map.take("dns");
  if (url && dns) url->key_problem("either url or dns");
  Alertmanager target;
  AlertmanagerLookup lookup;
  if (url) read_url(*url, target);
  if (dns) read_dns_name(*dns, lookup);
  lookup.name = lookup.dns;
  const auto name = map.take("name");
  if (name) lookup.name = target.name = name->name().value_or("");
  read_lookup(map, by_dns, lookup);
  read_access(map, folder, by_dns ? lookup.scheme == "https" : target.url.starts_with("https:"), lookup.access);
  target.access = lookup.access;
  map.finish();
  const auto& known_by = by_dns ? lookup.name : target.name;
  if (!known_by.empty()) names.add(name ? *name : by_dns ? *dns : *url, known_by);
  if (by_dns) return notify.lookups.push_back(std::move(lookup));
  notify.alertmanagers.push_back(std::move(target));
}

}  // namespace

void read_alertmanagers(const Value& list, const std::filesystem::path& config, Notify& out) {
  UniqueNames names;
  for (const auto& item : list.items()) read_one(item, config.parent_path(), names, out);
}

std::vector<std::string> read_dns_servers(const Value& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) {
    const std::string text = item.node().IsScalar() ? item.node().Scalar() : "";
    // As an authority it may have a port; what it names must be an address, since names would have to be looked up.
    const bool bare_ipv6 = std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[');
    const auto authority = "http://" + (bare_ipv6 ? "[" + text + "]" : text);
    auto host = std::string(url_authority(authority, UrlQuery::refused));
    if (host.starts_with('[')) {
      host = host.substr(1, host.find(']') - 1);
    } else {
      host = host.substr(0, host.find(':'));
    }
    if (parse_ip(host)) {
      out.push_back(text);
    } else {
      item.wrong("an address of a DNS server, 10.0.0.53, 10.0.0.53:5353 or [::1]:53");
    }
  }
  return out;
}

}  // namespace pilotwatch::settings
