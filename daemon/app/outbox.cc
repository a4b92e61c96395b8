// SPDX-License-Identifier: Apache-2.0
#include "app/outbox.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "sinks/webhook_message.h"

namespace pilotwatch::app {
namespace {

constexpr Millis first_pause{1'000}, longest_pause{30'000};
constexpr Millis between_sayings = std::chrono::minutes{1};
constexpr std::uint64_t removed_at_once = 1'000;  ///< others wait for the store meanwhile

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
                           const std::string& external_url, const runtime::Log& log, const SteadyClock& steady)
    : settings_(settings),
      journal_(journal),
      webhooks_(webhooks),
      external_url_(external_url),
      log_(log),
      steady_(steady) {
  for (const auto& hook : settings.notify.webhooks) capacities_[hook.name] = {hook.queue_capacity, hook.queue_bytes};
  const auto known = journal.outbox_through();
  begun_ = known.has_value() != capacities_.empty();
  if (!capacities_.empty()) through_ = known.value_or(journal.last_sequence());
  static_cast<void>(write());
}

void OutboxWriter::begin(std::uint64_t sequence) {
  sequence_ = sequence;
  numbers_.clear();
  if (std::erase_if(pending_, [&](const record::Delivery& d) { return d.sequence >= sequence; }) > 0) looked_at_ = 0;
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

bool OutboxWriter::nothing_to_do(std::uint64_t through) const {
  return begun_ && pending_.empty() && (capacities_.empty() || through <= through_);
}

/// Some of what waits for webhooks that were taken out of the settings: nobody would ever send it, or bound it.
void OutboxWriter::remove() {
  if (!removing_ || steady_.now() < remove_after_) return;
  try {
    const auto gone = journal_.remove_deliveries(capacities_, removed_at_once);
    removed_.with([&](Counts& all) {
      for (const auto& [webhook, events] : gone) all[webhook] += events;
    });
    if (!gone.empty()) return;
    removing_ = false;
    for (const auto& [webhook, events] : removed_.with([](const Counts& all) { return all; }))
      log_.warn("what waited for a webhook that is not in the settings any more is given up",
                {{"webhook", webhook}, {"events", events}});
  } catch (const journal::WriteError& error) {  // must not keep events from being written
    ++failures_[static_cast<std::size_t>(error.why)];
    remove_after_ = steady_.now() + longest_pause;
    log_.warn("what waits for a webhook that was taken out cannot be given up yet",
              {{"err", error.what()}});
  }
}

void OutboxWriter::tell_mended() {
  const auto loss = journal_.take_outbox_loss();
  if (!loss) return;
  failures_[static_cast<std::size_t>(journal::WriteFailure::damaged)] += loss->times;
  std::string lost;
  damaged_.with([&](Counts& all) {
    for (const auto& [webhook, events] : loss->lost) {
      all[webhook] += events;
      lost += (lost.empty() ? "" : ", ") + webhook + " " + std::to_string(events);
    }
    if (loss->unknown == 0) return;
    for (const auto& hook : settings_.notify.webhooks) all[hook.name] += loss->unknown;
    lost += lost.empty() ? "unknown" : ", and unknown";
  });
  log_.error(
      "the outbox of webhooks was damaged in the store, and goes on with what could be read; the next start saves the "
      "store",
      {{"lost", lost.empty() ? "none" : lost}});
}

bool OutboxWriter::write(std::uint64_t through) {
  tell_mended();
  remove();
  if (nothing_to_do(through)) return true;
  unwritten_ = pending_.size();
  // Where it has not begun, events of what is in the journal by then are never told: no time is lost once that grows.
  const bool grew = !begun_ && journal_.last_sequence() > failed_after_;
  if (steady_.now() < not_before_ && !grew) {
    make_room();
    return capacities_.empty();
  }
  try {
    store(through);
    succeeded();
    return true;
  } catch (const journal::WriteError& error) {
    failed(error.why, error.what());
  } catch (const std::exception& error) {  // memory
    failed(journal::WriteFailure::other, error.what());
  }
  make_room();
  return capacities_.empty();  // no checkpoint waits for what nobody is told
}

void OutboxWriter::store(std::uint64_t through) {
  if (capacities_.empty()) {
    journal_.forget_outbox_through();
    begun_ = true;
    return;
  }
  std::map<std::string, std::uint64_t> added;
  for (auto& delivery : pending_) {
    ++added[delivery.webhook];
    if (delivery.state != record::DeliveryState::waiting || !webhooks_.refuses(delivery.webhook)) continue;
    delivery.state = record::DeliveryState::disabled;
    delivery.next_attempt.reset();
    delivery.body.clear();
  }
  through = std::max(through, through_);
  if (!pending_.empty()) through = std::max(through, pending_.back().sequence);
  const auto gave_way = journal_.add_deliveries(pending_, through, capacities_);
  begun_ = true;
  through_ = through;
  pending_.clear();
  looked_at_ = 0;
  webhooks_.added(added, gave_way);
}

void OutboxWriter::failed(journal::WriteFailure why, const char* what) {
  ++failures_[static_cast<std::size_t>(why)];
  failing_ = true;
  failed_after_ = journal_.last_sequence();
  const auto now = steady_.now();
  not_before_ = now + std::min(longest_pause, first_pause * (1 << std::min<std::uint64_t>(fails_++, 5)));
  if (now < next_said_) return;
  next_said_ = now + between_sayings;
  log_.error(
      "the outbox of webhooks cannot be written; events wait in memory, and no checkpoint is written before them",
      {{"err", what},
       {"reason", journal::write_failure_names[static_cast<std::size_t>(why)]},
       {"events", pending_.size()},
       {"attempts", fails_}});
}

void OutboxWriter::succeeded() {
  unwritten_ = 0;
  fails_ = 0;
  not_before_ = next_said_ = {};
  if (failing_.exchange(false)) log_.info("the outbox of webhooks can be written again");
}

/// What waits here is bounded as what waits in the store, where the oldest would have to give way anyhow.
void OutboxWriter::make_room() {
  if (pending_.size() <= looked_at_) return;
  std::map<std::string, record::DeliveryBounds> seen;
  std::map<std::string, record::GaveWay> gave_way;
  for (auto delivery = pending_.rbegin(); delivery != pending_.rend(); ++delivery) {  // the newest first
    auto& all = seen[delivery->webhook];
    const auto& most = capacities_.at(delivery->webhook);
    ++all.events;
    all.bytes += delivery->body.size();
    if (all.events <= most.events && all.bytes <= most.bytes) continue;
    ++(all.events > most.events ? gave_way[delivery->webhook].events : gave_way[delivery->webhook].bytes);
    delivery->webhook.clear();
  }
  looked_at_ = pending_.size();
  if (gave_way.empty()) return;
  std::erase_if(pending_, [](const record::Delivery& d) { return d.webhook.empty(); });
  unwritten_ = looked_at_ = pending_.size();
  webhooks_.added({}, gave_way);
}

sinks::OutboxStats OutboxWriter::stats() const {
  sinks::OutboxStats out;
  out.unwritten = unwritten_;
  out.degraded = failing_;
  out.removed = removed_.with([](const Counts& all) { return all; });
  out.damaged = damaged_.with([](const Counts& all) { return all; });
  for (std::size_t i = 0; i < failures_.size(); ++i)
    out.failures.emplace_back(journal::write_failure_names[i], failures_[i].load());
  return out;
}

}  // namespace pilotwatch::app
