// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sources/followed_file.h"

namespace pilotwatch::sources {

struct Settled {
  enum class As : std::uint8_t {
    undecided,  ///< empty, unreadable, still being compressed, or so far the same as a file that is being read
    begins,     ///< a content of its own, from `file->at.offset` on
    goes_on,    ///< an orphan's content goes on in it; `file` has the orphan's id
  };
  As as = As::undecided;
  Followed* file = nullptr;  ///< null while undecided; else what the fresh file has become
  std::uint64_t copied = 0;  ///< bytes at its beginning that have been delivered from another file
};

/// Decides what a fresh file is. Files are the same if all bytes are, as far as the known one has been delivered: then
/// reading goes on behind those, in the place of a file that is gone or beside one that is not. A file that repeats one
/// that is still being read waits for what becomes of it (a copy is made before its original is cut). Reads the file up
/// to the greatest offset of what it may be a copy of; of a compressed one all. Throws what reading throws.
[[nodiscard]] Settled settle(FileBook& book, Followed& file);

/// Whether it is known how far a compressed file can be read; then its size is. A file that is not whole may still be
/// being written: it is taken as it is once it has stayed so for `FileBook::patience`, and ten calls, and the file that
/// it would be made of (its name without .gz) is not there. Throws std::system_error.
[[nodiscard]] bool examine(FileBook& book, Followed& file, OpenFile& open);

/// Whether the bytes before what has been delivered are still there, by fingerprint and marker. True for what cannot be
/// opened now. Throws what reading throws.
[[nodiscard]] bool unchanged(FileBook& book, Followed& file);

/// Puts the position of `file` at `offset`: fingerprint and marker are read, `content` is what is known of the hash.
void place_at(FileBook& book, Followed& file, std::uint64_t offset, std::uint64_t content);

}  // namespace pilotwatch::sources
