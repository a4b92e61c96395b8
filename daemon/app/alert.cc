// SPDX-License-Identifier: Apache-2.0
// Notifications by hand: `alert test`, `alert list`, `alert enable`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "app/commands.h"
#include "app/web_urls.h"
#include "base/text.h"
#include "base/url.h"
#include "settings/load.h"
#include "sinks/alertmanager.h"
#include "sinks/discovery.h"
#include "sinks/dns_lookup.h"
#include "sinks/webhook.h"
#include "sinks/webhook_message.h"
#include "sinks/webhook_signature.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;

constexpr Millis test_lasts = std::chrono::minutes{5};

const auto never_give_up = [] { return false; };

std::string random_id() {
  std::random_device random;
  char text[40];
  std::snprintf(text, sizeof text, "evt_test_%08x%08x%08x", random(), random(), random());
  return text;
}

/// One line about one try; true where it was taken.
bool tell(const char* kind, const std::string& name, const sinks::PostResult& result, double seconds) {
  const bool taken = result.status >= 200 && result.status < 300;
  const auto answer = result.status == 0 ? result.error : "HTTP " + std::to_string(result.status);
  std::printf("%s %s: %s %s (%.0f ms)\n", kind, name.c_str(), taken ? "taken," : "NOT taken,",
              to_valid_utf8(answer).c_str(), 1000 * seconds);
  if (!taken && !result.body.empty())
    std::printf("    it says: %s\n", to_valid_utf8(ellipsis(result.body, 200)).c_str());
  std::fflush(stdout);
  return taken;
}

template <class Post>
bool timed(const char* kind, const std::string& name, Post post) {
  const auto began = std::chrono::steady_clock::now();
  const auto result = post();
  return tell(kind, name, result, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

/// It ends by itself after some minutes: nobody has to resolve it.
bool test_alertmanager(const settings::Alertmanager& target, const settings::Notify& notify,
                       const std::string& external_url) {
  sinks::Alert alert;
  alert.labels = notify.external_labels;
  alert.labels["alertname"] = "PilotwatchTest";
  alert.labels["severity"] = "info";
  alert.annotations = {{"summary", "A test of notifications."},
                       {"description", "sent by pilotwatch alert test; nothing is wrong"}};
  const Instant now = SystemClock().now();
  alert.starts_at = now;
  alert.generator_url = external_url + "/";
  const auto post = sinks::post_to(target);
  return timed("alertmanager", target.name, [&] {
    return post(sinks::to_json(std::span(&alert, 1), now, test_lasts), notify.timeout, now, never_give_up);
  });
}

/// All that it finds now; that it finds none is no success.
bool test_lookup(const settings::AlertmanagerLookup& lookup, const settings::Notify& notify,
                 const std::string& external_url) {
  const auto answer =
      sinks::dns_resolver(notify.dns_servers)(lookup.dns, lookup.type, notify.timeout, never_give_up);
  if (answer.failure != sinks::DnsFailure::none) {
    std::printf("lookup %s: %s: %s\n", lookup.name.c_str(),
                sinks::dns_failure_names[static_cast<std::size_t>(answer.failure)], answer.error.c_str());
    return false;
  }
  sinks::LookupStats left_out;
  bool all_taken = true;
  for (const auto& target : sinks::targets_of(lookup, answer.records, {}, left_out))
    all_taken = test_alertmanager(target, notify, external_url) && all_taken;
  if (left_out.beyond_bound + left_out.invalid == 0) return all_taken;
  std::printf("lookup %s: left out %llu beyond max_targets, %llu without a usable host and port\n", lookup.name.c_str(),
              static_cast<unsigned long long>(left_out.beyond_bound), static_cast<unsigned long long>(left_out.invalid));
  return false;
}

bool test_webhook(const settings::Webhook& hook, const std::string& external_url) {
  const auto keys = sinks::read_webhook_secrets(hook.secret_files);
  if (keys.has_error()) {
    sinks::PostResult unsigned_result;
    unsigned_result.error = keys.error().what;
    return tell("webhook", hook.name, unsigned_result, 0);
  }
  const Instant now = SystemClock().now();
  const auto event = sinks::test_delivery(hook, external_url, random_id(), now);
  const auto send = sinks::Webhooks::by_libcurl(hook);
  return timed("webhook", hook.name, [&] {
    return send({event.body, sinks::webhook_headers(*keys, event.id, now, event.body)}, hook.timeout, now,
                never_give_up);
  });
}

ordered_json data_of(Client& client, const std::string& path, const ClientAnswer& answer) {
  auto json = ordered_json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !json.is_object() || !json.contains("data"))
    throw std::runtime_error(client.described(path, answer));
  return std::move(json["data"]);
}

void print_alert(const ordered_json& alert) {
  const auto& labels = alert.at("labels");
  const auto label = [&](const char* name) { return labels.value(name, std::string()); };
  std::printf("%s  %s/%s", label("severity").c_str(), label("pilot").c_str(), label("limit").c_str());
  if (const auto group = label("group"); !group.empty())
    std::printf("  %s=%s", label("attribute").c_str(), group.c_str());
  std::printf("  %s since %s\n", label("alertname").c_str(), alert.value("activeAt", std::string()).c_str());
  if (alert.contains("annotations"))
    std::printf("    %s\n", alert["annotations"].value("description", std::string()).c_str());
}

}  // namespace

