// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "journal/sqlite.h"

namespace pilotwatch::journal {

inline constexpr std::int64_t application_id = 0x70777463;  // "pwtc"

/// Creates the tables in an empty database; migrates an older one, forward only, each step in one transaction. Throws
/// OpenError where it is not ours or newer, SqliteError. The write-ahead log is made durable first. `path`: for messages.
/// Private to journal/.
void prepare(Database& database, const std::string& path);

/// The first column of the first row as a number, 0 without one.
[[nodiscard]] std::int64_t pragma(const Database& database, const char* sql);

}  // namespace pilotwatch::journal
