// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// Reading files of other programs; private to the file tail. No threads, no state shared.
namespace pilotwatch::sources {

struct GzipExtent;
class GzipReader;
class Unpackers;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// What the file system says of a file.
struct FileStatus {
  std::uint64_t device = 0, inode = 0;
  std::uint64_t size = 0;        ///< bytes, as packed
  std::uint64_t links = 0;       ///< names that it has; 0 = deleted
  std::int64_t modified_ns = 0;  ///< since 1970, by the file system's clock
};
[[nodiscard]] FileStatus status_of(const struct stat& status);

/// A regular file opened for reading. The bytes of a compressed one are those that come out of it.
class OpenFile {
 public:
  /// Never waits, not even for the writer of a pipe. nullopt: `error` is errno's value, or 0 for what is no regular
  /// file. `unpackers`, for a compressed one, else null, must outlive it.
  [[nodiscard]] static std::optional<OpenFile> open(const std::filesystem::path& path, Unpackers* unpackers,
                                                    int& error);
  OpenFile(OpenFile&&) noexcept;
  OpenFile& operator=(OpenFile&&) noexcept;
  ~OpenFile();

  /// Throws std::system_error.
  [[nodiscard]] FileStatus status() const;
  /// Up to `size` bytes from `offset` on; fewer only at the end. Throws std::system_error, or DamagedGzip. Going back
  /// in a compressed file, further than to where the last read began, costs unpacking it from its beginning.
  [[nodiscard]] std::string read_at(std::uint64_t offset, std::uint64_t size);
  /// Its first bytes, at no such cost. Throws as above.
  [[nodiscard]] std::string head(std::uint64_t size);
  /// Of a compressed file. Unpacks it from where it was read to its end; reading goes on where it was. Throws
  /// std::system_error.
  [[nodiscard]] GzipExtent extent();
  /// Where it is now, over renames; "" where the system does not say, or the file is deleted.
  [[nodiscard]] std::string place() const;

 private:
  explicit OpenFile(Descriptor descriptor);
  Descriptor descriptor_;
  std::unique_ptr<GzipReader> gzip_;
};

/// A hash of bytes that can be gone on with: the same for the same bytes, however they were cut. Never 0.
class ContentHash {
 public:
  explicit ContentHash(std::uint64_t from = 0) : value_(from == 0 ? start : from) {}
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * prime;
    if (value_ == 0) value_ = start;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  static constexpr std::uint64_t start = 0xcbf29ce484222325, prime = 0x100000001b3;  // FNV-1a
  std::uint64_t value_;
};

inline constexpr std::uint64_t fingerprint_max = 256, marker_max = 256;

/// Of a file's first bytes, or of those before an offset. 0 of none.
[[nodiscard]] std::uint64_t short_hash(std::string_view bytes);

}  // namespace pilotwatch::sources
