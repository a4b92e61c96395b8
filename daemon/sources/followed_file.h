// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sources/gzip_reader.h"
#include "sources/open_file.h"
#include "sources/port.h"

/// What a tail knows of its files; private to the file tail.
namespace pilotwatch::sources {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One content that is, was or may be followed: a file, or the copy or gzip of it where it went on.
struct Followed {
  enum class State : std::uint8_t {
    fresh,      ///< found, but not yet known whether it is a copy of what has been delivered
    following,  ///< read as it grows
    orphan,     ///< its file is gone or cut, and where its content went on is looked for
    finished,   ///< read to its end and left; known again by its content
  };
  State state = State::fresh;
  Cursor at;                              ///< identity, and what has been delivered
  std::filesystem::path home;             ///< the path at which it was found first
  std::filesystem::path place;            ///< where it is, as far as known
  std::optional<OpenFile> file;           ///< closed when descriptors are short
  std::uint64_t size = 0;                 ///< bytes of content at the last look
  std::uint64_t packed_size = 0;          ///< compressed: of the file; 0 of one that is to be examined
  std::int64_t modified_ns = 0;           ///< at the last look
  std::uint64_t scanned = 0;              ///< no record is whole between at.offset and here
  std::uint64_t verified = 0;             ///< fresh: equal to the followed file that it may be a copy of up to here
  std::optional<GzipExtent> extent;       ///< compressed: as examined last; of what is read, what it is taken for
  std::uint64_t examined_size = 0;        ///< of the file then
  std::int64_t examined_ns = 0;           ///< its time of change then
  SteadyTime examined_at{};               ///< when that was
  unsigned still_looks = 0;               ///< since then, at which it was the same
  std::uint64_t after = 0;                ///< id of the file that was at `home` before; it is read first
  std::uint64_t successor = 0;            ///< id of the file that is at `home` now
  std::uint64_t seen = 0;                 ///< number of the look that found it at a path
  unsigned quiet_looks = 0;               ///< without new bytes, since it was left
  unsigned missing_looks = 0;             ///< as an orphan
  bool at_home = false;                   ///< at the last look
  bool left = false;                      ///< renamed or deleted: a writer may go on with it for a while
  bool released = false;                  ///< its successor may be read
  bool flush = false;                     ///< what stands behind its last newline is to be delivered too
  bool present_at_first = false;          ///< compressed: at the first look, where files are to be begun at their end
  bool truncated = false;                 ///< orphan: by truncation, else by deletion
  std::optional<std::string> csv_header;  ///< once read
  std::uint64_t header_begin = 0;         ///< behind a byte order mark and empty lines, once it is read
  std::uint64_t header_end = 0;

  /// There is more in the file than can be read.
  [[nodiscard]] bool damaged() const { return extent && extent->end != GzipExtent::End::whole; }
  [[nodiscard]] std::uint64_t unread() const { return size > at.offset ? size - at.offset : 0; }
  /// Where reading goes on: what stands before a header is no row, and nothing is to be taken for one.
  [[nodiscard]] std::uint64_t next_byte() const { return at.offset > header_begin ? at.offset : header_begin; }
};

/// The files of one source by id, by inode, and by their first bytes. Keeps a bounded number of them open.
class FileBook {
 public:
  FileBook(std::string source, std::size_t max_open, std::vector<Cursor> from);

  SteadyTime::duration patience{};  ///< so long a gzip file that is not whole is waited for

  /// A new one, of a file found at `path`.
  Followed& add(const std::filesystem::path& path, const FileStatus& status);
  [[nodiscard]] Followed* find(std::uint64_t id);
  [[nodiscard]] Followed* find_inode(std::uint64_t device, std::uint64_t inode);
  void erase(std::uint64_t id);
  /// The inode's content is another from now on: what was known of it becomes an orphan under its old id, and the
  /// result is the inode's new entry, fresh, with the open file. Other references to `file` end here.
  Followed& split(Followed& file);
  /// `copy` holds the content of `orphan` and more: it goes on under the orphan's id. Returns it.
  Followed& take_over(Followed& copy, Followed& orphan);

  /// Those whose first bytes are the first of `head`, by greatest offset first; not `except`.
  [[nodiscard]] std::vector<Followed*> same_head(std::string_view head, std::uint64_t except);
  /// To be called when the first bytes are known, or more of them.
  void set_fingerprint(Followed& file, std::string_view head);

  /// Opens the file where it is, if need be; closes another for it where there are too many. Null: it is not there, or
  /// cannot be read (`errors` has risen then).
  [[nodiscard]] OpenFile* open(Followed& file);
  void close(Followed& file);
  [[nodiscard]] std::size_t open_count() const { return recent_.size(); }
  [[nodiscard]] const Unpackers& unpackers() const { return unpackers_; }

  /// All of them, in the order of their ids.
  [[nodiscard]] std::map<std::uint64_t, Followed>& all() { return files_; }
  [[nodiscard]] const std::map<std::uint64_t, Followed>& all() const { return files_; }

  std::uint64_t errors = 0;  ///< failed attempts to open

 private:
  using Inode = std::pair<std::uint64_t, std::uint64_t>;
  struct InodeHash {
    std::size_t operator()(const Inode& inode) const {
      return std::hash<std::uint64_t>()(inode.first * 31 + inode.second);
    }
  };
  void index(const Followed& file);
  void unindex(const Followed& file);
  void close_one(std::uint64_t for_id);

  std::string source_;
  std::size_t max_open_;
  std::uint64_t last_id_ = 0;
  Unpackers unpackers_;  ///< outlives the files that are open
  std::map<std::uint64_t, Followed> files_;
  std::unordered_map<Inode, std::uint64_t, InodeHash> by_inode_;
  std::map<std::uint64_t, std::unordered_multimap<std::uint64_t, std::uint64_t>> by_head_;  ///< length, hash -> id
  std::list<std::uint64_t> recent_;  ///< open ones, longest unused first
};

}  // namespace pilotwatch::sources
