// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace pilotwatch::record {

/// Where a file source stands in one file. `id` is the source's own number for a content it follows: the content keeps
/// it when the file is renamed, copied or compressed. Offsets are of the content, for compressed files too.
struct Cursor {
  std::string source;
  std::uint64_t id = 0;                 ///< unique in the source, never given twice
  std::uint64_t device = 0, inode = 0;  ///< of the file that holds the content now
  std::uint64_t offset = 0;             ///< bytes of it that have been delivered
  std::uint64_t fingerprint = 0;        ///< of its first bytes, so that a reused inode is noticed
  std::uint64_t fingerprint_bytes = 0;  ///< how many those are
  std::uint64_t marker = 0;        ///< of the last bytes before `offset`, so that a file cut and regrown is noticed
  std::uint64_t marker_bytes = 0;  ///< how many those are; 0 = not known
  std::uint64_t content = 0;       ///< of all bytes before `offset`, by which copies are known; 0 = not known
  std::uint64_t size = 0;  ///< of the file as last seen (compressed: as packed); what is beyond `offset` is unread
  std::int64_t modified_ns = 0;  ///< its time of change as last seen, by the file system's clock
  std::int64_t seen_ms = 0;      ///< wall clock when this was written; what vanished long ago is forgotten
  bool compressed = false;       ///< the file is gzip
  bool finished = false;         ///< read to its end and left; kept so that it is known again
  bool gone = false;             ///< forget it: the row goes, with the transaction
  std::string path;              ///< where it was found first, which is where its successor appears
  std::string place;             ///< where it was seen last; "" = at `path`
};

}  // namespace pilotwatch::record
