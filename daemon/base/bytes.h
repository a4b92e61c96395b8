// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"

namespace pilotwatch {

/// Thrown by ByteReader on bytes that no ByteWriter of this version wrote: a damaged or foreign blob.
class CorruptBytes : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Appends values to a string in the project's one binary form: unsigned LEB128, zigzag, little-endian doubles.
class ByteWriter {
 public:
  void u64(std::uint64_t value) {
    if (value < 0x80) {
      bytes_.push_back(static_cast<char>(value));
    } else {
      long_u64(value);
    }
  }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63)); }
  void f64(double value);
  void id(const Id128& value);
  void time(Instant value) { i64(value.time_since_epoch().count()); }
  void flag(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void text(std::string_view value);
  void raw(std::string_view bytes) { bytes_.append(bytes); }  ///< without its length

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  /// All of it; then it is empty.
  [[nodiscard]] std::string take() { return std::exchange(bytes_, {}); }

 private:
  void long_u64(std::uint64_t value);

  std::string bytes_;
};

/// Reads them back in the same order. Throws CorruptBytes; never reads past the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t u64();
  std::int64_t i64();
  double f64();
  Id128 id();
  Instant time() { return Instant{Millis{i64()}}; }
  bool flag();
  std::string_view text();
  std::string_view raw(std::size_t size) { return take(size); }
  /// A count of items that take at least `min_bytes` each, so that a corrupt count cannot ask for the whole memory.
  std::size_t count(std::size_t min_bytes = 1);

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t size);
  std::string_view rest_;
};

/// zstd, with size and checksum of the content in the frame.
[[nodiscard]] std::string compress(std::string_view bytes, int level = 1);
/// What one or more frames hold, together. Errors: not zstd, damaged, or larger than `max_bytes` when unpacked.
[[nodiscard]] Result<std::string> decompress(std::string_view bytes, std::size_t max_bytes);

}  // namespace pilotwatch
