// SPDX-License-Identifier: Apache-2.0
#include "app/outbox.h"

#include <algorithm>
#include <exception>

#include "sinks/webhook_message.h"

namespace pilotwatch::app {
namespace {

std::string memo_key(const std::string& webhook) { return "webhook_disabled " + webhook; }

}  // namespace

std::optional<record::Delivery> StoredOutbox::next(const std::string& webhook) {
  return journal_.next_delivery(webhook);
}
void StoredOutbox::note(const record::Delivery& delivery) { journal_.note_delivery(delivery); }
std::uint64_t StoredOutbox::give_up(const std::string& webhook) {
  if (journal_.backlog(webhook).waiting == 0) return 0;
  return journal_.give_up_deliveries(webhook, record::DeliveryState::disabled);
}
record::DeliveryBacklog StoredOutbox::backlog(const std::string& webhook) { return journal_.backlog(webhook); }
std::string StoredOutbox::memo(const std::string& webhook) { return journal_.fact(memo_key(webhook)); }
void StoredOutbox::set_memo(const std::string& webhook, const std::string& text) {
  journal_.set_fact(memo_key(webhook), text);
}

/// Where nothing was ever added, what is in the journal is from before there were webhooks: it is not told any more.
OutboxWriter::OutboxWriter(const settings::Settings& settings, journal::Journal& journal, sinks::Webhooks& webhooks,
                           const std::string& external_url, const runtime::Log& log)
    : settings_(settings), journal_(journal), webhooks_(webhooks), external_url_(external_url), log_(log) {
  for (const auto& hook : settings.notify.webhooks) capacities_[hook.name] = hook.queue_capacity;
  const auto known = journal.outbox_through();
  if (capacities_.empty()) {
    if (known) journal.forget_outbox_through();
    return;
  }
  through_ = known.value_or(journal.last_sequence());
  if (!known) journal.add_deliveries({}, through_, {});
}

void OutboxWriter::begin(std::uint64_t sequence) {
  sequence_ = sequence;
  numbers_.clear();
  std::erase_if(pending_, [&](const record::Delivery& d) { return d.sequence >= sequence; });
}

void OutboxWriter::collect(const judge::Transition& t) {
  if (capacities_.empty()) return;
  const auto number = numbers_[t.pilot + '\n' + t.limit + '\n' + t.group]++;
  if (sequence_ <= through_) return;
  const auto event = sinks::webhook_event(t);
  for (const auto& hook : settings_.notify.webhooks) {
    if (std::ranges::find(hook.events, event) == hook.events.end()) continue;
    pending_.push_back(sinks::webhook_delivery(hook, t, {settings_, external_url_, sequence_, number}));
  }
}

bool OutboxWriter::write(std::uint64_t through) {
  if (capacities_.empty() || (pending_.empty() && through <= through_)) return true;
  std::map<std::string, std::uint64_t> added;
  for (auto& delivery : pending_) {
    ++added[delivery.webhook];
    if (delivery.state != record::DeliveryState::waiting || !webhooks_.refuses(delivery.webhook)) continue;
    delivery.state = record::DeliveryState::disabled;
    delivery.next_attempt.reset();
    delivery.body.clear();
  }
  try {
    through = std::max(through, through_);
    if (!pending_.empty()) through = std::max(through, pending_.back().sequence);
    const auto gave_way = journal_.add_deliveries(pending_, through, capacities_);
    through_ = through;
    pending_.clear();
    failing_ = false;
    webhooks_.added(added, gave_way);
    return true;
  } catch (const std::exception& error) {
    if (!std::exchange(failing_, true)) log_.error("events for webhooks cannot be stored yet", {{"err", error.what()}});
    return false;
  }
}

}  // namespace pilotwatch::app
