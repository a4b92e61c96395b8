// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/time.h"

namespace pilotwatch::journal {

/// What became of a damaged store.
struct Salvage {
  std::filesystem::path damaged;            ///< what it is called now
  std::uint64_t saved = 0;                  ///< entries that are in the new one
  std::uint64_t lost = 0;                   ///< entries that are not, and were before, as far as the numbers of the others tell
  bool end_unknown = false;                 ///< the last entries cannot be seen at all: more may be lost
};

/// Gives the damaged database of `folder` another name beside it, `pilotwatch.db.damaged-<time>`, and puts a new one in its
/// place that holds each entry, with its number, and each cursor that can still be read whole. Nobody may have it open.
/// The new one appears all at once: after a crash, and where this throws, either nothing has happened, or the next start
/// finishes it. Throws OpenError, WriteError.
Salvage salvage(const std::filesystem::path& folder, Instant now);

}  // namespace pilotwatch::journal
