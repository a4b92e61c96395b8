// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "journal/sqlite.h"
#include "record/dead_letter.h"

namespace pilotwatch::journal {

/// The table of rejected lines: a ring of the newest. Private to journal/.
class DeadLetters {
 public:
  /// Creates the table where it is missing.
  explicit DeadLetters(Database& database);

  /// Within a transaction of the caller: adds them and drops the oldest beyond `keep`. Throws SqliteError.
  void write(std::span<const record::DeadLetter> letters, std::uint64_t keep);
  /// What the settings no longer ask for: all but the newest `keep`, and, unless `keep_text`, lines and the data in
  /// details. Overwritten on disk. In a transaction of the caller.
  void trim(Database& database, std::uint64_t keep, bool keep_text);
  /// After a transaction that failed.
  void reset();
  /// Oldest first.
  [[nodiscard]] std::vector<record::DeadLetter> read(const Database& database) const;

 private:
  std::optional<Statement> insert_, prune_;
};

}  // namespace pilotwatch::journal