int alert_test(const AlertOptions& options) {
  const auto urls = web_urls(options.external_url, "");
  if (urls.has_error()) {
    std::fprintf(stderr, "pilotwatch: %s\n", urls.error().what.c_str());
    return 2;
  }
  const auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    for (const auto& problem : *problems) std::fprintf(stderr, "%s\n", settings::to_string(problem).c_str());
    return 2;
  }
  const auto& notify = std::get<settings::Settings>(loaded).notify;
  const auto wanted = [&](const std::string& name) {
    return options.names.empty() || std::ranges::find(options.names, name) != options.names.end();
  };
  bool all_taken = true;
  std::size_t tried = 0;
  for (const auto& target : notify.alertmanagers) {
    if (!wanted(target.name)) continue;
    ++tried;
    all_taken = test_alertmanager(target, notify, urls->external) && all_taken;
  }
  for (const auto& lookup : notify.lookups) {
    if (!wanted(lookup.name)) continue;
    ++tried;
    all_taken = test_lookup(lookup, notify, urls->external) && all_taken;
  }
  for (const auto& hook : notify.webhooks) {
    if (!wanted(hook.name)) continue;
    ++tried;
    all_taken = test_webhook(hook, urls->external) && all_taken;
  }
  if (tried == 0) {
    std::fprintf(stderr, "%s names no Alertmanager and no webhook%s\n", options.config_file.c_str(),
                 options.names.empty() ? "" : " of that name");
    return 2;
  }
  return all_taken ? 0 : 1;
}

int alert_list(const AlertOptions& options) {
  Client client(options.client);
  const std::string path = "/api/v1/alerts";
  const auto data = data_of(client, path, client.get(path));
  const auto& alerts = data.at("alerts");
  std::size_t firing = 0;
  for (const auto& alert : alerts) {
    if (alert.value("state", std::string()) != "firing") continue;
    ++firing;
    if (options.format == "ndjson") {
      std::printf("%s\n", alert.dump(-1, ' ', false, ordered_json::error_handler_t::replace).c_str());
    } else {
      print_alert(alert);
    }
  }
  if (options.format == "table" && firing == 0) std::printf("nothing fires\n");
  return 0;
}

int alert_enable(const AlertOptions& options) {
  Client client(options.client);
  const std::string path = "/api/v1/webhooks/enable?webhook=" + url_encoded(options.webhook);
  static_cast<void>(data_of(client, path, client.post(path, "", {})));
  std::printf("webhook %s is enabled\n", options.webhook.c_str());
  return 0;
}

}  // namespace pilotwatch::app
