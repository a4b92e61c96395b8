// SPDX-License-Identifier: Apache-2.0
// What is deleted of a journal, and what becomes of the room: in small steps between those who append.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

constexpr std::size_t step_bytes = 512 << 10;    // of entries, at least one; some milliseconds of writing
constexpr std::int64_t step_entries = 256;       // that are small
constexpr std::int64_t step_pages = 128;         // moved or cut off
constexpr std::int64_t fewest_free_pages = 1024; // 4 MB
constexpr std::chrono::hours between_emptyings{1};

struct Row {
  std::uint64_t sequence = 0;
  std::string body;
};

/// What is left of an entry that is forgotten.
struct Rest {
  bool stays = false;
  std::string body;  ///< "" = it stays as it is
};

/// Of one that cannot be read nothing could be used anyway.
Rest rest_of(std::string_view bytes) {
  try {
    auto entry = unpack_entry(bytes);
    if (!entry.limits && entry.actions.empty()) return {};
    if (entry.submissions.empty()) return {true, ""};
    entry.submissions.clear();
    return {true, record::pack_entry(entry)};
  } catch (const CorruptBytes&) {
    return {};
  }
}

}  // namespace

std::uint64_t Journal::Impl::wal_bytes() const {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path.string() + "-wal", error);
  return error ? 0 : bytes;
}

bool Journal::Impl::empty_wal() {
  copy_wal();
  sqlite3_busy_timeout(database.get(), 0);  // who reads, a backup, may take minutes
  const int rc = sqlite3_wal_checkpoint_v2(database.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(database.get(), busy_ms);
  return rc == SQLITE_OK;
}

bool Journal::forget(Instant before) {
  std::vector<Row> rows;
  impl_->writing([&] {
    const std::lock_guard lock(impl_->mutex);
    const auto held = std::min<std::int64_t>(impl_->number("checkpoint_sequence"),
                                             static_cast<std::int64_t>(impl_->last.load()) - 1);
    Statement select(impl_->database,
                     "SELECT sequence, wall_ms, body FROM entries WHERE sequence > ? AND sequence <= ? "
                     "ORDER BY sequence LIMIT ?");
    select.bind(1, static_cast<std::int64_t>(impl_->forgotten_through.load())).bind(2, held).bind(3, step_entries);
    for (std::size_t bytes = 0; bytes < step_bytes && select.step();) {
      if (Instant{Millis{select.number(1)}} >= before) break;
      rows.push_back({static_cast<std::uint64_t>(select.number(0)), std::string(select.bytes(2))});
      bytes += rows.back().body.size();
    }
  });
  if (rows.empty()) return false;
  std::vector<std::pair<std::uint64_t, std::string>> rest;  // unpacked and packed while others append
  std::uint64_t deleted = 0;
  std::string stay;
  for (const auto& row : rows) {
    auto kept = rest_of(row.body);
    if (!kept.stays) {
      ++deleted;
      continue;
    }
    stay += (stay.empty() ? "" : ",") + std::to_string(row.sequence);
    if (!kept.body.empty()) rest.emplace_back(row.sequence, std::move(kept.body));
  }
  const auto first = rows.front().sequence, through = rows.back().sequence;
  const std::lock_guard lock(impl_->mutex);
  impl_->writing([&] {
    impl_->transaction([&] {
      impl_->database.run(("DELETE FROM entries WHERE sequence BETWEEN " + std::to_string(first) + " AND " +
                           std::to_string(through) + " AND sequence NOT IN (" + stay + ")")
                              .c_str());
      Statement update(impl_->database, "UPDATE entries SET body = ? WHERE sequence = ?");
      for (const auto& [sequence, body] : rest)
        update.bind_blob(1, body).bind(2, static_cast<std::int64_t>(sequence)).run();
      impl_->write_fact("forgotten_through", std::to_string(through));
      impl_->write_fact("forgotten_entries", std::to_string(impl_->forgotten_entries + deleted));
    });
  });
  impl_->forgotten_through = through;
  impl_->forgotten_entries += deleted;
  impl_->forgot = true;
  return true;
}

void Journal::finish_forgetting(Instant before) {
  impl_->writing([&] {
    {
      const std::lock_guard lock(impl_->mutex);
      impl_->transaction([&] {
        Statement letters(impl_->database, "DELETE FROM dead_letters WHERE wall_ms < ?");
        letters.bind(1, before.time_since_epoch().count()).run();
        impl_->forgot = impl_->forgot || sqlite3_changes(impl_->database.get()) > 0;
      });
    }
    // Pages as they were before lie in the log until something is written over them. Emptying it makes the next commits
    // slower, for the file has to grow again.
    const auto now = std::chrono::steady_clock::now();
    if (!impl_->forgot || (impl_->emptied && now - *impl_->emptied < between_emptyings)) return;
    impl_->copy_wal();
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->empty_wal()) return;  // a backup reads it; there will be another time
    impl_->forgot = false;
    impl_->emptied = now;
  });
}

bool Journal::shrink() {
  if (!impl_->vacuums) return false;
  const std::int64_t free = impl_->free_pages, all = impl_->all_pages;
  const auto enough = impl_->shrinking ? all / 8 : all / 4;
  const bool before = std::exchange(impl_->shrinking, free > std::max(fewest_free_pages, enough));
  if (!impl_->shrinking) {
    if (before) impl_->writing([&] { impl_->copy_wal(); });  // only that makes the file shorter
    return false;
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->writing([&] {
    impl_->transaction([&] {
      Statement vacuum(impl_->database, ("PRAGMA incremental_vacuum(" + std::to_string(step_pages) + ")").c_str());
      vacuum.run();
    });
  });
  return true;
}

std::uint64_t Journal::forgotten_through() const { return impl_->forgotten_through; }

Instant Journal::wall_after(std::uint64_t sequence) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] {
    Statement select(impl_->database, "SELECT wall_ms FROM entries WHERE sequence > ? ORDER BY sequence LIMIT 1");
    select.bind(1, static_cast<std::int64_t>(sequence));
    return Instant{Millis{select.step() ? select.number(0) : 0}};
  });
}

}  // namespace pilotwatch::journal
