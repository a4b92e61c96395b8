// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "settings/source.h"
#include "sources/file_patterns.h"
#include "sources/file_tail.h"
#include "sources/followed_file.h"

namespace pilotwatch::sources {

/// Whole records of growing files, over rotations; no thread, no waiting. Throws std::system_error when reading fails.
///
/// A file is known by device, inode, its first bytes and those before what has been delivered. It is kept open while
/// descriptors last, so that nothing is lost when it is renamed or deleted; a closed one is found again by its inode,
/// or as a copy or gzip of itself by its content. A renamed file is left for its successor when that one has bytes and
/// it itself had no new ones at two looks in a row, as the writer may go on with the old file for a while; at once when
/// there are two newer ones. Files are read by turns, compressed ones one after the other.
class TailReader {
 public:
  /// `source` must outlive it. `max_line_bytes` bounds what is kept of a record in memory. `from`: where an earlier
  /// process stopped.
  TailReader(const settings::Source& source, std::uint64_t max_line_bytes, std::vector<Cursor> from);

  struct Chunk {
    std::string bytes;            ///< whole records of one or more files; may be empty where only cursors have changed
    std::string csv_header;       ///< csv: of all of them; "" = the bytes begin with it
    std::vector<Cursor> cursors;  ///< where the files stand once they are committed
    std::size_t pending = 0;      ///< so many of them were waiting for a chunk to go with
  };
  /// The next records, or nothing yet. The same ones again until `advance`. Looks at the files where there is nothing
  /// to read or the last look is older than the poll interval.
  [[nodiscard]] std::optional<Chunk> next();
  void advance(const Chunk& committed);
  /// The same for what was refused for good: counted as lost.
  void give_up(const Chunk& refused);
  /// Looks which files there are, what has grown, and what was rotated; also while a chunk has to wait. Costs a stat(2)
  /// a file.
  void look();

  /// Costs a walk over all files known.
  [[nodiscard]] TailStats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    std::string bytes, header;
    std::uint64_t end = 0;      ///< in the content
    bool exact = false;         ///< the bytes are those before `end`
    std::uint64_t content = 0;  ///< Cursor::content at `end`; 0 = not worked out
  };
  struct Adoption {
    std::int64_t since_ns = 0;
    unsigned looks = 0;
    bool unlisted = false;  ///< the folder could not be read at the last look
  };

  void apart(std::uint64_t id, const std::function<void()>& work);

  // Looking: tail_look.cc
  void note(const FoundFile& found);
  [[nodiscard]] bool ignored(const FoundFile& found) const;
  void arrived(Followed& file);
  void observe(Followed& file, const FileStatus& status);
  void examine_again(Followed& file, const FileStatus& status);
  void cut(Followed& file, const FileStatus& status);
  void look_for_absent(Followed& file);
  [[nodiscard]] bool find_closed(Followed& file);
  [[nodiscard]] bool has_its_bytes(Followed& file, const FileStatus& status);
  [[nodiscard]] bool is_at(const Followed& file, const std::filesystem::path& path, FileStatus& status, bool& unsure);
  void adopt_rotated();
  void settle_fresh();
  void settle_one(std::uint64_t id);
  void begin_at_end(Followed& file);
  void give_up_orphans();
  [[nodiscard]] bool is_being_compressed(const std::filesystem::path& path) const;
  void leave_for_successors();
  void leave(Followed& file);
  void release(Followed& file);
  void finish(Followed& file);
  void forget_vanished();
  void expect_rotated(const std::filesystem::path& path, std::int64_t since_ns);
  void mark_ready(const Followed& file);
  [[nodiscard]] std::vector<std::uint64_t> ids(Followed::State state) const;

  // Reading: tail_reader.cc
  [[nodiscard]] std::vector<std::uint64_t> turns() const;
  [[nodiscard]] bool append_next(Chunk& chunk, Followed& file, std::uint64_t budget);
  [[nodiscard]] std::optional<Piece> read(Followed& file, std::uint64_t budget);
  [[nodiscard]] std::optional<Piece> read_long(Followed& file, OpenFile& open);
  [[nodiscard]] std::optional<Piece> read_unfinished(Followed& file, OpenFile& open);
  [[nodiscard]] bool read_header(Followed& file, OpenFile& open) const;
  [[nodiscard]] Cursor cursor_after(Followed& file, OpenFile& open, const Piece& piece);

  const settings::Source& source_;
  const std::uint64_t max_line_bytes_;
  FileBook book_;
  std::set<std::uint64_t> ready_;                       ///< ids of what has bytes to read
  std::uint64_t last_served_ = 0;                       ///< id; turns go on behind it
  std::uint64_t unpacking_ = 0;                         ///< id of the compressed file that is read; the others wait
  std::set<std::uint64_t> in_flight_;                   ///< ids in the chunk that is not committed yet
  std::vector<Cursor> pending_;                         ///< go with the next chunk
  bool urgent_ = false;                                 ///< or without one
  bool skip_present_ = false;                           ///< the files of the first look are begun at their end
  std::vector<std::filesystem::path> unseen_at_first_;  ///< so are those, which it could not see
  std::uint64_t look_ = 0;                              ///< number
  Clock::time_point last_look_{};
  std::map<std::filesystem::path, std::uint64_t> at_path_;                ///< id of the newest file at each path
  std::map<std::filesystem::path, Adoption> adoptions_;                   ///< paths whose rotated files are looked for
  std::map<std::filesystem::path, std::optional<NamesByInode>> folders_;  ///< of this look
  std::uint64_t ignored_ = 0;                                             ///< at the last look
  TailStats stats_;
};

}  // namespace pilotwatch::sources
