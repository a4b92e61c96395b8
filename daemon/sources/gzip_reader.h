// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>

namespace pilotwatch::sources {

/// Bytes that no gzip wrote, or a checksum that does not fit.
class DamagedGzip : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How far a gzip file can be read, as it is now.
struct GzipExtent {
  enum class End : std::uint8_t {
    whole,    ///< behind its last member, or in padding (zeros)
    missing,  ///< the file ends before the stream does: it is still being written, or was cut
    damaged,  ///< a stream that is none, a checksum that does not fit, or other bytes behind the last member
  };
  End end = End::whole;
  std::uint64_t readable = 0;     ///< length of the content; of a member whose checksum does not fit nothing is in it
  std::uint64_t unpacked = 0;     ///< bytes that come out, readable or not
  std::uint64_t packed_rest = 0;  ///< damaged: bytes of the file of which nothing comes out
};

class GzipReader;
class Inflater;

/// What the readers of one owner share: few of them hold a place at a time, however many files are open.
class Unpackers {
 public:
  explicit Unpackers(std::size_t at_once = 4) : at_once_(at_once) {}
  Unpackers(const Unpackers&) = delete;
  Unpackers& operator=(const Unpackers&) = delete;

  [[nodiscard]] std::size_t holding() const { return holding_.size(); }
  [[nodiscard]] std::uint64_t inflated() const { return inflated_; }  ///< bytes that came out, each as often as it did

 private:
  friend GzipReader;
  std::size_t at_once_;
  std::uint64_t inflated_ = 0;
  std::list<GzipReader*> holding_;  ///< longest unused first
};

/// The content of a gzip file (one or more members). Holds its place, with the bytes of the last read and a few before
/// them, so that reading on and reading those again unpack nothing twice: about 100 kB, and the last read. Of the
/// readers that share `unpackers`, the one longest unused gives up its place when there are too many.
class GzipReader {
 public:
  GzipReader(int fd, Unpackers& unpackers);  ///< not owned; read with pread(2)
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Up to `size` bytes from `offset` on; fewer at the end, where the file ends before the stream does, or before
  /// damage. Before what it holds it begins anew; so it does where the file's first bytes have changed. Throws
  /// DamagedGzip, std::system_error.
  [[nodiscard]] std::string read_at(std::uint64_t offset, std::uint64_t size);
  /// The first bytes, of the file as it is now. The place stays. Throws as above.
  [[nodiscard]] std::string head(std::uint64_t size);
  /// Unpacks it to its end. The place stays, and what has grown is gone on with. Throws std::system_error.
  [[nodiscard]] GzipExtent extent();

 private:
  void hold();
  void rest();
  void rest_if_replaced();
  [[nodiscard]] std::uint64_t bytes_behind(std::uint64_t packed) const;
  std::string produce(Inflater& from, std::uint64_t size);

  int fd_;
  Unpackers& unpackers_;
  std::string packed_head_;          ///< of the file when its place was taken
  std::unique_ptr<Inflater> at_;     ///< behind what was read last
  std::unique_ptr<Inflater> ahead_;  ///< where the end was missing
  std::string kept_;                 ///< what came out last, up to at_
};

}  // namespace pilotwatch::sources
