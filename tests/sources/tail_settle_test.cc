// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_settle.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/gzip_file.h"
#include "support/scratch_dir.h"

namespace fs = std::filesystem;
using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::file_bytes;
using pilotwatch::testing::ScratchDir;
using pilotwatch::testing::write_gzip;
using As = Settled::As;
using State = Followed::State;

namespace {

/// A log of which "a\nb\n" has been delivered, as a look has left it; what happens then, no look has seen.
struct Book {
  Book() {
    append(log, "a\nb\n");
    live = &add(log);
    CHECK(settle(book, *live).as == As::begins);
    ContentHash hash;
    hash.add("a\nb\n");
    place_at(book, *live, 4, hash.value());
  }
  Followed& add(const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    Followed& added = book.add(path, status_of(status));
    REQUIRE(book.open(added) != nullptr);
    return added;
  }
  Followed& copy() {
    fs::copy_file(log, dir.path() / "log.1");
    return add(dir.path() / "log.1");
  }
  /// What the next look does.
  void look() {
    REQUIRE(fs::file_size(log) < live->at.offset);
    live->size = 6;
    book.split(*live);
    REQUIRE(live->state == State::orphan);
  }

  ScratchDir dir;
  fs::path log = dir.path() / "log";
  FileBook book{"s", 16, {}};
  Followed* live = nullptr;
};

}  // namespace

TEST_CASE("settle: a copy of a log that has grown since it was looked at waits for what becomes of the log") {
  Book b;
  append(b.log, "c\n");
  Followed& copy = b.copy();
  CHECK(settle(b.book, copy).as == As::undecided);
  fs::resize_file(b.log, 0);
  CHECK(settle(b.book, copy).as == As::undecided);  // cut, and that is not known yet
  b.look();
  const auto id = b.live->at.id;
  const auto settled = settle(b.book, copy);
  CHECK(settled.as == As::goes_on);
  REQUIRE(settled.file != nullptr);
  CHECK(settled.file->at.id == id);
  CHECK(settled.file->at.offset == 4);
  CHECK(settled.file->size == 6);
}

TEST_CASE("settle: so does a copy of a log that was cut and has grown past its old place") {
  Book b;
  append(b.log, "c\n");
  Followed& copy = b.copy();
  fs::resize_file(b.log, 0);
  append(b.log, "d\ne\nf\ng\n");
  CHECK(settle(b.book, copy).as == As::undecided);
}

TEST_CASE("settle: a gzip of a log that has unread bytes by now waits, but not for ever") {
  Book b;
  append(b.log, "c\n");
  write_gzip(b.dir.path() / "log.1.gz", "a\nb\nc\n");
  Followed& packed = b.add(b.dir.path() / "log.1.gz");
  for (int look = 0; look < 20; ++look) CHECK(settle(b.book, packed).as == As::undecided);
  const auto settled = settle(b.book, packed);
  CHECK(settled.as == As::begins);
  CHECK(settled.copied == 4);
}

TEST_CASE("settle: a file that begins as a log and goes on otherwise is one of its own") {
  Book b;
  append(b.log, "c\n");
  append(b.dir.path() / "log.1", "a\nb\nx\n");
  const auto settled = settle(b.book, b.add(b.dir.path() / "log.1"));
  CHECK(settled.as == As::begins);
  CHECK(settled.copied == 4);
}
