// SPDX-License-Identifier: Apache-2.0
#include "sources/gzip_reader.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace pilotwatch::sources {
namespace {

constexpr std::size_t block_bytes = 64 << 10;
constexpr std::size_t head_block_bytes = 4 << 10;
constexpr std::size_t packed_head_bytes = 256;
constexpr std::uint64_t kept_before = 4 << 10;  // of what was read last: a marker is looked at behind a record
constexpr int gzip_only = 15 + 16;              // zlib's window bits: the largest window, a gzip header and trailer

std::size_t read_block(int fd, std::uint64_t offset, void* into, std::size_t size) {
  for (;;) {
    const ssize_t got = ::pread(fd, into, size, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "read");
  }
}

}  // namespace

/// A place in what comes out of a gzip file, from which it goes forwards only.
class Inflater {
 public:
  Inflater(int fd, std::size_t block) : fd_(fd), input_(block) {
    stream_.next_in = input_.data();
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater& other)
      : fd_(other.fd_),
        input_(other.input_),
        input_offset_(other.input_offset_),
        position_(other.position_),
        member_(other.member_),
        member_at_(other.member_at_),
        ended_(other.ended_) {
    if (inflateCopy(&stream_, &other.stream_) != Z_OK) throw std::bad_alloc();
    stream_.next_in = input_.data() + (other.stream_.next_in - other.input_.data());
  }
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Fills `out`; less at the end of the stream or of the file, which may grow, and before damage.
  std::size_t produce(char* out, std::size_t size);
  [[nodiscard]] std::uint64_t position() const { return position_; }  ///< in the content
  [[nodiscard]] bool ended() const { return ended_; }                 ///< behind a member, with no other following
  [[nodiscard]] std::uint64_t consumed() const { return input_offset_ - stream_.avail_in; }  ///< bytes of the file
  [[nodiscard]] std::uint64_t member() const { return member_; }        ///< where it began, in the content
  [[nodiscard]] std::uint64_t member_at() const { return member_at_; }  ///< and in the file
  /// After damage: the stream was good to its end, and what came out of it does not fit.
  [[nodiscard]] bool checksum_wrong() const {
    const std::string_view what = stream_.msg == nullptr ? "" : stream_.msg;
    return what == "incorrect data check" || what == "incorrect length check";
  }

 private:
  bool refill();
  bool next_member();

  int fd_;
  mutable z_stream stream_{};  // inflateCopy takes its source without const
  std::vector<unsigned char> input_;
  std::uint64_t input_offset_ = 0;  ///< of what is read next from the file
  std::uint64_t position_ = 0;
  std::uint64_t member_ = 0, member_at_ = 0;
  bool ended_ = false;
};

