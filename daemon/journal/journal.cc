// SPDX-License-Identifier: Apache-2.0
#include "journal/journal.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/bytes.h"
#include "journal/files.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

std::filesystem::path prepared(const std::filesystem::path& folder) {
  if (std::error_code error; !std::filesystem::exists(folder, error)) {
    const auto previous = ::umask(077);
    std::filesystem::create_directories(folder, error);
    ::umask(previous);
    if (error) throw OpenError("cannot create " + folder.string() + ": " + error.message());
  }
  return folder;
}

/// Before it is opened, under the lock.
const std::filesystem::path& whole(const std::filesystem::path& database) {
  const auto folder = database.parent_path();
  try {
    finish_replacing(folder);
  } catch (const WriteError& error) {
    throw OpenError("the store is being salvaged, and that cannot be finished: " + std::string(error.what()));
  }
  if (is_suspect(folder)) throw DamagedError(database.string() + " was found damaged when it was written");
  return database;
}

/// What replay() takes from the database at once: 4 MB packed.
constexpr std::size_t replay_bytes = 4 << 20, replay_entries = 256;

record::Entry read_entry(std::uint64_t sequence, std::string_view bytes) {
  try {
    return unpack_entry(bytes);
  } catch (const CorruptBytes& error) {
    throw DamagedError("entry " + std::to_string(sequence) + " is damaged: " + error.what());
  }
}

}  // namespace

record::Entry unpack_entry(std::string_view bytes) {
  auto body = decompress(bytes, max_entry_bytes);
  if (body.has_error()) throw CorruptBytes(body.error().what);
  return record::decode_entry(*body);
}

/// Of the write-ahead log, the first of a few and of many. It is a part of what Options::max_bytes bounds.
constexpr std::uint64_t many_wal_bytes = 64ULL << 20;

int wal_pages_of(const Options& options) {
  const auto bytes = options.max_bytes == 0 ? many_wal_bytes : std::min(many_wal_bytes, options.max_bytes / 8);
  return static_cast<int>(bytes / 4096);
}

