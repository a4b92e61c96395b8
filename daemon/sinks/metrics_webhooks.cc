// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sinks/families.h"

namespace pilotwatch::sinks {
namespace {

void add_dropped(Families& out, const std::string& webhook, const char* reason, std::uint64_t count) {
  out.add_counter("pilotwatch_webhook_events_dropped_total", "Events that were given up for a webhook.",
                  {{"webhook", webhook}, {"reason", reason}}, count);
}

void add_webhook(Families& out, const WebhookStats& stats, Instant now) {
  const Labels labels{{"webhook", stats.webhook}};
  const auto dropped = [&](const char* reason, std::uint64_t count) { add_dropped(out, stats.webhook, reason, count); };
  out.add_counter("pilotwatch_webhook_events_sent_total", "Events that a webhook has taken.", labels, stats.sent);
  dropped("exhausted", stats.exhausted);
  dropped("queue_full", stats.gave_way.events);
  dropped("queue_bytes", stats.gave_way.bytes);
  dropped("disabled", stats.dropped_disabled);
  out.add_counter("pilotwatch_webhook_attempts_total", "Requests sent to a webhook.", labels, stats.attempts);
  out.add_counter("pilotwatch_webhook_attempt_seconds_total", "Time spent on requests to a webhook.", labels,
                  stats.seconds);
  for (std::size_t i = 0; i < webhook_failure_count; ++i) {
    out.add_counter("pilotwatch_webhook_failures_total", "Attempts at a webhook that failed.",
                    {{"webhook", stats.webhook}, {"reason", webhook_failure_names[i]}}, stats.failures[i]);
  }
  out.add_gauge("pilotwatch_webhook_queue_length", "Events waiting for a webhook.", labels, stats.queue_length);
  out.add_gauge("pilotwatch_webhook_queue_capacity", "Most events that wait for a webhook.", labels,
                stats.queue_capacity);
  out.add_gauge("pilotwatch_webhook_queue_bytes", "Bytes of the events waiting for a webhook.", labels,
                stats.queue_bytes);
  out.add_gauge("pilotwatch_webhook_queue_capacity_bytes", "Most bytes of events that wait for a webhook.", labels,
                stats.queue_capacity_bytes);
  const double age = stats.oldest ? std::max(0.0, to_seconds(now) - to_seconds(*stats.oldest)) : 0.0;
  out.add_gauge("pilotwatch_webhook_oldest_age_seconds", "Age of the oldest event that waits for a webhook; 0 = none.",
                labels, age);
  out.add_gauge("pilotwatch_webhook_disabled", "Whether a webhook is disabled, since it answered 410.", labels,
                stats.disabled_since ? 1.0 : 0.0);
  out.add_time("pilotwatch_webhook_last_success_timestamp_seconds", "Unix time at which a webhook last took an event.",
               labels, stats.last_success);
}

}  // namespace

void add_webhooks(Families& out, const SelfStats& self) {
  for (const auto& [webhook, count] : self.outbox.removed) add_dropped(out, webhook, "removed", count);
  auto damaged = self.outbox.damaged;
  for (const auto& stats : self.webhooks) damaged[stats.webhook];  // 0, where nothing was
  for (const auto& [webhook, count] : damaged) add_dropped(out, webhook, "damaged", count);
  if (self.webhooks.empty() && self.outbox.removed.empty() && !self.outbox.degraded) return;
  for (const auto& [reason, count] : self.outbox.failures) {
    out.add_counter("pilotwatch_webhook_outbox_write_failures_total",
                    "Writes of events for webhooks into the store that failed.", {{"reason", reason}}, count);
  }
  out.add_gauge("pilotwatch_webhook_outbox_degraded", "Whether events for webhooks cannot be stored at present.", {},
                self.outbox.degraded ? 1.0 : 0.0);
  out.add_gauge("pilotwatch_webhook_outbox_unwritten_events", "Events that wait to be stored for webhooks.", {},
                self.outbox.unwritten);
  for (const auto& webhook : self.webhooks) add_webhook(out, webhook, self.now);
}

}  // namespace pilotwatch::sinks