bool Inflater::refill() {
  const auto got = read_block(fd_, input_offset_, input_.data(), input_.size());
  input_offset_ += got;
  stream_.next_in = input_.data();
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

/// Whether another member follows. What else stands behind a member is padding, as gzip(1) takes it.
bool Inflater::next_member() {
  if (stream_.avail_in == 0 && !refill()) return false;
  if (*stream_.next_in != 0x1f) return false;
  inflateReset(&stream_);
  member_at_ = consumed();
  return true;
}

std::size_t Inflater::produce(char* out, std::size_t size) {
  stream_.next_out = reinterpret_cast<unsigned char*>(out);
  stream_.avail_out = static_cast<uInt>(size);
  while (stream_.avail_out > 0) {
    if (ended_ && !next_member()) break;  // it may have been appended since
    if (std::exchange(ended_, false)) member_ = position_ + size - stream_.avail_out;
    if (stream_.avail_in == 0 && !refill()) break;
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    if (rc == Z_STREAM_END) {
      ended_ = true;
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      if (stream_.avail_out < size) break;  // first what came out before it
      throw DamagedGzip(stream_.msg == nullptr ? "damaged gzip" : stream_.msg);
    }
  }
  const std::size_t made = size - stream_.avail_out;
  position_ += made;
  return made;
}

GzipReader::GzipReader(int fd, Unpackers& unpackers) : fd_(fd), unpackers_(unpackers) {}

GzipReader::~GzipReader() { rest(); }

/// Says that it has a place.
void GzipReader::hold() {
  auto& holding = unpackers_.holding_;
  holding.remove(this);
  holding.push_back(this);
  while (holding.size() > unpackers_.at_once_) holding.front()->rest();
}

void GzipReader::rest() {
  unpackers_.holding_.remove(this);
  at_.reset();
  ahead_.reset();
  kept_ = {};
}

/// A file that is written anew in its place has another head, or ends before what was read of it.
void GzipReader::rest_if_replaced() {
  std::string head(packed_head_bytes, '\0');
  head.resize(read_block(fd_, 0, head.data(), head.size()));
  const auto read = std::max(at_ ? at_->consumed() : 0, ahead_ ? ahead_->consumed() : 0);
  char last = 0;
  if (!head.starts_with(packed_head_) || (read > 0 && read_block(fd_, read - 1, &last, 1) == 0)) rest();
  packed_head_ = std::move(head);
}

std::string GzipReader::produce(Inflater& from, std::uint64_t size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  out.resize(from.produce(out.data(), out.size()));
  unpackers_.inflated_ += out.size();
  return out;
}

std::string GzipReader::read_at(std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return "";
  rest_if_replaced();
  if (at_ && offset + kept_.size() < at_->position()) at_.reset(), kept_.clear();
  if (!at_) at_ = std::make_unique<Inflater>(fd_, block_bytes);
  hold();
  const auto keep_from = offset - std::min(offset, kept_before);
  while (at_->position() < keep_from) {
    kept_.clear();
    if (produce(*at_, std::min<std::uint64_t>(block_bytes, keep_from - at_->position())).empty()) return "";
  }
  if (offset + size > at_->position()) {
    const auto kept_at = at_->position() - kept_.size();
    if (kept_at < keep_from) kept_.erase(0, keep_from - kept_at);
    kept_ += produce(*at_, offset + size - at_->position());
  }
  const auto kept_at = at_->position() - kept_.size();
  return offset < at_->position() ? kept_.substr(offset - kept_at, size) : "";
}

std::string GzipReader::head(std::uint64_t size) {
  Inflater anew(fd_, head_block_bytes);
  std::string out;
  while (out.size() < size) {
    const auto more = produce(anew, size - out.size());
    if (more.empty()) break;
    out += more;
  }
  return out;
}

GzipExtent GzipReader::extent() {
  rest_if_replaced();
  if (!ahead_ || (at_ && ahead_->position() < at_->position()))
    ahead_ = at_ ? std::make_unique<Inflater>(*at_) : std::make_unique<Inflater>(fd_, block_bytes);
  hold();
  GzipExtent out;
  try {
    while (!produce(*ahead_, block_bytes).empty()) {
    }
    out.readable = out.unpacked = ahead_->position();
    if (!ahead_->ended()) {
      out.end = GzipExtent::End::missing;
      return out;
    }
    out.packed_rest = bytes_behind(ahead_->consumed());
    out.end = out.packed_rest > 0 ? GzipExtent::End::damaged : GzipExtent::End::whole;
  } catch (const DamagedGzip&) {
    out.end = GzipExtent::End::damaged;
    out.unpacked = ahead_->position();
    out.readable = ahead_->checksum_wrong() ? ahead_->member() : out.unpacked;
    out.packed_rest = bytes_behind(out.unpacked == ahead_->member() ? ahead_->member_at() : ahead_->consumed());
  }
  ahead_.reset();
  if (!at_) rest();
  return out;
}

/// Bytes of the file from there on; 0 where all are zero.
std::uint64_t GzipReader::bytes_behind(std::uint64_t packed) const {
  std::string block(block_bytes, '\0');
  bool padding = true;
  std::uint64_t at = packed;
  while (const auto got = read_block(fd_, at, block.data(), block.size())) {
    padding = padding && block.find_first_not_of('\0') >= got;
    at += got;
  }
  return padding ? 0 : at - packed;
}

}  // namespace pilotwatch::sources
