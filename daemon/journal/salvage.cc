// SPDX-License-Identifier: Apache-2.0
#include "journal/salvage.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "journal/files.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;

/// Whether an error in reading says nothing of what is stored: memory, descriptors, room for SQLite's own files.
bool hinders(const SqliteError& error) {
  switch (error.code & 0xFF) {
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return true;
    case SQLITE_IOERR:
      return error.code != SQLITE_IOERR_READ && error.code != SQLITE_IOERR_SHORT_READ &&
             error.code != SQLITE_IOERR_CORRUPTFS && error.code != SQLITE_IOERR_DATA;
    default:
      return false;
  }
}

/// Runs what only reads the damaged store. False: it cannot be read. Throws SqliteError where nobody can tell.
template <class Body>
bool readable(Body&& body) {
  try {
    body();
    return true;
  } catch (const SqliteError& error) {
    if (hinders(error)) throw;
    return false;
  }
}

/// Entry by entry, around whatever cannot be read.
class Reader {
 public:
  explicit Reader(Database& from) : from_(from) {}

  struct Row {
    std::int64_t sequence = 0, wall = 0;
    std::string body;
  };
  enum class Found { row, end, nothing };

  /// The first row whose number is at least `from`. `nothing`: what stands there cannot be read.
  Found at_least(std::int64_t from, Row& row) {
    bool end = false;
    const bool read = readable([&] {
      Statement select(from_,
                       "SELECT sequence, wall_ms, body FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT 1");
      select.bind(1, from);
      end = !select.step();
      if (!end) row = {select.number(0), select.number(1), std::string(select.bytes(2))};
    });
    if (end) return Found::end;
    if (!read || row.sequence < from) return Found::nothing;
    try {
      static_cast<void>(unpack_entry(row.body));
    } catch (const CorruptBytes&) {
      return Found::nothing;
    }
    return Found::row;
  }

  /// The greatest number of all rows; nullopt where even that cannot be read.
  std::optional<std::int64_t> last() {
    std::optional<std::int64_t> out;
    static_cast<void>(readable([&] { out = pragma(from_, "SELECT coalesce(max(sequence), 0) FROM entries"); }));
    return out;
  }

 private:
  Database& from_;
};

/// How many unreadable numbers in a row are tried one by one before the steps grow.
constexpr std::int64_t near = 64;

void copy_entries(Database& from, Database& to, Salvage& out) {
  Reader reader(from);
  const auto last = reader.last();
  out.end_unknown = !last;
  Statement insert(to, "INSERT INTO entries(sequence, wall_ms, body) VALUES(?, ?, ?)");
  Reader::Row row;
  std::int64_t next = 1, gap = 0;
  while (!last || next <= *last) {
    const auto found = reader.at_least(next, row);
    if (found == Reader::Found::end) break;
    if (found == Reader::Found::row) {
      insert.bind(1, row.sequence).bind(2, row.wall).bind_blob(3, row.body).run();
      ++out.saved;
      next = row.sequence + 1;
      gap = 0;
      continue;
    }
    gap += 1;
    next += std::max<std::int64_t>(1, gap - near);
    if (!last && gap > 4 * near) break;
  }
  const auto known = last ? *last : next - 1 - gap;
  out.lost = static_cast<std::uint64_t>(std::max<std::int64_t>(0, known - static_cast<std::int64_t>(out.saved)));
}

/// The columns of a cursor; see cursors_table.
struct CursorRow {
  std::array<std::int64_t, 17> numbers{};
  std::array<std::string, 17> texts;
};
constexpr bool is_text(std::size_t column) { return column == 0 || column > 14; }

/// Where files stood: without it they are read again, and what has no id counts twice. All or nothing.
void copy_cursors(Database& from, Database& to) {
  std::vector<CursorRow> rows;
  const bool whole = readable([&] {
    Statement select(from, "SELECT * FROM cursors");
    while (select.step()) {
      auto& row = rows.emplace_back();
      for (std::size_t i = 0; i < row.numbers.size(); ++i) {
        if (is_text(i))
          row.texts[i] = select.bytes(static_cast<int>(i));
        else
          row.numbers[i] = select.number(static_cast<int>(i));
      }
    }
  });
  if (!whole) return;
  Statement insert(to, "INSERT OR REPLACE INTO cursors VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.numbers.size(); ++i) {
      if (is_text(i))
        insert.bind(static_cast<int>(i) + 1, row.texts[i]);
      else
        insert.bind(static_cast<int>(i) + 1, row.numbers[i]);
    }
    insert.run();
  }
}

