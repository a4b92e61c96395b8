// SPDX-License-Identifier: Apache-2.0
// Damage in the table of deliveries, met while the store is in use: what can be read goes on in another one.
#include <algorithm>

#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

constexpr unsigned most_mended = 3;  ///< while a store is open: a disk that goes on like that is no place for more

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
Deliveries::Counts lost(const Deliveries::Counts& before, const Deliveries::Waiting& after) {
  Deliveries::Counts out;
  for (const auto& [webhook, waited] : before) {
    const auto found = after.find(webhook);
    const auto left = found == after.end() ? 0 : found->second.events;
    if (waited > left) out[webhook] = waited - left;
  }
  return out;
}

/// For the names of what is set aside and of what takes its place: one that no attempt has left in the store, of this
/// process or of one before that could not mark it for a salvage.
std::string unused_suffix(const Database& database) {
  Statement count(database, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'deliveries_damaged_*'");
  return "_" + std::to_string(count.value() + 1);
}

}  // namespace

/// The damaged table cannot be dropped, since that would read it: it keeps its pages under another name until a start
/// replaces the store, for which it is marked. A new table takes the pages behind those that tables begin with: should
/// one of these be the damaged one, nothing can be done here.
bool Journal::Impl::mend_outbox() {
  deliveries->reset();
  if (times_mended == most_mended || is_whole(database)) return false;
  const auto suffix = unused_suffix(database), aside = "deliveries_damaged" + suffix;
  const auto before = deliveries->counted();
  const auto rows = deliveries->readable();
  std::optional<Deliveries> fresh;
  Deliveries::Waiting after;
  transaction([&] {
    database.run(("ALTER TABLE deliveries RENAME TO " + aside).c_str());
    fresh.emplace(database, suffix);
    fresh->take_over(aside, rows);
    after = fresh->waiting();
  });
  fresh->committed();
  deliveries.emplace(*std::move(fresh));
  ++times_mended;
  ++outbox_loss.times;
  if (before) {
    for (const auto& [webhook, events] : lost(*before, after)) outbox_loss.lost[webhook] += events;
  } else if (!rows.whole) {
    ++outbox_loss.unknown;
  }
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
