// SPDX-License-Identifier: Apache-2.0
// Checkpoints in small steps: parts are staged under the next generation, and one short transaction makes them count.
#include "base/bytes.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

/// Runs `body`; what SQLite cannot write is a WriteError.
template <class Body>
auto writing(Body&& body) {
  try {
    return body();
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  }
}

}  // namespace

void Journal::stage(std::span<const PackedPart> parts) {
  const std::lock_guard lock(impl_->mutex);
  writing([&] {
    const auto generation = impl_->number("checkpoint_generation") + 1;
    // Durable, like every transaction: frames that were never flushed may be gone after a failed fsync of somebody else's
    // commit, and what is acknowledged behind them could not be recovered.
    impl_->transaction([&] {
      for (const auto& part : parts)
        impl_->insert_part->bind(1, part.name).bind(2, generation).bind_blob(3, part.body).run();
    });
  });
}

void Journal::finish_checkpoint(std::uint64_t sequence, bool drop_others, const std::string& shape) {
  const std::lock_guard lock(impl_->mutex);
  writing([&] {
    const auto generation = std::to_string(impl_->number("checkpoint_generation") + 1);
    impl_->transaction([&] {
      impl_->write_fact("checkpoint_sequence", std::to_string(sequence));
      impl_->write_fact("checkpoint_generation", generation);
      if (drop_others) impl_->write_fact("checkpoint_base", generation);
      impl_->write_fact("shape", shape);
    });
  });
}

bool Journal::sweep(bool staged) {
  const std::lock_guard lock(impl_->mutex);
  return writing([&] {
    const auto generation = impl_->number("checkpoint_generation");
    Statement stale(
        impl_->database,
        staged ? "DELETE FROM checkpoint_parts WHERE rowid IN (SELECT rowid FROM checkpoint_parts "
                 "WHERE generation > ?1 AND ?2 <= ?1 LIMIT 16)"
               : "DELETE FROM checkpoint_parts WHERE rowid IN (SELECT p.rowid FROM checkpoint_parts p "
                 "WHERE p.generation < ?2 OR EXISTS (SELECT 1 FROM checkpoint_parts q "
                 "WHERE q.name = p.name AND q.generation > p.generation AND q.generation <= ?1) LIMIT 16)");
    impl_->transaction([&] { stale.bind(1, generation).bind(2, impl_->number("checkpoint_base")).run(); });
    return sqlite3_changes(impl_->database.get()) > 0;
  });
}

Checkpoint Journal::read_checkpoint() {
  const std::lock_guard lock(impl_->mutex);
  Checkpoint out;
  reading([&] {
    const auto sequence = impl_->fact("checkpoint_sequence");
    if (sequence.empty()) return;
    out.sequence = std::stoull(sequence);
    Statement parts(impl_->database,
                    "SELECT name, body, max(generation) FROM checkpoint_parts WHERE generation BETWEEN ? AND ? "
                    "GROUP BY name");
    parts.bind(1, impl_->number("checkpoint_base")).bind(2, impl_->number("checkpoint_generation"));
    while (parts.step()) {
      auto body = decompress(parts.bytes(1), max_entry_bytes);
      if (body.has_error()) throw CorruptBytes(body.error().what);
      out.parts.emplace(parts.bytes(0), std::move(body).value());
    }
  });
  return out;
}

Checkpoint Journal::read_checkpoint_parts(std::span<const char* const> names) {
  const std::lock_guard lock(impl_->mutex);
  Checkpoint out;
  reading([&] {
    out.sequence = static_cast<std::uint64_t>(impl_->number("checkpoint_sequence"));
    Statement part(impl_->database,
                   "SELECT body FROM checkpoint_parts WHERE name = ? AND generation BETWEEN ? AND ? "
                   "ORDER BY generation DESC LIMIT 1");
    for (const auto* name : names) {
      part.bind(1, std::string_view(name))
          .bind(2, impl_->number("checkpoint_base"))
          .bind(3, impl_->number("checkpoint_generation"));
      if (part.step()) {
        auto body = decompress(part.bytes(0), max_entry_bytes);
        if (!body.has_error()) out.parts.emplace(name, std::move(body).value());
      }
      part.reset();
    }
  });
  return out;
}

void Journal::Impl::copy_wal() {
  const std::lock_guard alone(copying);
  if (!copier) {
    auto fresh = std::make_unique<Database>(path.string());
    fresh->run("SELECT 1 FROM sqlite_master");  // until it has read something it knows of no write-ahead log
    copier = std::move(fresh);
  }
  const int rc = sqlite3_wal_checkpoint_v2(copier->get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) return;  // busy: there will be more to do next time
  const std::string what = sqlite3_errmsg(copier->get());
  copier.reset();  // another one may fare better
  throw SqliteError(rc, "the write-ahead log cannot be copied: " + what);
}

void Journal::tend_wal() {
  if (impl_->wal_pages < impl_->some_wal_pages) return;
  writing([&] {
    impl_->copy_wal();
    if (impl_->wal_pages < impl_->many_wal_pages) return;
    // Under load there is always something new behind what has been copied, and the log grows on; without writers the
    // rest is copied at once, and the next commit begins the log anew.
    const std::lock_guard lock(impl_->mutex);
    impl_->copy_wal();
  });
}

}  // namespace pilotwatch::journal