Journal::Impl::Impl(const std::filesystem::path& folder, Options given)
    : options(given),
      some_wal_pages(std::min(1000, wal_pages_of(given) / 4)),
      many_wal_pages(wal_pages_of(given)),
      path(prepared(folder) / "pilotwatch.db"),
      lock(folder / "lock"),
      database(whole(path).string()) {
  // Nothing of the log is copied before it is durable, also where the store is refused.
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  prepare(database, path.string());
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  database.run(("PRAGMA journal_size_limit=" + std::to_string(4096 * many_wal_pages)).c_str());
  if (options.overwrite) database.run("PRAGMA secure_delete=ON");
  // Who writes is not held up by the copying of the write-ahead log: see tend_wal().
  sqlite3_wal_hook(
      database.get(),
      [](void* impl, sqlite3*, const char*, int pages) {
        static_cast<Impl*>(impl)->wal_pages = pages;
        return SQLITE_OK;
      },
      this);
  insert.emplace(database, "INSERT INTO entries(sequence, wall_ms, body) VALUES(?, ?, ?)");
  insert_cursor.emplace(database,
                        "INSERT OR REPLACE INTO cursors VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  delete_cursor.emplace(database, "DELETE FROM cursors WHERE source = ? AND id = ?");
  letters.emplace(database);
  deliveries.emplace(database);
  insert_part.emplace(database, "INSERT OR REPLACE INTO checkpoint_parts VALUES(?, ?, ?)");
  set_fact.emplace(database, "INSERT OR REPLACE INTO facts VALUES(?, ?)");
  page_count.emplace(database, "PRAGMA page_count");
  freelist_count.emplace(database, "PRAGMA freelist_count");
  page_bytes = static_cast<std::uint64_t>(pragma(database, "PRAGMA page_size"));
  vacuums = pragma(database, "PRAGMA auto_vacuum") != 0;
  count_pages();
  // What a checkpoint holds must never get a number again: a salvaged store may have lost the entries behind it.
  last = static_cast<std::uint64_t>(std::max(pragma(database, "SELECT coalesce(max(sequence), 0) FROM entries"),
                                             number("checkpoint_sequence")));
  forgotten_through = static_cast<std::uint64_t>(number("forgotten_through"));
  forgotten_entries = static_cast<std::uint64_t>(number("forgotten_entries"));
  lost_entries = static_cast<std::uint64_t>(number("lost_entries"));
  // What a killed process had deleted may still lie in the log.
  forgot = options.overwrite && wal_bytes() > 0;
}

void Journal::Impl::write_cursor(const record::Cursor& cursor) {
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  if (cursor.gone) {
    delete_cursor->bind(1, cursor.source).bind(2, number(cursor.id)).run();
    return;
  }
  insert_cursor->bind(1, cursor.source)
      .bind(2, number(cursor.id))
      .bind(3, number(cursor.device))
      .bind(4, number(cursor.inode))
      .bind(5, number(cursor.offset))
      .bind(6, number(cursor.fingerprint))
      .bind(7, number(cursor.fingerprint_bytes))
      .bind(8, number(cursor.marker))
      .bind(9, number(cursor.marker_bytes))
      .bind(10, number(cursor.content))
      .bind(11, number(cursor.size))
      .bind(12, cursor.modified_ns)
      .bind(13, cursor.seen_ms)
      .bind(14, number(cursor.compressed))
      .bind(15, number(cursor.finished))
      .bind(16, cursor.path)
      .bind(17, cursor.place)
      .run();
}

Journal::Journal(const std::filesystem::path& folder, Options options) try
    : impl_(std::make_unique<Impl>(folder, options)) {
} catch (const SqliteError& error) {
  const auto what = std::string(error.what()) + " (in " + folder.string() + ")";
  if (error.damaged()) throw DamagedError(what);
  throw OpenError(what);
}
Journal::~Journal() = default;

std::uint64_t Journal::append(const record::Entry& entry, std::span<const record::Cursor> cursors,
                              std::span<const record::DeadLetter> letters, std::uint64_t keep_letters) {
  const std::uint64_t sequence = impl_->last + 1;
  const std::string body = record::pack_entry(entry);
  const std::lock_guard lock(impl_->mutex);
  bool inserted = false;
  try {
    const bool only_time = entry.submissions.empty() && entry.actions.empty();  // which must move on, full or not
    if (!only_time && impl_->full(body.size())) {
      if (impl_->wal_bytes() > 0) impl_->empty_wal();
      if (impl_->full(body.size())) {
        impl_->refused_bytes = body.size() + impl_->wal_bytes();
        throw FullError("the store has as many bytes as storage.max_bytes allows");
      }
    }
    if (!only_time) impl_->refused_bytes = 0;
    if (impl_->wal_pages > std::min(most_wal_pages, 4 * impl_->many_wal_pages)) impl_->copy_wal();
    impl_->transaction([&] {
      impl_->insert->bind(1, static_cast<std::int64_t>(sequence))
          .bind(2, entry.wall.time_since_epoch().count())
          .bind_blob(3, body)
          .run();
      for (const auto& cursor : cursors) impl_->write_cursor(cursor);
      impl_->letters->write(letters, keep_letters);
      inserted = true;
    });
  } catch (const SqliteError& error) {
    impl_->look_at(error);
    // A failed fsync can leave the rows in place: ask, so that memory and disk agree.
    std::int64_t stored = 0;
    try {
      stored = pragma(impl_->database, "SELECT coalesce(max(sequence), 0) FROM entries");
    } catch (const SqliteError&) {
      throw WriteError(error.what(), why(error));
    }
    if (!inserted || static_cast<std::uint64_t>(stored) != sequence) {
      // A row that is not this entry: an earlier COMMIT, refused because nobody could be asked, was durable after all.
      if (!inserted && static_cast<std::uint64_t>(stored) > impl_->last)
        impl_->last = static_cast<std::uint64_t>(stored);
      throw WriteError(error.what(), why(error));
    }
  }
  impl_->last = sequence;
  return sequence;
}

void Journal::replay(std::uint64_t after, const std::function<void(std::uint64_t, const record::Entry&)>& visit) {
  std::vector<std::pair<std::uint64_t, std::string>> some;
  while (true) {
    some.clear();
    reading([&] {
      const std::lock_guard lock(impl_->mutex);
      Statement entries(impl_->database, "SELECT sequence, body FROM entries WHERE sequence > ? ORDER BY sequence");
      entries.bind(1, static_cast<std::int64_t>(after));
      for (std::size_t bytes = 0; bytes < replay_bytes && some.size() < replay_entries && entries.step();) {
        some.emplace_back(static_cast<std::uint64_t>(entries.number(0)), entries.bytes(1));
        bytes += some.back().second.size();
      }
    });
    if (some.empty()) return;
    for (auto& [sequence, body] : some) {
      visit(sequence, read_entry(sequence, body));
      body = {};
    }
    after = some.back().first;
  }
}

std::uint64_t Journal::last_sequence() const { return impl_->last; }

std::optional<Instant> Journal::last_wall() {
  const std::lock_guard lock(impl_->mutex);
  return reading([&]() -> std::optional<Instant> {
    Statement select(impl_->database, "SELECT wall_ms FROM entries ORDER BY sequence DESC LIMIT 1");
    if (!select.step()) return std::nullopt;
    return Instant{Millis{select.number(0)}};
  });
}

std::vector<record::Cursor> Journal::cursors(const std::string& source) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] { return impl_->cursors(source); });
}

