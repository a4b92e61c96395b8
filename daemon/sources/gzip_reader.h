// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace pilotwatch::sources {

/// Bytes that no gzip wrote, or a checksum that does not fit.
class DamagedGzip : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The content of a gzip file (one or more members), in bounded memory: about 100 kB, whatever its size.
class GzipReader {
 public:
  explicit GzipReader(int fd);  ///< not owned; read with pread(2)
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Up to `size` bytes from `offset` on; fewer at the end, or where the file ends before the stream does. Forwards it
  /// goes on where it is; backwards it begins anew. Throws DamagedGzip, std::system_error.
  [[nodiscard]] std::string read_at(std::uint64_t offset, std::uint64_t size);
  /// The length of the content; nullopt where the file ends before the stream does, as it is still being written.
  [[nodiscard]] std::optional<std::uint64_t> length();

 private:
  void rewind();
  std::size_t produce(char* out, std::size_t size);
  bool refill();
  bool next_member();

  int fd_;
  z_stream stream_{};
  std::vector<unsigned char> input_;
  std::uint64_t input_offset_ = 0;  ///< of what is read next from the file
  std::uint64_t position_ = 0;      ///< in the content
  bool ended_ = false;              ///< after the last member
};

}  // namespace pilotwatch::sources
