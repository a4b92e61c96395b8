// SPDX-License-Identifier: Apache-2.0
// Checkpoints in small steps: parts are staged under the next generation, and one short transaction makes them count.
#include <algorithm>

#include "base/bytes.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

constexpr std::size_t swept_at_once = 16;

/// Of a name's rows, in ascending order, those that are to be deleted, in the order in which that must happen.
std::vector<std::int64_t> stale_generations(const std::vector<std::int64_t>& all, bool staged, std::int64_t now,
                                            std::int64_t base) {
  std::vector<std::int64_t> out;
  std::int64_t newest = 0, gone = 0;
  for (const auto generation : all) {
    if (generation > 0 && generation <= now) newest = std::max(newest, generation);
    if (generation < 0 && -generation <= now) gone = std::max(gone, -generation);
  }
  for (const auto generation : all) {
    if (generation < 0) continue;
    if (staged ? generation > now
               : generation <= now && (generation < base || generation < newest || generation <= gone))
      out.push_back(generation);
  }
  for (const auto generation : all) {
    if (generation < 0 && (-generation > now) == staged) out.push_back(generation);
  }
  return out;
}

}  // namespace

void Journal::stage(std::span<const PackedPart> parts) {
  const std::lock_guard lock(impl_->mutex);
  impl_->writing([&] {
    const auto generation = impl_->number("checkpoint_generation") + 1;
    // Durable, like every transaction: frames that were never flushed may be gone after a failed fsync of somebody else's
    // commit, and what is acknowledged behind them could not be recovered.
    impl_->transaction([&] {
      for (const auto& part : parts) {
        const auto sign = part.body.empty() ? -1 : 1;
        impl_->insert_part->bind(1, part.name).bind(2, sign * generation).bind_blob(3, part.body).run();
      }
    });
  });
}

void Journal::finish_checkpoint(std::uint64_t sequence, bool drop_others, const std::string& shape) {
  const std::lock_guard lock(impl_->mutex);
  impl_->writing([&] {
    const auto generation = std::to_string(impl_->number("checkpoint_generation") + 1);
    impl_->transaction([&] {
      impl_->write_fact("checkpoint_sequence", std::to_string(sequence));
      impl_->write_fact("checkpoint_generation", generation);
      if (drop_others) impl_->write_fact("checkpoint_base", generation);
      impl_->write_fact("shape", shape);
    });
  });
}

/// A few hundred names at a time, as the index has them: a row that says that its name is gone has a negative generation,
/// and is the last of its name to go.
bool Journal::sweep(bool staged) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writing([&] {
    const auto now = impl_->number("checkpoint_generation"), base = impl_->number("checkpoint_base");
    auto& swept = impl_->swept[staged ? 1 : 0];
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> names;
    {
      constexpr std::size_t most = 512;
      Statement select(impl_->database,
                       "SELECT name, generation FROM checkpoint_parts WHERE name > ? ORDER BY name, generation LIMIT 512");
      select.bind(1, swept);
      std::size_t rows = 0;
      for (; select.step(); ++rows) {
        if (names.empty() || names.back().first != select.bytes(0)) names.emplace_back(select.bytes(0), 0);
        names.back().second.push_back(select.number(1));
      }
      if (rows == most && names.size() > 1) names.pop_back();  // it may have more of them
    }
    std::vector<std::pair<const std::string*, std::int64_t>> stale;
    auto done = swept;
    for (const auto& [name, generations] : names) {
      const auto goes = stale_generations(generations, staged, now, base);
      for (const auto generation : goes) stale.emplace_back(&name, generation);
      if (stale.size() >= swept_at_once) break;
      done = name;
    }
    if (stale.size() > swept_at_once) stale.resize(swept_at_once);
    if (!stale.empty()) {
      Statement drop(impl_->database, "DELETE FROM checkpoint_parts WHERE name = ? AND generation = ?");
      impl_->transaction([&] {
        for (const auto& [name, generation] : stale) drop.bind(1, *name).bind(2, generation).run();
      });
    }
    swept = names.empty() ? "" : done;
    return !names.empty();
  });
}

Checkpoint Journal::read_checkpoint() {
  const std::lock_guard lock(impl_->mutex);
  Checkpoint out;
  reading([&] {
    const auto sequence = impl_->fact("checkpoint_sequence");
    if (sequence.empty()) return;
    out.sequence = static_cast<std::uint64_t>(to_number(sequence));
    const std::string blocks(block_prefix), behind = blocks.substr(0, blocks.size() - 1) + '0';
    for (const std::string where : {"name < ?3", "name >= ?3"}) {
      Statement parts(impl_->database,
                      ("SELECT name, body, max(generation) FROM checkpoint_parts WHERE generation BETWEEN ?1 AND ?2 AND " + where +
                       " GROUP BY name").c_str());
      parts.bind(1, impl_->number("checkpoint_base")).bind(2, impl_->number("checkpoint_generation"));
      parts.bind(3, where == "name < ?3" ? blocks : behind);
      while (parts.step()) {
        auto body = decompress(parts.bytes(1), max_entry_bytes);
        if (body.has_error()) throw CorruptBytes(body.error().what);
        out.parts.emplace(parts.bytes(0), std::move(body).value());
      }
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

Journal::Impl::Reader::Reader(const std::string& path)
    : database(path),
      block(database,
            "SELECT body FROM checkpoint_parts WHERE name = ? AND generation BETWEEN "
            "coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE key = 'checkpoint_base'), 0) AND "
            "coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE key = 'checkpoint_generation'), 0) "
            "ORDER BY generation DESC LIMIT 1") {}

std::string Journal::read_block(const std::string& name) {
  const std::lock_guard lock(impl_->reading);
  std::string packed;
  try {
    if (!impl_->reader) impl_->reader = std::make_unique<Impl::Reader>(impl_->path.string());
    auto& select = impl_->reader->block;
    select.bind(1, name);
    if (select.step()) packed = select.bytes(0);
    select.reset();
  } catch (const SqliteError& error) {
    impl_->reader.reset();  // another one may fare better
    if (error.damaged()) throw DamagedError(error.what());
    throw ReadError(error.what());
  }
  if (packed.empty()) throw CorruptBytes("there is no " + name);
  auto body = decompress(packed, max_entry_bytes);
  if (body.has_error()) throw CorruptBytes(name + ": " + body.error().what);
  return std::move(body).value();
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
  impl_->writing([&] {
    impl_->copy_wal();
    if (impl_->wal_pages < impl_->many_wal_pages) return;
    // Under load there is always something new behind what has been copied, and the log grows on; without writers the
    // rest is copied at once, and the next commit begins the log anew.
    const std::lock_guard lock(impl_->mutex);
    impl_->copy_wal();
  });
}

void Journal::cut_wal() {
  impl_->writing([&] {
    impl_->copy_wal();
    const std::lock_guard lock(impl_->mutex);
    impl_->empty_wal();
  });
}

}  // namespace pilotwatch::journal
