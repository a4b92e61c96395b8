// SPDX-License-Identifier: Apache-2.0
// Events for webhooks: what waits, and what became of it.
#include <algorithm>
#include <limits>

#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

constexpr std::uint64_t log_rows = 10'000;  ///< of deliveries that no longer wait

}  // namespace

Journal::GaveWay Journal::add_deliveries(std::span<const record::Delivery> deliveries, std::uint64_t through,
                                         const Capacities& capacities) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writing([&] {
    return impl_->with_deliveries([&] {
      GaveWay given_up;
      impl_->transaction([&] {
        for (const auto& delivery : deliveries) impl_->deliveries->insert(delivery);
        for (const auto& [webhook, capacity] : capacities) {
          const auto some = impl_->deliveries->give_up(webhook, capacity, record::DeliveryState::queue_full);
          if (some.all() > 0) given_up[webhook] = some;
        }
        impl_->deliveries->prune(log_rows);
        impl_->write_fact(outbox_fact, std::to_string(through));
      });
      return given_up;
    });
  });
}

std::optional<std::uint64_t> Journal::outbox_through() {
  const std::lock_guard lock(impl_->mutex);
  return reading([&]() -> std::optional<std::uint64_t> {
    const auto text = impl_->fact(outbox_fact);
    if (text.empty()) return std::nullopt;
    return static_cast<std::uint64_t>(to_number(text));
  });
}

void Journal::forget_outbox_through() { set_fact(std::string(outbox_fact), ""); }

std::optional<record::Delivery> Journal::next_delivery(const std::string& webhook) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] { return impl_->with_deliveries([&] { return impl_->deliveries->next(webhook); }); });
}

void Journal::note_delivery(const record::Delivery& delivery) {
  const std::lock_guard lock(impl_->mutex);
  impl_->writing(
      [&] { impl_->with_deliveries([&] { impl_->transaction([&] { impl_->deliveries->update(delivery); }); }); });
}

std::uint64_t Journal::give_up_deliveries(const std::string& webhook, record::DeliveryState state) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writing([&] {
    return impl_->with_deliveries([&] {
      std::uint64_t count = 0;
      impl_->transaction([&] { count = impl_->deliveries->give_up(webhook, {}, state).all(); });
      return count;
    });
  });
}

std::map<std::string, std::uint64_t> Journal::remove_deliveries(const Capacities& kept, std::uint64_t most) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writing([&] {
    return impl_->with_deliveries([&] {
      std::map<std::string, std::uint64_t> out;
      auto rest = most;
      for (const auto& [webhook, waiting] : impl_->deliveries->waiting()) {
        if (kept.contains(webhook) || waiting.events == 0 || rest == 0) continue;
        out[webhook] = std::min(rest, waiting.events);
        rest -= out[webhook];
      }
      if (out.empty()) return out;
      impl_->transaction([&] {
        for (const auto& [webhook, count] : out) {
          const auto left = impl_->deliveries->waiting().at(webhook).events - count;
          impl_->deliveries->give_up(webhook, {left, std::numeric_limits<std::uint64_t>::max()},
                                     record::DeliveryState::removed);
        }
        impl_->deliveries->prune(log_rows);
      });
      return out;
    });
  });
}

record::DeliveryBacklog Journal::backlog(const std::string& webhook) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] { return impl_->with_deliveries([&] { return impl_->deliveries->backlog(webhook); }); });
}

std::vector<record::Delivery> Journal::deliveries(const std::string& webhook, std::uint64_t limit) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] { return impl_->with_deliveries([&] { return impl_->deliveries->newest(webhook, limit); }); });
}

}  // namespace pilotwatch::journal
