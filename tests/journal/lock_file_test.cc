// SPDX-License-Identifier: Apache-2.0
#include "journal/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

#include "journal/journal.h"
#include "support/scratch_dir.h"

using namespace pilotwatch::journal;
using Held = LockFile::Held;
using pilotwatch::testing::ScratchDir;

namespace {

/// As programs took it before there was the other lock.
class OldLock {
 public:
  explicit OldLock(const std::filesystem::path& file) : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    REQUIRE(fd_ >= 0);
    taken = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  ~OldLock() { ::close(fd_); }
  bool taken = false;

 private:
  int fd_;
};

}  // namespace

TEST_CASE("lock file: one has it, and who asks is told so") {
  const ScratchDir folder;
  const auto file = folder.path() / "lock";
  CHECK(LockFile::ask(file).held == Held::no);
  CHECK_FALSE(std::filesystem::exists(file));
  {
    const LockFile held(file);
    CHECK(LockFile::ask(file).held == Held::yes);
    CHECK_THROWS_WITH(LockFile(file), Catch::Contains("is in use by another pilotwatch (lock lock)"));
    CHECK(LockFile::ask(file).held == Held::yes);
  }
  CHECK(LockFile::ask(file).held == Held::no);
  CHECK_NOTHROW(LockFile(file));
}

TEST_CASE("lock file: programs that know but flock, and this one, refuse each other") {
  const ScratchDir folder;
  const auto file = folder.path() / "lock";
  {
    const OldLock old(file);
    REQUIRE(old.taken);
    CHECK_THROWS_WITH(LockFile(file), Catch::Contains("is in use by another pilotwatch"));
    CHECK(LockFile::ask(file).held == Held::no);  // who was refused has nothing of it
  }
  const LockFile held(file);
  CHECK_FALSE(OldLock(file).taken);
}

TEST_CASE("lock file: what cannot be asked is not said to be free") {
  const ScratchDir folder;
  const auto file = folder.path() / "lock";
  std::filesystem::create_symlink(file, file);
  const auto answer = LockFile::ask(file);
  CHECK(answer.held == Held::unknown);
  CHECK(answer.why == "Too many levels of symbolic links");
  CHECK_THROWS_WITH(LockFile(file), Catch::Contains("cannot open") && Catch::Contains("symbolic links"));
}

TEST_CASE("lock file: only what says that somebody has it is said to be somebody's") {
  for (const int error : {EAGAIN, EACCES})
    CHECK(LockFile::refusal("/data/lock", error) == "/data is in use by another pilotwatch (lock lock)");
  CHECK(LockFile::refusal("/data/lock", ENOLCK) == "cannot lock /data/lock: No locks available");
  CHECK(LockFile::refusal("/data/lock", EINVAL) == "cannot lock /data/lock: Invalid argument");
}