/// 0 where there is none; nullopt where it cannot be read.
std::optional<std::int64_t> number(Database& from, const char* fact) {
  std::optional<std::int64_t> out;
  static_cast<void>(readable([&] {
    Statement select(from, "SELECT value FROM facts WHERE key = ?");
    select.bind(1, std::string_view(fact));
    out = select.step() ? to_number(select.bytes(0)) : 0;
  }));
  return out;
}

void write_fact(Database& to, std::string_view key, std::string_view value) {
  Statement insert(to, "INSERT OR REPLACE INTO facts VALUES(?, ?)");
  insert.bind(1, key).bind(2, value).run();
}

/// Whether a fact must be one: what is not would be damage once more.
bool is_number(std::string_view key) {
  return key.starts_with("checkpoint_") || key.starts_with("forgotten_") || key.starts_with("lost_") ||
         key.starts_with("outbox_") || key.ends_with("_ms");
}

struct Part {
  std::int64_t generation = 0, row = 0;
};

/// Of each name the row that counts; see parts_table. False: some names cannot be read.
bool find_parts(Database& from, const char* order, std::map<std::string, Part>& out) {
  return readable([&] {
    Statement select(from, (std::string("SELECT name, generation, rowid FROM checkpoint_parts ") + order +
                            " WHERE abs(generation) BETWEEN ? AND ?")
                               .c_str());
    select.bind(1, number(from, "checkpoint_base").value_or(0))
        .bind(2, number(from, "checkpoint_generation").value_or(0));
    while (select.step()) {
      auto& part = out[std::string(select.bytes(0))];
      const auto generation = select.number(1), known = std::abs(part.generation);
      const bool gone = generation < 0 && -generation >= known;
      if (part.row == 0 || gone || generation > known) part = {generation, select.number(2)};
    }
  });
}

/// "" where it is not whole.
std::string read_part(Database& from, const std::string& name, const Part& part) {
  std::string body;
  static_cast<void>(readable([&] {
    Statement select(from, "SELECT body FROM checkpoint_parts WHERE rowid = ? AND name = ?");
    select.bind(1, part.row).bind(2, name);
    if (select.step()) body = select.bytes(0);
  }));
  return decompress(body, max_entry_bytes).has_error() ? "" : body;
}

/// Where entries have been deleted, nothing else has what they came to. A part that is not whole is there as such: the
/// start makes of the others what can be made of them (Journal::read_checkpoint_parts), and of a block when it is read.
void copy_checkpoint(Database& from, Database& to) {
  std::vector<std::pair<std::string, std::string>> facts;
  const bool whole = readable([&] {
    Statement select(from, "SELECT key, value FROM facts");
    while (select.step()) facts.emplace_back(select.bytes(0), select.bytes(1));
  });
  const auto generation = number(from, "checkpoint_generation");
  if (!whole || !generation || !number(from, "checkpoint_base") || !number(from, "checkpoint_sequence")) return;
  for (const auto& [key, value] : facts) {
    if (!is_number(key) || number(from, key.c_str())) write_fact(to, key, value);
  }
  constexpr const char* no_part = "x";  // that can be unpacked
  std::map<std::string, Part> parts;
  Statement insert(to, "INSERT OR REPLACE INTO checkpoint_parts VALUES(?, ?, ?)");
  if (!find_parts(from, "", parts) && !find_parts(from, "NOT INDEXED", parts))
    insert.bind(1, std::string_view("damaged")).bind(2, *generation).bind_blob(3, no_part).run();
  for (const auto& [name, part] : parts) {
    if (part.generation < 0) continue;  // there is none any more
    const auto body = read_part(from, name, part);
    insert.bind(1, name).bind(2, part.generation).bind_blob(3, body.empty() ? no_part : body).run();
  }
}

