// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "sources/file_tail.h"
#include "sources/port.h"

namespace pilotwatch::sources {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// Whole lines of a growing file, over rotations; no thread, no waiting. Throws std::system_error when reading fails.
///
/// Every file that appears at the path is kept open until it has been read to its end, so that nothing is lost when it
/// is renamed (or deleted) meanwhile. It is left for its successor when that one has bytes and it itself had no new
/// ones at two looks in a row, as the writer may go on with the old file for a while; at once when there are two newer
/// ones.
class TailReader {
 public:
  /// `from` = where an earlier process stopped. `max_line_bytes` bounds what is kept of a line in memory.
  TailReader(std::string source, std::filesystem::path path, std::uint64_t max_line_bytes, std::optional<Cursor> from);

  struct Chunk {
    std::string bytes;  ///< whole lines, each with its newline
    Cursor cursor;      ///< where the file stands once they are committed
  };
  /// The next lines, or nothing yet. The same ones again until `advance`.
  [[nodiscard]] std::optional<Chunk> next();
  void advance(const Cursor& committed);
  /// Only looks whether a new file has appeared at the path; for the time in which a chunk has to wait.
  void look();

  [[nodiscard]] TailStats stats() const;

 private:
  /// One file that is, or was, at the path.
  struct File {
    Descriptor descriptor;
    std::uint64_t device = 0, inode = 0;
    std::uint64_t size = 0;     ///< at the last look
    std::uint64_t offset = 0;   ///< committed
    std::uint64_t scanned = 0;  ///< no newline between offset and here
    std::uint64_t fingerprint = 0, fingerprint_bytes = 0;
    unsigned quiet_looks = 0;  ///< without new bytes, since the successor has some
  };

  void open_first();
  [[nodiscard]] std::optional<File> open(const std::filesystem::path& file);
  [[nodiscard]] std::optional<File> find_moved();
  [[nodiscard]] bool continues(const File& file) const;
  void resume(File file);
  void refresh(File& file);
  [[nodiscard]] bool left_behind(File& file);
  [[nodiscard]] std::optional<Chunk> read_lines(File& file);
  [[nodiscard]] std::optional<Chunk> read_long_line(File& file);
  [[nodiscard]] std::optional<Chunk> read_unfinished_line(File& file);
  [[nodiscard]] Chunk chunk(const File& file, std::string bytes, std::uint64_t end) const;

  const std::string source_;
  const std::filesystem::path path_;
  const std::uint64_t max_line_bytes_;
  std::optional<Cursor> from_;  ///< until a file has been found that it fits, or does not
  std::deque<File> files_;      ///< oldest first; the last one is (or was) at the path
  TailStats stats_;
};

}  // namespace pilotwatch::sources
