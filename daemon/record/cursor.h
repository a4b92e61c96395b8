// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace pilotwatch::record {

/// Where a file source stands: everything before `offset` of this file is in the journal.
struct Cursor {
  std::string source;
  std::uint64_t device = 0, inode = 0, offset = 0;
  std::uint64_t fingerprint = 0;        ///< of the first bytes of the file, against inode reuse
  std::uint64_t fingerprint_bytes = 0;  ///< how many
};

}  // namespace pilotwatch::record
