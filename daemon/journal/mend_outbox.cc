// SPDX-License-Identifier: Apache-2.0
// Damage in the table of deliveries, met while the store is in use: what can be read goes on in another one.
#include <algorithm>

#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

constexpr unsigned most_mended = 3;  ///< by one process: a disk that goes on like that is no place for another table

/// Whether the table and its indexes are as SQLite writes them. Cost: reads all of both.
bool is_whole(const Database& database) {
  try {
    Statement check(database, "PRAGMA quick_check('deliveries')");
    return check.step() && check.bytes(0) == "ok";
  } catch (const SqliteError& error) {
    if (!error.damaged()) throw;
    return false;
  }
}

/// What waited there and does not wait here.
std::map<std::string, std::uint64_t> lost(const Deliveries::Waiting& before, const Deliveries::Waiting& after) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& [webhook, waited] : before) {
    const auto found = after.find(webhook);
    const auto left = found == after.end() ? 0 : found->second.events;
    if (waited.events > left) out[webhook] = waited.events - left;
  }
  return out;
}

}  // namespace

/// The damaged table cannot be dropped, since that would read it: it keeps its pages under another name until a start
/// replaces the store, for which it is marked. A new table takes the pages behind those that tables begin with: should
/// one of these be the damaged one, nothing can be done here.
bool Journal::Impl::mend_outbox() {
  deliveries->reset();
  if (times_mended == most_mended || is_whole(database)) return false;
  const auto suffix = "_" + std::to_string(++times_mended), aside = "deliveries_damaged" + suffix;
  const auto before = deliveries->counted();
  const auto rows = deliveries->readable();
  std::optional<Deliveries> fresh;
  transaction([&] {
    database.run(("ALTER TABLE deliveries RENAME TO " + aside).c_str());
    fresh.emplace(database, suffix);
    fresh->take_over(aside, rows);
  });
  deliveries.emplace(*std::move(fresh));
  for (const auto& [webhook, events] : lost(before, deliveries->waiting())) outbox_loss.lost[webhook] += events;
  ++outbox_loss.times;
  outbox_was_mended = true;
  return true;
}

std::optional<OutboxLoss> Journal::take_outbox_loss() {
  if (!impl_->outbox_was_mended) return std::nullopt;
  const std::lock_guard lock(impl_->mutex);
  impl_->outbox_was_mended = false;
  return std::exchange(impl_->outbox_loss, {});
}

}  // namespace pilotwatch::journal
