// SPDX-License-Identifier: Apache-2.0
#include "journal/lock_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "journal/journal.h"

namespace pilotwatch::journal {
namespace {

struct flock all_of_it() {
  struct flock out {};
  out.l_type = F_WRLCK;
  out.l_whence = SEEK_SET;
  return out;
}

/// On NFS and SMB, as flock(2) says, flock locks the bytes of the file: it would stand in the way of our own other
/// lock, and that sees those of others without it.
bool flock_locks_bytes(int fd) {
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return true;
  const auto type = static_cast<std::uint32_t>(status.f_type);
  return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == CIFS_SUPER_MAGIC || type == SMB2_SUPER_MAGIC;
}

}  // namespace

LockFile::LockFile(const std::filesystem::path& file)
    : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw OpenError("cannot open " + file.string() + ": " + std::strerror(errno));
  struct flock whole = all_of_it();
  if (::fcntl(fd_, F_OFD_SETLK, &whole) != 0) refuse(file, errno);
  // Whatever else it fails with: the other lock is what counts.
  if (!flock_locks_bytes(fd_) && ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) refuse(file, errno);
}

LockFile::~LockFile() { ::close(fd_); }

void LockFile::refuse(const std::filesystem::path& file, int error) const {
  ::close(fd_);
  throw OpenError(refusal(file, error));
}

std::string LockFile::refusal(const std::filesystem::path& file, int error) {
  if (error == EAGAIN || error == EACCES) {
    return file.parent_path().string() + " is in use by another pilotwatch (lock " + file.filename().string() + ")";
  }
  return "cannot lock " + file.string() + ": " + std::strerror(error);
}

LockFile::Answer LockFile::ask(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return {};
    return {Held::unknown, std::strerror(errno)};
  }
  struct flock found = all_of_it();
  const int error = ::fcntl(fd, F_OFD_GETLK, &found) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) return {Held::unknown, std::strerror(error)};
  return {found.l_type == F_UNLCK ? Held::no : Held::yes, ""};
}

}  // namespace pilotwatch::journal
