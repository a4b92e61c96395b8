// SPDX-License-Identifier: Apache-2.0
#include "journal/dead_letters.h"

#include <string>
#include <utility>

namespace pilotwatch::journal {
namespace {

constexpr const char* table = R"sql(
CREATE TABLE IF NOT EXISTS dead_letters (   -- lines that were rejected; a ring
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  wall_ms INTEGER NOT NULL, source TEXT NOT NULL, line INTEGER NOT NULL,
  stream INTEGER NOT NULL, reason INTEGER NOT NULL, detail TEXT NOT NULL, text TEXT NOT NULL,
  made TEXT NOT NULL DEFAULT ''             -- what a mapping made of it; earlier versions had no such column
) STRICT;
)sql";

bool has_column_made(Database& database) {
  Statement select(database, "SELECT 1 FROM pragma_table_info('dead_letters') WHERE name = 'made'");
  return select.step();
}

}  // namespace

DeadLetters::DeadLetters(Database& database) {
  database.run(table);
  if (!has_column_made(database)) database.run("ALTER TABLE dead_letters ADD COLUMN made TEXT NOT NULL DEFAULT ''");
  insert_.emplace(database,
                  "INSERT INTO dead_letters(wall_ms, source, line, stream, reason, detail, text, made) "
                  "VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  prune_.emplace(database, "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?");
}

void DeadLetters::write(std::span<const record::DeadLetter> letters, std::uint64_t keep) {
  if (letters.empty()) return;
  for (const auto& letter : letters) {
    insert_->bind(1, letter.wall.time_since_epoch().count())
        .bind(2, letter.source)
        .bind(3, static_cast<std::int64_t>(letter.reject.line))
        .bind(4, static_cast<std::int64_t>(letter.reject.stream))
        .bind(5, static_cast<std::int64_t>(letter.reject.reason))
        .bind(6, letter.reject.detail)
        .bind(7, letter.reject.text)
        .bind(8, letter.reject.made)
        .run();
  }
  prune_->bind(1, static_cast<std::int64_t>(keep)).run();
}

void DeadLetters::trim(Database& database, std::uint64_t keep, bool keep_text) {
  prune_->bind(1, static_cast<std::int64_t>(keep)).run();
  if (keep_text) return;
  Statement select(database, "SELECT id, detail, text || made FROM dead_letters");
  std::vector<std::pair<std::int64_t, std::string>> changed;
  while (select.step()) {
    auto without = record::without_data(select.bytes(1));
    if (without != select.bytes(1) || !select.bytes(2).empty())
      changed.emplace_back(select.number(0), std::move(without));
  }
  Statement update(database, "UPDATE dead_letters SET detail = ?, text = '', made = '' WHERE id = ?");
  for (const auto& [id, detail] : changed) update.bind(1, detail).bind(2, id).run();
}

void DeadLetters::reset() {
  insert_->reset();
  prune_->reset();
}

std::vector<record::DeadLetter> DeadLetters::read(const Database& database) const {
  Statement select(database,
                   "SELECT wall_ms, source, line, stream, reason, detail, text, made FROM dead_letters ORDER BY id");
  std::vector<record::DeadLetter> out;
  while (select.step()) {
    const auto stream = select.number(3), reason = select.number(4);
    // Those of a newer version, with kinds that this one has no name for.
    if (stream < 0 || stream >= static_cast<std::int64_t>(record::stream_count)) continue;
    if (reason < 0 || reason >= static_cast<std::int64_t>(record::reason_count)) continue;
    auto& letter = out.emplace_back();
    letter.wall = Instant{Millis{select.number(0)}};
    letter.source = select.bytes(1);
    letter.reject.line = static_cast<std::uint32_t>(select.number(2));
    letter.reject.stream = static_cast<record::Stream>(stream);
    letter.reject.reason = static_cast<record::Reason>(reason);
    letter.reject.detail = select.bytes(5);
    letter.reject.text = select.bytes(6);
    letter.reject.made = select.bytes(7);
  }
  return out;
}

}  // namespace pilotwatch::journal
