// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_message.h"

#include "base/id.h"
#include "base/text.h"
#include "sinks/json.h"
#include "sinks/links.h"

namespace pilotwatch::sinks {
namespace {

using judge::Transition;
using settings::WebhookEvent;
using settings::WebhookFormat;

constexpr std::size_t most_text_bytes = 1000;  ///< so that a body stays below the 20 kB that receivers must take

struct Words {
  const settings::Pilot* pilot = nullptr;
  const settings::Limit* limit = nullptr;  ///< null: taken out of the settings
};

Words words_of(const Transition& t, const settings::Settings& settings) {
  Words out;
  out.pilot = settings.find(t.pilot);
  if (out.pilot == nullptr) return out;
  for (const auto& limit : out.pilot->limits) {
    if (limit.name == t.limit) out.limit = &limit;
  }
  return out;
}

Json text(std::string_view value) { return text_or_null(ellipsis(value, most_text_bytes)); }

Json window_of(const Transition& t) {
  if (!t.window_start || !t.window_end) return nullptr;
  return {{"start", format_rfc3339(*t.window_start)}, {"end", format_rfc3339(*t.window_end)}};
}

/// What only the settings know.
void add_words(Json& data, const Words& words) {
  const auto* limit = words.limit;
  const auto of_limit = [&](std::string settings::Limit::*member) { return limit ? text(limit->*member) : Json(); };
  data["metric"] = limit ? Json(settings::metric_names[static_cast<std::size_t>(limit->metric)]) : Json();
  data["severity"] = limit ? Json(settings::severity_names[static_cast<std::size_t>(limit->severity)]) : Json();
  data["attribute"] = of_limit(&settings::Limit::segment);
  data["feature"] = of_limit(&settings::Limit::feature);
  const auto owner = !limit || limit->owner.empty() ? (words.pilot ? words.pilot->owner : "") : limit->owner;
  data["owner"] = text(owner);
  data["why"] = of_limit(&settings::Limit::reason);
  data["action"] = of_limit(&settings::Limit::action);
  data["runbook_url"] = of_limit(&settings::Limit::runbook_url);
}

Json data_of(const Transition& t, const WebhookContext& context) {
  const auto name = [](judge::State state) { return judge::state_names[static_cast<std::size_t>(state)]; };
  Json data{{"test", false},
            {"pilot", t.pilot},
            {"limit", t.limit},
            {"group", text_or_null(t.group)},
            {"from", name(t.from)},
            {"to", name(t.to)},
            {"at", format_rfc3339(t.at)},
            {"at_wall", format_rfc3339(t.at_wall)},
            {"value", number_or_null(t.value)},
            {"lower", number_or_null(t.lower)},
            {"upper", number_or_null(t.upper)},
            {"threshold", number_or_null(t.threshold)},
            {"n", t.n},
            {"window", window_of(t)},
            {"episode", text_or_null(t.episode)},
            {"reason", text(t.reason)},
            {"limit_hash", text_or_null(t.limit_hash)}};
  add_words(data, words_of(t, context.settings));
  data["labels"] = Json::object();
  for (const auto& [label, value] : context.settings.notify.external_labels) data["labels"][label] = value;
  data["url"] =
      context.external_url + (t.episode.empty() ? limit_path(t.pilot, t.limit, t.group) : breach_path(t.episode));
  data["dashboard_url"] =
      text_or_null(dashboard_url(context.settings.notify.dashboard_url, t.pilot, t.limit, t.started_wall));
  data["sequence"] = context.sequence;
  data["number"] = context.number;
  return data;
}

/// Standard Webhooks' {"type", "timestamp", "data"}, or a CloudEvent (1.0) in structured mode.
std::string body_of(WebhookFormat format, const record::Delivery& about, const std::string& external_url,
                    const std::string& subject, Json data) {
  const auto time = format_rfc3339(about.created);
  if (format == WebhookFormat::standard)
    return dump({{"type", about.type}, {"timestamp", time}, {"data", std::move(data)}});
  return dump({{"specversion", "1.0"},
               {"id", about.id},
               {"source", external_url.empty() ? "/pilotwatch" : external_url},
               {"type", "io.pilotwatch." + about.type + ".v1"},
               {"subject", subject},
               {"time", time},
               {"datacontenttype", "application/json"},
               {"dataschema", webhook_schema_id},
               {"data", std::move(data)}});
}

}  // namespace

WebhookEvent webhook_event(const Transition& t) {
  if (t.to == judge::State::breach && !judge::firing(t.from)) return WebhookEvent::breach;
  if (judge::firing(t.from) && !judge::firing(t.to)) return WebhookEvent::resolved;
  return t.to == judge::State::no_data ? WebhookEvent::no_data : WebhookEvent::state;
}

std::string webhook_id(const Transition& t, const WebhookContext& context) {
  std::string key;
  for (const auto* part : {&t.pilot, &t.limit, &t.group}) (key += *part) += '\n';
  for (const auto part :
       {static_cast<std::uint64_t>(t.at_wall.time_since_epoch().count()), context.sequence, context.number}) {
    (key += std::to_string(part)) += '\n';
  }
  return "evt_" + content_hash(key).hex();
}

record::Delivery webhook_delivery(const settings::Webhook& hook, const Transition& t, const WebhookContext& context) {
  record::Delivery out;
  out.id = webhook_id(t, context);
  out.webhook = hook.name;
  out.type = std::string("limit.") + settings::webhook_event_names[static_cast<std::size_t>(webhook_event(t))];
  out.created = t.at_wall;
  out.next_attempt = t.at_wall;
  out.sequence = context.sequence;
  std::string subject = t.pilot + "/" + t.limit;
  if (!t.group.empty()) subject += "/" + t.group;
  out.body = body_of(hook.format, out, context.external_url, subject, data_of(t, context));
  return out;
}

record::Delivery test_delivery(const settings::Webhook& hook, const std::string& external_url, const std::string& id,
                               Instant now) {
  record::Delivery out;
  out.id = id;
  out.webhook = hook.name;
  out.type = "test";
  out.created = now;
  out.next_attempt = now;
  out.body =
      body_of(hook.format, out, external_url, hook.name,
              {{"test", true}, {"webhook", hook.name}, {"reason", "sent by pilotwatch alert test; nothing is wrong"}});
  return out;
}

const char* webhook_content_type(WebhookFormat format) {
  return format == WebhookFormat::standard ? "application/json" : "application/cloudevents+json";
}

}  // namespace pilotwatch::sinks
