// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "journal/sqlite.h"

namespace pilotwatch::journal {

/// Makes durable what stands in the write-ahead log. A process that was killed may have left a commit there whose sync
/// had failed: it is read from the system's cache, but no later sync writes it, and with it all that is committed
/// behind it would be lost. So all of the log is written again and synced. To be called before anything is committed.
/// Cost: as much writing as the log is long. Throws SqliteError. Private to journal/.
void rewrite_wal(Database& database);

}  // namespace pilotwatch::journal
