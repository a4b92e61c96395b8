// SPDX-License-Identifier: Apache-2.0
#include "sources/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/id.h"
#include "sources/gzip_reader.h"

namespace pilotwatch::sources {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileStatus status_of(const struct stat& status) {
  FileStatus out;
  out.device = status.st_dev;
  out.inode = status.st_ino;
  out.size = static_cast<std::uint64_t>(status.st_size);
  out.links = status.st_nlink;
  out.modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return out;
}

OpenFile::OpenFile(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
OpenFile::OpenFile(OpenFile&&) noexcept = default;
OpenFile& OpenFile::operator=(OpenFile&&) noexcept = default;
OpenFile::~OpenFile() = default;

std::optional<OpenFile> OpenFile::open(const std::filesystem::path& path, Unpackers* unpackers, int& error) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0) {
    error = errno;
    return std::nullopt;
  }
  error = 0;
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  OpenFile out(std::move(descriptor));
  if (unpackers != nullptr) out.gzip_ = std::make_unique<GzipReader>(out.descriptor_.get(), *unpackers);
  return out;
}

FileStatus OpenFile::status() const {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) throw std::system_error(errno, std::generic_category(), "stat");
  return status_of(status);
}

std::string OpenFile::read_at(std::uint64_t offset, std::uint64_t size) {
  if (gzip_) return gzip_->read_at(offset, size);
  std::string out(static_cast<std::size_t>(size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got =
        ::pread(descriptor_.get(), out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

std::string OpenFile::head(std::uint64_t size) { return gzip_ ? gzip_->head(size) : read_at(0, size); }

GzipExtent OpenFile::extent() { return gzip_ ? gzip_->extent() : GzipExtent(); }

std::string OpenFile::place() const {
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor_.get());
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length <= 0 || static_cast<std::size_t>(length) == buffer.size()) return "";
  std::string out(buffer.data(), static_cast<std::size_t>(length));
  return out.ends_with(" (deleted)") ? "" : out;
}

std::uint64_t short_hash(std::string_view bytes) { return bytes.empty() ? 0 : content_hash(bytes).lo; }

}  // namespace pilotwatch::sources
