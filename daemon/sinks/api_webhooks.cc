// SPDX-License-Identifier: Apache-2.0
#include "sinks/api_webhooks.h"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "sinks/api_parts.h"
#include "sinks/webhook_message.h"

namespace pilotwatch::sinks {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Respond;
using runtime::Route;

constexpr std::uint64_t usual_limit = 100, greatest_limit = 1000;

using Api = std::shared_ptr<const WebhookApi>;
using Answer = HttpResponse (*)(const WebhookApi&, const HttpRequest&);

HttpResponse unknown_webhook(std::string_view name) {
  return failure(404, "not_found", "unknown webhook \"" + std::string(name) + "\"");
}

bool knows(const WebhookApi& api, std::string_view name) {
  for (const auto& stats : api.stats()) {
    if (stats.webhook == name) return true;
  }
  return false;
}

Json webhook_json(const WebhookStats& stats) {
  return {{"webhook", stats.webhook},
          {"state", stats.disabled_since ? "disabled" : "enabled"},
          {"disabled_since", time_or_null(stats.disabled_since)},
          {"waiting", stats.queue_length},
          {"capacity", stats.queue_capacity},
          {"oldest", time_or_null(stats.oldest)},
          {"sent", stats.sent},
          {"last_success", time_or_null(stats.last_success)},
          {"last_error", text_or_null(stats.last_error)}};
}

Json delivery_json(const record::Delivery& d) {
  return {{"id", d.id},
          {"webhook", d.webhook},
          {"type", d.type},
          {"time", format_rfc3339(d.created)},
          {"state", record::delivery_state_names[static_cast<std::size_t>(d.state)]},
          {"attempts", d.attempts},
          {"last_attempt", time_or_null(d.last_attempt)},
          {"status", d.status == 0 ? Json() : Json(d.status)},
          {"error", text_or_null(d.error)},
          {"next_attempt", time_or_null(d.next_attempt)}};
}

HttpResponse webhooks_answer(const WebhookApi& api, const HttpRequest& request) {
  if (!request.query.empty()) return failure(400, "bad_data", "unknown parameter \"" + request.query[0].first + "\"");
  Json out = Json::array();
  for (const auto& stats : api.stats()) out.push_back(webhook_json(stats));
  return success(out);
}

HttpResponse deliveries_answer(const WebhookApi& api, const HttpRequest& request) {
  std::uint64_t limit = usual_limit;
  std::string webhook;
  for (const auto& [name, value] : request.query) {
    if (name == "webhook") {
      webhook = value;
    } else if (name != "limit") {
      return failure(400, "bad_data", "unknown parameter \"" + name + "\"");
    } else {
      const auto read = std::from_chars(value.data(), value.data() + value.size(), limit);
      if (read.ec != std::errc{} || read.ptr != value.data() + value.size() || limit < 1 || limit > greatest_limit)
        return failure(400, "bad_data", "limit: must be a whole number from 1 to 1000");
    }
  }
  if (!webhook.empty() && !knows(api, webhook)) return unknown_webhook(webhook);
  Json out = Json::array();
  for (const auto& delivery : api.deliveries(webhook, limit)) out.push_back(delivery_json(delivery));
  return success(out);
}

HttpResponse enable_answer(const WebhookApi& api, const HttpRequest& request) {
  const auto name = request.parameter("webhook");
  if (request.query.size() != 1 || name.empty()) return failure(400, "bad_data", "needs ?webhook=NAME");
  if (!api.enable(std::string(name))) return unknown_webhook(name);
  return success({{"webhook", name}, {"state", "enabled"}});
}

/// Aside: all but the store's own answers are fast, but one of them may wait for a write.
Route aside(std::string method, const std::string& path, Api api, Answer answer) {
  auto handler = [api = std::move(api), answer](HttpRequest&& request, Respond respond) {
    api->aside([api, answer, request = std::move(request), respond = std::move(respond)] {
      HttpResponse response;
      try {
        response = answer(*api, request);
      } catch (const std::exception& error) {
        response = failure(503, "unavailable", error.what());
      }
      respond(std::move(response));
    });
  };
  return {std::move(method), path, path, 0, std::move(handler)};
}

}  // namespace

std::vector<Route> webhook_routes(WebhookApi given) {
  const auto api = std::make_shared<const WebhookApi>(std::move(given));
  const auto schema = [](HttpRequest&&, const Respond& respond) {
    respond({200, "application/schema+json", std::string(webhook_schema())});
  };
  return {aside("GET", "/api/v1/webhooks", api, webhooks_answer),
          aside("GET", "/api/v1/webhooks/deliveries", api, deliveries_answer),
          aside("POST", "/api/v1/webhooks/enable", api, enable_answer),
          {"GET", "/api/v1/schema/webhook", "/api/v1/schema/webhook", 0, schema}};
}

}  // namespace pilotwatch::sinks