std::vector<record::Cursor> Journal::Impl::cursors(const std::string& source) const {
  Statement select(database,
                   "SELECT id, device, inode, offset, fingerprint, fingerprint_bytes, marker, marker_bytes, content, "
                   "size, modified_ns, seen_ms, compressed, finished, path, place FROM cursors WHERE source = ? "
                   "ORDER BY id");
  select.bind(1, source);
  std::vector<record::Cursor> out;
  while (select.step()) {
    auto& row = out.emplace_back();
    row.source = source;
    int column = 0;
    for (auto* field : {&row.id, &row.device, &row.inode, &row.offset, &row.fingerprint, &row.fingerprint_bytes,
                        &row.marker, &row.marker_bytes, &row.content, &row.size})
      *field = static_cast<std::uint64_t>(select.number(column++));
    row.modified_ns = select.number(column++);
    row.seen_ms = select.number(column++);
    row.compressed = select.number(column++) != 0;
    row.finished = select.number(column++) != 0;
    row.path = select.bytes(column++);
    row.place = select.bytes(column++);
  }
  return out;
}

std::vector<record::DeadLetter> Journal::dead_letters(std::uint64_t keep, bool keep_text) {
  const std::lock_guard lock(impl_->mutex);
  try {
    impl_->database.run("PRAGMA secure_delete=ON");
    impl_->transaction([&] { impl_->letters->trim(impl_->database, keep, keep_text); });
    if (!impl_->options.overwrite) impl_->database.run("PRAGMA secure_delete=OFF");
    return impl_->letters->read(impl_->database);
  } catch (const SqliteError& error) {
    impl_->look_at(error);
    if (error.damaged()) throw DamagedError(error.what());
    throw WriteError(error.what(), why(error));
  }
}

std::int64_t to_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    throw SqliteError(SQLITE_CORRUPT, "a fact that is no number: '" + std::string(text.substr(0, 40)) + "'");
  return out;
}

void Journal::Impl::look_at(const SqliteError& error) const noexcept {
  if (error.damaged()) mark_suspect(path.parent_path());
}

std::string Journal::Impl::fact(std::string_view key) const {
  Statement select(database, "SELECT value FROM facts WHERE key = ?");
  select.bind(1, key);
  return select.step() ? std::string(select.bytes(0)) : "";
}

std::int64_t Journal::Impl::number(std::string_view key) const {
  const auto text = fact(key);
  return text.empty() ? 0 : to_number(text);
}

std::string Journal::fact(const std::string& key) {
  const std::lock_guard lock(impl_->mutex);
  return reading([&] { return impl_->fact(key); });
}

void Journal::set_fact(const std::string& key, const std::string& value) {
  const std::lock_guard lock(impl_->mutex);
  try {
    impl_->write_fact(key, value);
  } catch (const SqliteError& error) {
    impl_->set_fact->reset();
    impl_->look_at(error);
    throw WriteError(error.what(), why(error));
  }
}

StoreStats Journal::stats() const {
  StoreStats out;
  const auto size = [](const std::filesystem::path& file) -> std::uint64_t {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    return error ? 0 : bytes;
  };
  out.db_bytes = size(impl_->path);
  out.wal_bytes = impl_->wal_bytes();
  out.used_bytes = impl_->used_bytes();
  out.reusable_bytes = static_cast<std::uint64_t>(impl_->free_pages) * impl_->page_bytes;
  out.max_bytes = impl_->options.max_bytes;
  out.full = impl_->refuses();
  out.forgotten_entries = impl_->forgotten_entries;
  std::error_code error;
  const auto space = std::filesystem::space(impl_->path.parent_path(), error);
  out.free_bytes = error ? 0 : space.available;
  out.entries = impl_->last - impl_->forgotten_entries;
  out.lost_entries = impl_->lost_entries;
  const auto damaged = impl_->path.filename().string() + ".damaged-";
  for (std::filesystem::directory_iterator file(impl_->path.parent_path(), error), end; !error && file != end;
       file.increment(error)) {
    const auto name = file->path().filename().string();
    if (name.starts_with(damaged) && !name.ends_with("-wal") && !name.ends_with("-shm")) out.set_aside.push_back(name);
  }
  std::sort(out.set_aside.begin(), out.set_aside.end());
  return out;
}

}  // namespace pilotwatch::journal
