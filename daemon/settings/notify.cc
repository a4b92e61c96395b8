// SPDX-License-Identifier: Apache-2.0
#include "settings/sections.h"

#include <algorithm>
#include <iterator>

#include "base/url.h"

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

constexpr std::size_t longest_url = 1000;  ///< bodies of webhooks, which hold it, stay below 20 kB

/// It becomes a link; what a pilot needs is added to its query.
std::string read_dashboard_url(const Value& value) {
  auto out = value.text().value_or("");
  if (value.node().IsScalar() && (url_authority(out, UrlQuery::allowed).empty() || out.size() > longest_url)) {
    value.wrong("a URL that starts with https:// or http://, without user and fragment, of at most 1,000 characters");
  }
  return out;
}

}  // namespace

Notify read_notify(const Value& value, const std::filesystem::path& config, std::uint64_t max_store_bytes) {
  MapReader map(value);
  Notify out;
  if (const auto list = map.take("alertmanagers")) read_alertmanagers(*list, config, out);
  if (const auto list = map.take("dns_servers")) out.dns_servers = read_dns_servers(*list);
  if (const auto list = map.take("webhooks")) read_webhooks(*list, config, max_store_bytes, out.webhooks);
  if (const auto labels = map.take("external_labels")) out.external_labels = read_external_labels(*labels);
  if (const auto url = map.take("dashboard_url")) out.dashboard_url = read_dashboard_url(*url);
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
