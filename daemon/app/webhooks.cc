// SPDX-License-Identifier: Apache-2.0
#include "app/webhooks.h"

#include <stdexcept>
#include <utility>

#include "sinks/api_webhooks.h"
#include "sinks/webhook_signature.h"

namespace pilotwatch::app {

void check_secrets(const settings::Settings& settings) {
  for (const auto& hook : settings.notify.webhooks) {
    const auto keys = sinks::read_webhook_secrets(hook.secret_files);
    if (keys.has_error()) throw std::runtime_error("webhook " + hook.name + ": " + keys.error().what);
  }
}

journal::Journal& WebhookSink::sound(const settings::Settings& settings, journal::Journal& journal) {
  check_secrets(settings);
  return journal;
}

std::vector<runtime::Route> WebhookSink::routes(std::function<void(std::function<void()>)> aside) {
  return sinks::webhook_routes(
      {[this] { return senders_.stats(); },
       [this](const std::string& webhook, std::uint64_t limit) { return journal_.deliveries(webhook, limit); },
       [this](const std::string& webhook) { return senders_.enable(webhook); }, std::move(aside)});
}

}  // namespace pilotwatch::app
