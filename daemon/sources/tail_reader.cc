// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/id.h"

namespace pilotwatch::sources {
namespace {

constexpr std::size_t chunk_bytes = 1 << 20;
constexpr std::uint64_t fingerprint_max = 256;
constexpr std::size_t max_open_files = 64;

/// Up to `size` bytes from `offset` on; fewer only at the end of the file.
std::string read_at(const Descriptor& descriptor, std::uint64_t offset, std::uint64_t size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got =
        ::pread(descriptor.get(), out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

std::uint64_t fingerprint(const Descriptor& descriptor, std::uint64_t bytes) {
  return bytes == 0 ? 0 : content_hash(read_at(descriptor, 0, bytes)).lo;
}

/// How much of these lines to deliver together. decode/ takes bytes that begin with '[' for one array, whole or
/// refused: a line like that goes alone, so that it cannot take its neighbours with it.
std::size_t lines_length(std::string_view bytes) {
  const auto last = bytes.rfind('\n');
  if (last == std::string_view::npos) return 0;
  const auto first = bytes.find_first_not_of(" \t\r\n");
  return first < last && bytes[first] == '[' ? bytes.find('\n', first) + 1 : last + 1;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

TailReader::TailReader(std::string source, std::filesystem::path path, std::uint64_t max_line_bytes,
                       std::optional<Cursor> from)
    : source_(std::move(source)), path_(std::move(path)), max_line_bytes_(max_line_bytes), from_(std::move(from)) {}

std::optional<TailReader::Chunk> TailReader::next() {
  look();
  while (!files_.empty()) {
    File& file = files_.front();
    refresh(file);
    if (auto lines = read_lines(file)) {
      file.quiet_looks = 0;
      return lines;
    }
    if (!left_behind(file)) return std::nullopt;
    if (auto line = read_unfinished_line(file)) return line;
    files_.pop_front();
    ++stats_.rotations_rename;
  }
  return std::nullopt;
}

void TailReader::advance(const Cursor& committed) {
  File& file = files_.front();
  file.offset = file.scanned = committed.offset;
  file.fingerprint = committed.fingerprint;
  file.fingerprint_bytes = committed.fingerprint_bytes;
}

TailStats TailReader::stats() const {
  TailStats out = stats_;
  out.file_open = !files_.empty();
  for (const File& file : files_) out.unread_bytes += file.size - std::min(file.size, file.offset);
  return out;
}

void TailReader::look() {
  if (files_.empty()) open_first();
  if (files_.empty()) return;
  struct stat at_path {};
  if (::stat(path_.c_str(), &at_path) != 0) {
    if (errno != ENOENT) ++stats_.read_errors;
    return;
  }
  File& newest = files_.back();
  if (newest.device == at_path.st_dev && newest.inode == at_path.st_ino) {
    newest.size = std::max<std::uint64_t>(newest.size, static_cast<std::uint64_t>(at_path.st_size));
    return;
  }
  if (auto file = open(path_)) files_.push_back(std::move(*file));
  if (files_.size() > max_open_files) {
    stats_.lost_bytes += files_[1].size;
    files_.erase(files_.begin() + 1);
  }
}

/// Without a file in hand: finds where the earlier process stopped, or begins with what is at the path.
void TailReader::open_first() {
  auto file = open(path_);
  if (!from_) {
    if (file) files_.push_back(std::move(*file));
    return;
  }
  if (file && continues(*file)) return resume(std::move(*file));
  if (auto moved = find_moved()) return resume(std::move(*moved));  // look() then adds what is at the path
  if (!file) return;
  const bool same_file = file->device == from_->device && file->inode == from_->inode;
  ++(same_file && file->size < from_->offset ? stats_.rotations_truncate : stats_.rotations_rename);
  from_.reset();
  files_.push_back(std::move(*file));
}

std::optional<TailReader::File> TailReader::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    if (descriptor.get() >= 0 || errno != ENOENT) ++stats_.read_errors;
    return std::nullopt;
  }
  File file{std::move(descriptor)};
  file.device = status.st_dev;
  file.inode = status.st_ino;
  file.size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

/// The file that the cursor means may have been renamed while nobody looked; it is near its old place then.
std::optional<TailReader::File> TailReader::find_moved() {
  std::error_code error;
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (status.st_ino != from_->inode || status.st_dev != from_->device) continue;
    auto file = open(at->path());
    if (file && continues(*file)) return file;
  }
  return std::nullopt;
}

/// Numbers of inodes are used again, so the first bytes have to agree too.
bool TailReader::continues(const File& file) const {
  return file.device == from_->device && file.inode == from_->inode && file.size >= from_->offset &&
         fingerprint(file.descriptor, from_->fingerprint_bytes) == from_->fingerprint;
}

void TailReader::resume(File file) {
  files_.push_back(std::move(file));
  advance(*from_);
  from_.reset();
}

/// Learns the file's size, and whether it was cut and begun again.
void TailReader::refresh(File& file) {
  struct stat status {};
  if (::fstat(file.descriptor.get(), &status) != 0) throw std::system_error(errno, std::generic_category(), "stat");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < file.offset || fingerprint(file.descriptor, file.fingerprint_bytes) != file.fingerprint) {
    ++stats_.rotations_truncate;
    stats_.lost_bytes += file.size - std::min(file.size, file.offset);
    file.offset = file.scanned = file.fingerprint = file.fingerprint_bytes = 0;
  } else if (size < file.size) {
    ++stats_.rotations_truncate;
    stats_.lost_bytes += file.size - size;
    file.scanned = file.offset;
  }
  file.size = size;
}

bool TailReader::left_behind(File& file) {
  if (files_.size() != 2) return files_.size() > 2;  // with two newer ones the writer has moved on twice
  struct stat successor {};
  if (::fstat(files_[1].descriptor.get(), &successor) == 0 && successor.st_size > 0) ++file.quiet_looks;
  return file.quiet_looks >= 2;
}

TailReader::Chunk TailReader::chunk(const File& file, std::string bytes, std::uint64_t end) const {
  Cursor cursor{source_, file.device, file.inode, end, 0, std::min(end, fingerprint_max)};
  cursor.fingerprint = fingerprint(file.descriptor, cursor.fingerprint_bytes);
  return {std::move(bytes), std::move(cursor)};
}

std::optional<TailReader::Chunk> TailReader::read_lines(File& file) {
  if (std::max(file.scanned, file.offset) >= file.size) return std::nullopt;
  std::string bytes =
      read_at(file.descriptor, file.offset, std::min<std::uint64_t>(chunk_bytes, file.size - file.offset));
  if (const std::size_t length = lines_length(bytes); length > 0) {
    bytes.resize(length);
    const auto end = file.offset + bytes.size();
    return chunk(file, std::move(bytes), end);
  }
  file.scanned = std::max<std::uint64_t>(file.scanned, file.offset + bytes.size());
  return bytes.size() < chunk_bytes ? std::nullopt : read_long_line(file);
}

/// A line longer than a chunk: found by its newline, kept up to one byte more than decode/ takes, so that it is refused
/// there as line_too_long and counted, whatever its length.
std::optional<TailReader::Chunk> TailReader::read_long_line(File& file) {
  while (file.scanned < file.size) {
    const std::string block = read_at(file.descriptor, file.scanned, chunk_bytes);
    if (block.empty()) return std::nullopt;
    const auto newline = block.find('\n');
    if (newline != std::string::npos) {
      const std::uint64_t end = file.scanned + newline;
      std::string bytes = read_at(file.descriptor, file.offset, std::min(end - file.offset, max_line_bytes_ + 1));
      return chunk(file, std::move(bytes) + '\n', end + 1);
    }
    file.scanned += block.size();
  }
  return std::nullopt;
}

/// What stands at the end of a file that nobody writes to any more.
std::optional<TailReader::Chunk> TailReader::read_unfinished_line(File& file) {
  if (file.offset >= file.size) return std::nullopt;
  std::string bytes = read_at(file.descriptor, file.offset, std::min(file.size - file.offset, max_line_bytes_ + 1));
  return chunk(file, std::move(bytes) + '\n', file.size);
}

}  // namespace pilotwatch::sources
