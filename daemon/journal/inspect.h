// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"

namespace pilotwatch::journal {

/// A store as it is found, before a daemon opens it.
struct Inspection {
  enum class Whole : std::uint8_t { unknown, yes, as_far_as_looked, no };
  bool there = false;             ///< a database
  bool in_use = false;            ///< a daemon runs on it, or may: see lock_problem
  std::string lock_problem;       ///< why nobody can say whether one does; "" = somebody can
  bool suspect = false;           ///< writing met damage: the next start saves what can be read
  bool replacing = false;         ///< that was interrupted, and the next start goes on with it
  std::string problem;            ///< why it cannot be opened, or is not what this program can read; "" = it is
  Whole whole = Whole::unknown;   ///< what SQLite's quick check says, within the time there was; unknown: in use
  std::string damage;             ///< no: what it says
  std::int64_t schema = 0;        ///< version of the tables
  std::uint64_t bytes = 0;        ///< database and write-ahead log
  std::uint64_t used_bytes = 0;   ///< without the database's free pages, where these can be read
  std::optional<Instant> newest;  ///< time of the newest entry
  std::map<std::string, std::string>
      references;  ///< what was frozen of reference files: "reference <pilot> <file>" -> id
};

/// Reads only: nothing of the store changes, no file appears, and no lock is taken that a daemon asks for. `patience`: for
/// the quick check, which reads the whole database. Where a daemon runs on the store, may run, or begins to
/// meanwhile, there is none (`whole` is unknown), and the rest is what can be read beside it. Never throws on what the
/// store is like.
[[nodiscard]] Inspection inspect(const std::filesystem::path& folder, Millis patience);

}  // namespace pilotwatch::journal
