// SPDX-License-Identifier: Apache-2.0
#include "sources/gzip_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

namespace pilotwatch::sources {
namespace {

constexpr std::size_t block_bytes = 64 << 10;
constexpr int gzip_only = 15 + 16;  // zlib's window bits: the largest window, a gzip header and trailer

std::size_t read_block(int fd, std::uint64_t offset, std::vector<unsigned char>& into) {
  for (;;) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "read");
  }
}

}  // namespace

GzipReader::GzipReader(int fd) : fd_(fd), input_(block_bytes) {
  if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() { inflateEnd(&stream_); }

void GzipReader::rewind() {
  inflateReset(&stream_);
  stream_.avail_in = 0;
  input_offset_ = position_ = 0;
  ended_ = false;
}

bool GzipReader::refill() {
  const auto got = read_block(fd_, input_offset_, input_);
  input_offset_ += got;
  stream_.next_in = input_.data();
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

/// Whether another member follows. What else stands behind a member is padding, as gzip(1) takes it.
bool GzipReader::next_member() {
  if (stream_.avail_in == 0 && !refill()) return false;
  if (*stream_.next_in != 0x1f) return false;
  inflateReset(&stream_);
  return true;
}

/// Fills `out`; less at the end of the stream, or of the file.
std::size_t GzipReader::produce(char* out, std::size_t size) {
  stream_.next_out = reinterpret_cast<unsigned char*>(out);
  stream_.avail_out = static_cast<uInt>(size);
  while (stream_.avail_out > 0 && !ended_) {
    if (stream_.avail_in == 0 && !refill()) break;
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    if (rc == Z_STREAM_END) {
      ended_ = !next_member();
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      throw DamagedGzip(stream_.msg == nullptr ? "damaged gzip" : stream_.msg);
    }
  }
  const std::size_t made = size - stream_.avail_out;
  position_ += made;
  return made;
}

std::string GzipReader::read_at(std::uint64_t offset, std::uint64_t size) {
  if (offset < position_) rewind();
  std::string skipped(static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, offset - position_)), '\0');
  while (position_ < offset) {
    if (produce(skipped.data(), std::min<std::uint64_t>(skipped.size(), offset - position_)) == 0) return "";
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  out.resize(produce(out.data(), out.size()));
  return out;
}

std::optional<std::uint64_t> GzipReader::length() {
  rewind();
  std::string block(block_bytes, '\0');
  while (produce(block.data(), block.size()) > 0) {
  }
  return ended_ ? std::optional(position_) : std::nullopt;
}

}  // namespace pilotwatch::sources
