// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/url.h"
#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

void read_secret_files(const Value& value, const std::filesystem::path& folder, Webhook& out) {
  for (const auto& item : value.items()) {
    if (const auto file = item.filled_text()) out.secret_files.push_back((folder / *file).lexically_normal());
  }
  if (value.node().IsSequence() && value.node().size() == 0) value.problem("needs at least one file");
  if (out.secret_files.size() > 8) value.problem("at most 8 files: each one's signature goes along in a header");
}

void read_events(const Value& value, Webhook& out) {
  out.events.clear();
  for (const auto& item : value.items()) {
    const auto event = item.choice<WebhookEvent>(webhook_event_names);
    if (!event) continue;
    if (std::ranges::find(out.events, *event) != out.events.end()) item.problem("is given twice");
    out.events.push_back(*event);
  }
  if (value.node().IsSequence() && value.node().size() == 0) value.problem("needs at least one event");
}

void read_networks(const Value& value, Webhook& out) {
  for (const auto& item : value.items()) {
    const auto text = item.text();
    const auto network = text ? parse_network(*text) : std::nullopt;
    if (network) {
      out.allow_networks.push_back(*network);
    } else if (text) {
      item.wrong("an address or a network such as 10.1.0.0/16 or fd00::/8, with no bits beyond the prefix");
    }
  }
}

void read_retries(const Value& value, Webhook& out) {
  out.retries.clear();
  for (const auto& item : value.items()) {
    if (const auto pause = item.duration(Zero::refused)) out.retries.push_back(*pause);
    if (!out.retries.empty() && out.retries.back() > std::chrono::hours{24}) item.problem("must be at most 1d");
  }
  if (out.retries.size() > 50) value.problem("at most 50");
}

constexpr std::uint64_t least_queue_bytes = 64ULL << 10;  ///< some of the largest bodies

/// `usual_bytes`: what may wait where nothing is said of it.
Webhook read_webhook(const Value& value, const std::filesystem::path& folder, std::uint64_t usual_bytes,
                     UniqueNames& names) {
  MapReader map(value);
  Webhook out;
  out.name = names.read(map, "name");
  if (const auto url = map.require("url")) {
    const std::string text = url->node().IsScalar() ? url->node().Scalar() : "";
    if (url_authority(text, UrlQuery::allowed).empty())
      url->wrong("http://host:port/path or https://host/path, with a query if there is one and without a password");
    out.url = text;
  }
  map.read_choice("format", out.format, webhook_format_names);
  if (const auto files = map.require("secret_files")) read_secret_files(*files, folder, out);
  if (const auto events = map.take("events")) read_events(*events, out);
  if (const auto networks = map.take("allow_networks")) read_networks(*networks, out);
  std::string ca_file;
  map.read("ca_file", ca_file, &Value::filled_text);
  if (!ca_file.empty()) out.ca_file = (folder / ca_file).lexically_normal();
  map.read("timeout", out.timeout, &Value::duration, Zero::refused);
  if (const auto retries = map.take("retries")) read_retries(*retries, out);
  map.read("queue_capacity", out.queue_capacity, &Value::whole, Whole{1, 1'000'000});
  out.queue_bytes = usual_bytes;
  map.read("queue_bytes", out.queue_bytes, &Value::size, Whole{least_queue_bytes});
  map.finish();
  return out;
}

}  // namespace

/// Receivers that are dead must leave the store to records: by themselves an eighth of it, by the settings a quarter.
void read_webhooks(const Value& list, const std::filesystem::path& config, std::uint64_t max_store_bytes,
                   std::vector<Webhook>& out) {
  UniqueNames names;
  const auto items = list.items();
  auto usual = Webhook{}.queue_bytes;
  if (max_store_bytes > 0 && !items.empty())
    usual = std::clamp(max_store_bytes / 8 / items.size(), least_queue_bytes, usual);
  std::uint64_t left = max_store_bytes / 4;
  for (const auto& item : items) {
    out.push_back(read_webhook(item, config.parent_path(), usual, names));
    if (max_store_bytes == 0) continue;
    if (out.back().queue_bytes > left)
      item.problem("queue_bytes of all webhooks together are more than a quarter of storage.max_bytes");
    left -= std::min(left, out.back().queue_bytes);
  }
}

}  // namespace pilotwatch::settings
