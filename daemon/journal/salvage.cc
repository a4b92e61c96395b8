// SPDX-License-Identifier: Apache-2.0
#include "journal/salvage.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "journal/journal_impl.h"

namespace pilotwatch::journal {
namespace {

namespace fs = std::filesystem;

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
    try {
      Statement select(from_, "SELECT sequence, wall_ms, body FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT 1");
      select.bind(1, from);
      if (!select.step()) return Found::end;
      row = {select.number(0), select.number(1), std::string(select.bytes(2))};
    } catch (const SqliteError&) {
      return Found::nothing;
    }
    try {
      static_cast<void>(unpack_entry(row.body));
    } catch (const CorruptBytes&) {
      return Found::nothing;
    }
    return Found::row;
  }

  /// The greatest number of all rows; nullopt where even that cannot be read.
  std::optional<std::int64_t> last() {
    try {
      return pragma(from_, "SELECT coalesce(max(sequence), 0) FROM entries");
    } catch (const SqliteError&) {
      return std::nullopt;
    }
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

/// Where files stood: without it they are read again, and what has no id counts twice. All or nothing.
void copy_cursors(Database& from, Database& to) {
  to.run("SAVEPOINT cursors");
  try {
    Statement select(from, "SELECT * FROM cursors");
    Statement insert(to, "INSERT INTO cursors VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    while (select.step()) {
      std::string texts[3];
      for (int column = 0, text = 0; column < 17; ++column) {
        const bool is_text = column == 0 || column > 14;
        if (is_text) {
          texts[text] = select.bytes(column);
          insert.bind(column + 1, texts[text++]);
        } else {
          insert.bind(column + 1, select.number(column));
        }
      }
      insert.run();
    }
  } catch (const SqliteError&) {
    to.run("ROLLBACK TO cursors");
  }
  to.run("RELEASE cursors");
}

/// 0 where there is none, or it cannot be read.
std::int64_t number(Database& from, const char* fact) {
  try {
    Statement select(from, "SELECT value FROM facts WHERE key = ?");
    select.bind(1, std::string_view(fact));
    return select.step() ? std::stoll(std::string(select.bytes(0))) : 0;
  } catch (const SqliteError&) {
    return 0;
  }
}

void write_fact(Database& to, const char* key, const std::string& value) {
  Statement insert(to, "INSERT OR REPLACE INTO facts VALUES(?, ?)");
  insert.bind(1, std::string_view(key)).bind(2, std::string_view(value)).run();
}

/// Where entries have been deleted, nothing else has what they came to. All or nothing: every part must be whole.
void copy_checkpoint(Database& from, Database& to) {
  to.run("SAVEPOINT checkpoint");
  try {
    Statement facts(from, "SELECT key, value FROM facts");
    while (facts.step()) write_fact(to, std::string(facts.bytes(0)).c_str(), std::string(facts.bytes(1)));
    Statement parts(from, "SELECT name, generation, body FROM checkpoint_parts WHERE abs(generation) <= ?");
    Statement insert(to, "INSERT INTO checkpoint_parts VALUES(?, ?, ?)");
    parts.bind(1, number(from, "checkpoint_generation"));
    while (parts.step()) {
      const bool gone = parts.number(1) < 0;  // a name that has no part any more
      if (!gone && decompress(parts.bytes(2), max_entry_bytes).has_error()) throw SqliteError(SQLITE_CORRUPT, "a part");
      insert.bind(1, parts.bytes(0)).bind(2, parts.number(1)).bind_blob(3, parts.bytes(2)).run();
    }
  } catch (const SqliteError& error) {
    to.run("ROLLBACK TO checkpoint");
    if ((error.code & 0xFF) == SQLITE_FULL) throw;
  }
  to.run("RELEASE checkpoint");
}

/// What retention has deleted is not lost; what is lost counts beside what was lost at other times.
void copy_facts(Database& from, Database& to, Salvage& out) {
  const auto forgotten = number(from, "forgotten_entries");
  out.lost -= std::min(out.lost, static_cast<std::uint64_t>(forgotten));
  if (forgotten > 0) {
    copy_checkpoint(from, to);
    for (const auto* fact : {"forgotten_entries", "forgotten_through"})
      write_fact(to, fact, std::to_string(number(from, fact)));
  }
  write_fact(to, "lost_entries",
             std::to_string(number(from, "lost_entries") + static_cast<std::int64_t>(out.lost)));
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
    // The log first: a database without it is older, one with another's log is none.
    for (const auto* rest : {"-wal", "-shm", ""}) {
      if (fs::exists(database.string() + rest)) fs::rename(database.string() + rest, out.damaged.string() + rest);
    }
    fs::rename(fresh, database);
  } catch (const SqliteError& error) {
    throw WriteError(error.what());
  } catch (const fs::filesystem_error& error) {
    throw WriteError(error.what());
  }
  return out;
}

}  // namespace pilotwatch::journal