/// What retention has deleted is not lost, nor, once more, what was lost at other times.
void copy_facts(Database& from, Database& to, Salvage& out) {
  const auto entries = number(from, "forgotten_entries"), through = number(from, "forgotten_through");
  const auto forgotten = std::max<std::int64_t>(0, entries.value_or(through.value_or(0)));
  const auto lost = std::max<std::int64_t>(0, number(from, "lost_entries").value_or(0));
  out.lost -= std::min(out.lost, static_cast<std::uint64_t>(forgotten));
  out.lost -= std::min(out.lost, static_cast<std::uint64_t>(lost));
  if (forgotten > 0 || !entries || !through) copy_checkpoint(from, to);
  if (forgotten > 0) {
    write_fact(to, "forgotten_entries", std::to_string(forgotten));
    write_fact(to, "forgotten_through", std::to_string(through.value_or(forgotten)));
  }
  write_fact(to, "lost_entries", std::to_string(lost + static_cast<std::int64_t>(out.lost)));
}

/// What waits for webhooks, and the log. Those behind something unreadable are lost.
void copy_deliveries(Database& from, Database& to) {
  const Deliveries table(to);
  Statement insert(to, "INSERT OR IGNORE INTO deliveries VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  constexpr auto is_word = [](int column) { return (column >= 1 && column <= 4) || column == 12; };
  static_cast<void>(readable([&] {
    Statement select(from, "SELECT * FROM deliveries ORDER BY number");
    while (select.step()) {
      std::array<std::string, 13> words;
      for (int i = 0; i < 13; ++i) {
        auto& text = words[static_cast<std::size_t>(i)];
        if (is_word(i)) insert.bind(i + 1, std::string_view(text = select.bytes(i)));
        // No time is none.
        if (!is_word(i) && ((i != 9 && i != 10) || select.number(i) != 0)) insert.bind(i + 1, select.number(i));
      }
      insert.run();
    }
  }));
  // Numbers behind the last entry are given again: what follows from those has not been added yet.
  const auto through = number(from, std::string(outbox_fact).c_str());
  if (!through || *through == 0) return;
  const auto last = std::max(pragma(to, "SELECT coalesce(max(sequence), 0) FROM entries"),
                             number(to, "checkpoint_sequence").value_or(0));
  write_fact(to, outbox_fact, std::to_string(std::min(*through, last)));
}

void fill(const fs::path& from, const fs::path& to, Salvage& out) {
  Database copy(to.string());
  prepare(copy, to.string());
  try {
    Database damaged(from.string(), SQLITE_OPEN_READWRITE);
    sqlite3_db_config(damaged.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);  // it stays as it was found
    copy.run("BEGIN IMMEDIATE");
    copy_entries(damaged, copy, out);
    copy_cursors(damaged, copy);
    copy_facts(damaged, copy, out);
    copy_deliveries(damaged, copy);
    copy.run("COMMIT");
  } catch (const SqliteError& error) {
    if (copy.autocommit()) throw;
    copy.run("ROLLBACK");
    if (!error.damaged()) throw;  // of the new one: no room, most likely
    out.saved = out.lost = 0;
    out.end_unknown = true;
  }
  copy.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace

Salvage salvage(const fs::path& folder, Instant now) {
  const LockFile lock(folder / "lock");
  finish_replacing(folder);
  Salvage out;
  auto stamp = format_rfc3339(now);
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
  const auto database = folder / "pilotwatch.db";
  out.damaged = database.string() + ".damaged-" + stamp;
  const auto fresh = folder / "pilotwatch.db.new";
  try {
    for (const auto* rest : {"", "-wal", "-shm"}) fs::remove(fresh.string() + rest);
    fill(database, fresh, out);
    for (const auto* rest : {"-wal", "-shm"}) fs::remove(fresh.string() + rest);
    make_durable(fresh);
    replace_database(folder, fresh, stamp);
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  } catch (const fs::filesystem_error& error) {
    throw WriteError(error.what());
  }
  return out;
}

}  // namespace pilotwatch::journal
