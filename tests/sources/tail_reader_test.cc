// SPDX-License-Identifier: Apache-2.0
#include "sources/tail_reader.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/gzip_file.h"
#include "support/scratch_dir.h"

namespace fs = std::filesystem;
using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::file_bytes;
using pilotwatch::testing::random_lines;
using pilotwatch::testing::ScratchDir;
using pilotwatch::testing::write_gzip;

namespace {

struct Tailed {
  explicit Tailed(std::uint64_t max_line_bytes = 1 << 20, std::uint64_t max_open_files = 256)
      : source(source_of(path(), max_open_files)), reader(source, max_line_bytes, {}) {}
  [[nodiscard]] fs::path path() const { return dir.path() / "log"; }
  [[nodiscard]] static settings::Source source_of(const fs::path& path, std::uint64_t max_open_files = 256) {
    settings::Source out;
    out.name = "s";
    out.kind = settings::SourceKind::file;
    out.files = {path};
    out.poll_interval = Millis{0};  // each next() looks
    out.max_open_files = max_open_files;
    return out;
  }

  /// Everything there is now, committed chunk by chunk; looks some times, as a tail does that polls.
  std::string drain() {
    std::string out;
    for (int look = 0; look < 3; ++look) {
      while (const auto chunk = reader.next()) {
        out += chunk->bytes;
        last = chunk->cursors;
        reader.advance(*chunk);
        ++chunks;
      }
    }
    return out;
  }
  void rotate(const std::string& to = "log.1") const { fs::rename(path(), dir.path() / to); }
  void settle_losses() {
    for (int i = 0; i < 60; ++i) reader.look();
  }

  ScratchDir dir;
  settings::Source source;
  TailReader reader;
  std::vector<Cursor> last;
  int chunks = 0;
};

/// A second process on the same file: what it reads with the cursors of the first.
std::string resumed(const fs::path& path, std::vector<Cursor> from, TailStats* stats = nullptr) {
  const auto source = Tailed::source_of(path);
  TailReader reader(source, 1 << 20, std::move(from));
  std::string out;
  for (int look = 0; look < 60; ++look) {
    while (const auto chunk = reader.next()) {
      out += chunk->bytes;
      reader.advance(*chunk);
    }
  }
  if (stats != nullptr) *stats = reader.stats();
  return out;
}

}  // namespace

TEST_CASE("tail: whole lines as they come, nothing twice") {
  Tailed t;
  append(t.path(), "a\nb\n");
  CHECK(t.drain() == "a\nb\n");
  CHECK(t.drain().empty());
  append(t.path(), "c\n");
  CHECK(t.drain() == "c\n");
  CHECK(t.reader.stats().unread_bytes == 0);
  CHECK(t.reader.stats().active_files == 1);
}

TEST_CASE("tail: the same lines again until they are committed") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.reader.next()->bytes == "a\n");
  append(t.path(), "b\n");
  CHECK(t.reader.next()->bytes == "a\nb\n");
  CHECK(t.reader.stats().unread_bytes == 4);
}

TEST_CASE("tail: half a line waits for its other half") {
  Tailed t;
  append(t.path(), "a\nhal");
  CHECK(t.drain() == "a\n");
  CHECK(t.reader.stats().unread_bytes == 3);
  append(t.path(), "f");
  CHECK(t.drain().empty());
  append(t.path(), "\nnext\n");
  CHECK(t.drain() == "half\nnext\n");
}

TEST_CASE("tail: a file that is not there yet is waited for, without an error") {
  Tailed t;
  CHECK(t.drain().empty());
  CHECK(t.reader.stats().active_files == 0);
  CHECK(t.reader.stats().read_errors == 0);
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
}

TEST_CASE("tail: what cannot be read is counted and tried again") {
  Tailed t;
  fs::create_directory(t.path());
  CHECK(t.drain().empty());
  CHECK(t.reader.stats().read_errors > 0);
  fs::remove(t.path());
  ::mkfifo(t.path().c_str(), 0600);
  CHECK(t.drain().empty());  // and does not hang
  fs::remove(t.path());
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
}

TEST_CASE("tail: a chunk is about a megabyte of whole lines") {
  Tailed t;
  const std::string line = std::string(99, 'x') + "\n";
  std::string all;
  for (int i = 0; i < 30'000; ++i) all += line;
  append(t.path(), all);
  const auto first = t.reader.next();
  CHECK(first->bytes.size() <= 1 << 20);
  CHECK(first->bytes.size() > 900'000);
  CHECK(first->bytes.back() == '\n');
  CHECK(t.drain() == all);
  CHECK(t.chunks == 3);
}

TEST_CASE("tail: an overlong line is cut so that it is refused, and its rest is skipped") {
  Tailed t(2'000'000);
  const std::string head = "before\n", tail = "after\n";
  append(t.path(), head + std::string(5'000'000, 'y') + "\n" + tail);
  CHECK(t.drain() == head + std::string(2'000'001, 'y') + "\n" + tail);
  CHECK(t.last.at(0).offset == fs::file_size(t.path()));
}

TEST_CASE("tail: an overlong line that grows slowly is not delivered in pieces, not even over a restart") {
  Tailed t(1000);
  append(t.path(), "a\n" + std::string(3'000'000, 'y'));
  CHECK(t.drain() == "a\n");
  append(t.path(), std::string(3'000'000, 'y'));
  CHECK(t.drain().empty());
  CHECK(resumed(t.path(), t.last).empty());
  append(t.path(), "y\nb\n");
  CHECK(t.drain() == std::string(1001, 'y') + "\nb\n");
}

TEST_CASE("tail: a long line within the limit is delivered whole") {
  Tailed t(4'000'000);
  const std::string line = std::string(3'000'000, 'y') + "\n";
  append(t.path(), line + "b\n");
  CHECK(t.drain() == line + "b\n");
}

TEST_CASE("tail: a line that begins with a bracket goes alone") {
  Tailed t;
  append(t.path(), "\n[broken\n{}\n[x]\n");
  CHECK(t.reader.next()->bytes == "\n[broken\n");
  CHECK(t.drain() == "\n[broken\n{}\n[x]\n");
  CHECK(t.chunks == 2);
}

TEST_CASE("tail: a renamed file is read to its end before the new one") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  append(t.path(), "b\n");
  t.rotate();
  append(t.path(), "c\n");
  CHECK(t.drain() == "b\nc\n");
  CHECK(t.reader.stats().rotations_rename == 1);
  CHECK(t.reader.stats().lost_bytes() == 0);
}

TEST_CASE("tail: the last line of a renamed file needs no newline") {
  Tailed t;
  append(t.path(), "a\nunfinished");
  CHECK(t.drain() == "a\n");
  t.rotate();
  append(t.path(), "c\n");
  CHECK(t.drain() == "unfinished\nc\n");
}

TEST_CASE("tail: a writer may go on with the renamed file") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  t.rotate();
  append(t.dir.path() / "log.1", "b\n");
  CHECK(t.drain() == "b\n");  // nothing at the path
  append(t.path(), "");
  append(t.dir.path() / "log.1", "c\nha");
  CHECK(t.drain() == "c\n");  // an empty successor
  append(t.dir.path() / "log.1", "lf\n");
  CHECK(t.drain() == "half\n");
  append(t.path(), "d\n");
  append(t.dir.path() / "log.1", "late\n");
  CHECK(t.drain() == "late\nd\n");
}

TEST_CASE("tail: a successor with bytes is not begun before the old file was quiet for two looks") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  t.rotate();
  append(t.path(), "d\n");
  CHECK_FALSE(t.reader.next().has_value());
  append(t.dir.path() / "log.1", "late\n");
  const auto late = t.reader.next();
  REQUIRE(late->bytes == "late\n");
  t.reader.advance(*late);
  CHECK_FALSE(t.reader.next().has_value());  // the two looks begin anew
  append(t.dir.path() / "log.1", "later\n");
  CHECK(t.drain() == "later\nd\n");
}

TEST_CASE("tail: several rotations while a delivery has to wait lose nothing, even when the files are deleted") {
  Tailed t;
  append(t.path(), "1\n");
  const auto refused = t.reader.next();
  for (int i = 2; i < 6; ++i) {
    t.rotate("gone");
    append(t.path(), std::to_string(i) + "\n");
    t.reader.look();
    fs::remove(t.dir.path() / "gone");
  }
  CHECK(t.reader.stats().unread_bytes == 10);
  CHECK(t.drain() == "1\n2\n3\n4\n5\n");
  CHECK(t.reader.stats().rotations_rename == 4);
}

TEST_CASE("tail: files that pile up beyond the limit are counted as lost") {
  Tailed t(1 << 20, 8);
  for (int i = 0; i < 20; ++i) {
    if (i > 0) t.rotate("gone");  // over the one before, which has no name then
    append(t.path(), "abc" + std::to_string(i) + "\n");
    t.reader.look();
    CHECK(t.reader.stats().open_files <= 8);
  }
  const auto read = t.drain().size();
  CHECK(read >= 8 * 5);
  t.settle_losses();
  CHECK(t.reader.stats().lost_deleted == 10 * 5 + 10 * 6 - read);
}

TEST_CASE("tail: a truncated file is begun again, what was known and unread counts as lost") {
  Tailed t;
  append(t.path(), "aaaa\nbbbb\n");
  CHECK(t.drain() == "aaaa\nbbbb\n");
  append(t.path(), "lost\n");
  t.reader.look();
  fs::resize_file(t.path(), 0);
  append(t.path(), "new\n");
  CHECK(t.drain() == "new\n");
  t.settle_losses();
  CHECK(t.reader.stats().rotations_truncate == 1);
  CHECK(t.reader.stats().lost_bytes() == 5);
  CHECK(t.reader.stats().rotations_rename == 0);
}

TEST_CASE("tail: a file truncated and grown past the old place is seen by its first bytes") {
  Tailed t;
  append(t.path(), "aaaa\n");
  CHECK(t.drain() == "aaaa\n");
  fs::resize_file(t.path(), 0);
  append(t.path(), "other\nlonger\n");
  CHECK(t.drain() == "other\nlonger\n");
  CHECK(t.reader.stats().rotations_truncate == 1);
}

TEST_CASE("tail: a truncation while a delivery waits does not skip what came after it") {
  Tailed t;
  append(t.path(), "aaaa\n");
  const auto chunk = t.reader.next();
  fs::resize_file(t.path(), 0);
  append(t.path(), "bb\n");
  t.reader.advance(*chunk);
  CHECK(t.drain() == "bb\n");
}

TEST_CASE("tail: what was written to an empty file, copied and truncated between two looks is read from the copy") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  fs::resize_file(t.path(), 0);
  t.settle_losses();  // nothing is expected any more
  append(t.path(), "b\n");
  fs::copy_file(t.path(), t.dir.path() / "log.1");
  fs::resize_file(t.path(), 0);
  append(t.path(), "longer than b\n");
  const auto read = t.drain();
  CHECK(read.find("b\n") != std::string::npos);
  CHECK(read.size() == 2 + 14);
}

TEST_CASE("tail: a restart goes on at the cursor") {
  Tailed t;
  append(t.path(), "a\nb\n");
  t.drain();
  append(t.path(), "c\n");
  CHECK(resumed(t.path(), t.last) == "c\n");
  CHECK(t.last.at(0).source == "s");
  CHECK(t.last.at(0).offset == 4);
  CHECK(t.last.at(0).fingerprint_bytes == 4);
}

TEST_CASE("tail: the fingerprint is of the first 256 bytes at most") {
  Tailed t;
  append(t.path(), std::string(300, 'x') + "\n");
  t.drain();
  CHECK(t.last.at(0).fingerprint_bytes == 256);
  append(t.path(), "c\n");
  CHECK(resumed(t.path(), t.last) == "c\n");
}

TEST_CASE("tail: over a restart, another file under the same inode is begun from its start") {
  Tailed t;
  append(t.path(), "a\nb\n");
  t.drain();
  {
    std::ofstream(t.path(), std::ios::trunc) << "x\ny\nz\n";  // same inode, other bytes
  }
  TailStats stats;
  CHECK(resumed(t.path(), t.last, &stats) == "x\ny\nz\n");
  CHECK(stats.rotations_truncate == 1);
}

TEST_CASE("tail: over a restart, a shorter file counts as truncated") {
  Tailed t;
  append(t.path(), "a\nb\n");
  t.drain();
  fs::resize_file(t.path(), 2);
  TailStats stats;
  CHECK(resumed(t.path(), t.last, &stats) == "a\n");
  CHECK(stats.rotations_truncate == 1);
}

TEST_CASE("tail: over a restart, a file renamed meanwhile is found and read to its end") {
  Tailed t;
  append(t.path(), "a\n");
  t.drain();
  append(t.path(), "b\n");
  t.rotate("old-name-does-not-matter");
  append(t.path(), "c\n");
  TailStats stats;
  CHECK(resumed(t.path(), t.last, &stats) == "b\nc\n");
  CHECK(stats.rotations_rename == 1);
}

TEST_CASE("tail: over a restart, a renamed file that is gone leaves the new one") {
  Tailed t;
  append(t.path(), "a\n");
  t.drain();
  t.rotate();
  append(t.path(), "c\n");  // before the old one goes, so that the inode is another
  fs::remove(t.dir.path() / "log.1");
  TailStats stats;
  CHECK(resumed(t.path(), t.last, &stats) == "c\n");
  CHECK(stats.rotations_rename == 1);
}

TEST_CASE("tail: over a restart, a file that comes back later is still known") {
  Tailed t;
  append(t.path(), "a\n");
  t.drain();
  const ScratchDir elsewhere;
  const auto away = elsewhere.path() / "log";
  fs::rename(t.path(), away);
  TailReader reader(t.source, 1000, t.last);
  for (int i = 0; i < 60; ++i) CHECK_FALSE(reader.next().has_value());
  fs::rename(away, t.path());
  append(t.path(), "b\n");
  CHECK(reader.next()->bytes == "b\n");
}

TEST_CASE("tail: a file cut and regrown with the same first bytes is seen by those before the old place") {
  Tailed t;
  const std::string head(300, 'h');
  append(t.path(), head + "\nold line\n");
  t.drain();
  fs::resize_file(t.path(), 0);
  append(t.path(), head + "\nnew line\nnext\n");
  const auto expected = head + "\nnew line\nnext\n";
  CHECK(t.drain() == expected);
  CHECK(t.reader.stats().rotations_truncate == 1);
}

namespace {

/// A name that a pattern finds and that nobody can look at, not even root.
void make_loop(const fs::path& path) { fs::create_symlink(path.filename(), path); }

}  // namespace

TEST_CASE("tail: a path that cannot be looked at does not hide what was renamed beside it") {
  Tailed t;
  t.source.files = {t.dir.path() / "log*"};
  make_loop(t.dir.path() / "log.loop");
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  append(t.path(), "b\n");
  t.rotate("renamed");
  append(t.path(), "c\n");
  CHECK(t.drain() == "b\nc\n");
  append(t.dir.path() / "renamed", "late\n");
  CHECK(t.drain() == "late\n");
  CHECK(t.reader.stats().read_errors > 0);
}

TEST_CASE("tail: what is below a path that cannot be looked at is read on, and is neither renamed nor deleted") {
  Tailed t;
  const auto folder = t.dir.path() / "now";
  fs::create_directory(t.dir.path() / "a");
  fs::create_directory_symlink("a", folder);
  t.source.files = {folder / "log"};
  append(folder / "log", "a\n");
  CHECK(t.drain() == "a\n");
  fs::remove(folder);
  make_loop(folder);
  append(t.dir.path() / "a" / "log", "b\nhalf");
  CHECK(t.drain() == "b\n");
  for (int i = 0; i < 1100; ++i) t.reader.look();
  CHECK(t.drain().empty());  // half a line of a file that may be growing
  fs::remove(folder);
  fs::create_directory_symlink("a", folder);
  append(folder / "log", " and half\n");
  CHECK(t.drain() == "half and half\n");
}

TEST_CASE("tail: a path that cannot be looked at does not make later files begin at their end") {
  const ScratchDir dir;
  auto source = Tailed::source_of(dir.path() / "log*");
  source.start_at = settings::StartAt::end;
  make_loop(dir.path() / "log.loop");
  append(dir.path() / "log", "old\n");
  TailReader reader(source, 1000, {});
  std::string all;
  const auto read = [&] {
    for (int look = 0; look < 3; ++look) {
      while (const auto chunk = reader.next()) {
        all += chunk->bytes;
        reader.advance(*chunk);
      }
    }
  };
  read();
  append(dir.path() / "log.b", "new\n");
  fs::remove(dir.path() / "log.loop");
  append(dir.path() / "log.loop", "was there\n");
  read();
  CHECK(all == "new\n");
}

TEST_CASE("tail: what a look notes while a chunk waits goes with the next one") {
  Tailed t;
  t.source.files = {t.dir.path() / "log*"};
  append(t.path(), "a\n");
  append(t.dir.path() / "log.b", "b\n");
  t.drain();
  append(t.path(), "c\n");
  const auto waits = t.reader.next();
  REQUIRE(waits);
  fs::resize_file(t.dir.path() / "log.b", 0);
  t.settle_losses();  // the old content of log.b is finished
  t.reader.advance(*waits);
  append(t.path(), "d\n");
  t.drain();
  CHECK(
      std::ranges::any_of(t.last, [&](const Cursor& at) { return at.finished && at.path == t.dir.path() / "log.b"; }));
}

namespace {

/// No file and no folder can be opened meanwhile, not even by root; what is open stays so, and paths can be looked at.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("tail: a closed file that was renamed is not gone while its folder cannot be listed") {
  Tailed t(1 << 20, 1);
  const auto other = t.dir.path() / "other";
  t.source.files = {t.path(), other};
  append(t.path(), "a\n");
  append(other, "x\n");
  CHECK(t.drain() == "a\nx\n");
  append(t.path(), "b\n");
  append(other, "y\n");
  t.reader.look();
  t.rotate("renamed");
  {
    const NoDescriptors none;
    const auto before = t.reader.stats().read_errors;
    t.settle_losses();
    CHECK(t.reader.stats().read_errors >= before + 60);
  }
  CHECK(t.reader.stats().unread_bytes == 4);
  const auto rest = t.drain();
  CHECK(rest.find("b\n") != std::string::npos);
  CHECK(rest.size() == 4);
  CHECK(t.reader.stats().lost_bytes() == 0);
}

TEST_CASE("tail: what was truncated is not lost while nobody can list the folder in which its copy may be") {
  Tailed t;
  append(t.path(), "a\n");
  CHECK(t.drain() == "a\n");
  append(t.path(), "b\n");
  t.reader.look();
  fs::copy_file(t.path(), t.dir.path() / "log.1");
  fs::resize_file(t.path(), 0);
  {
    const NoDescriptors none;
    t.settle_losses();
    CHECK(t.reader.stats().lost_bytes() == 0);
  }
  CHECK(t.drain() == "b\n");
  CHECK(t.reader.stats().lost_bytes() == 0);
}

namespace {

/// In place: the inode, which is known, stays.
void damage(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
  file << std::string(64, '\xff');
}

}  // namespace

TEST_CASE("tail: a damaged gzip does not stop the files beside it") {
  Tailed t;
  t.source.files = {t.dir.path() / "log*"};
  const auto packed = t.dir.path() / "log.0.gz";
  write_gzip(packed, random_lines(200'000));
  const auto begun = t.reader.next();
  REQUIRE(begun);
  t.reader.advance(*begun);
  damage(packed);  // while it is read
  append(t.path(), "a\n");
  CHECK(t.drain().find("a\n") != std::string::npos);

  append(t.path(), "b\n");
  const auto source = Tailed::source_of(t.dir.path() / "log*");
  std::vector<Cursor> cursors = begun->cursors;
  TailReader second(source, 1 << 20, cursors);  // another process
  std::string all;
  for (int look = 0; look < 3; ++look) {
    while (const auto chunk = second.next()) {
      all += chunk->bytes;
      second.advance(*chunk);
    }
  }
  CHECK(all.ends_with("a\nb\n"));
  CHECK(second.stats().read_errors > 0);
}

TEST_CASE("tail: members appended to a gzip that was read to its end are read") {
  Tailed t;
  const auto packed = t.dir.path() / "log.gz";
  t.source.files = {packed};
  write_gzip(packed, "a\n");
  CHECK(t.drain() == "a\n");
  CHECK(t.drain().empty());
  const auto cursors = t.last;
  write_gzip(packed, "b\n", "ab");
  CHECK(t.drain() == "b\n");
  CHECK(resumed(packed, cursors) == "b\n");  // also over a restart
  append(packed, "\x1f");                    // the beginning of another, or padding
  CHECK(t.drain().empty());
}

TEST_CASE("tail: a gzip of several chunks is unpacked once for its length and once to be read") {
  Tailed t;
  const auto packed = t.dir.path() / "log.gz";
  t.source.files = {packed};
  const auto content = random_lines(500'000);  // 9.7 MB
  write_gzip(packed, content);
  CHECK(t.drain() == content);
  CHECK(t.chunks >= 9);
  CHECK(t.reader.stats().inflated_bytes < 2 * content.size() + 100'000);
}

TEST_CASE("tail: over a restart in the middle of a gzip, it is unpacked up to the cursor and on") {
  Tailed t;
  const auto packed = t.dir.path() / "log.gz";
  t.source.files = {packed};
  const auto content = random_lines(500'000);
  write_gzip(packed, content);
  std::string read;
  std::vector<Cursor> cursors;
  for (int i = 0; i < 5; ++i) {
    const auto chunk = t.reader.next();
    REQUIRE(chunk);
    read += chunk->bytes;
    cursors = chunk->cursors;
    t.reader.advance(*chunk);
  }
  TailStats stats;
  CHECK(read + resumed(packed, cursors, &stats) == content);
  CHECK(stats.inflated_bytes < 2 * content.size() + 100'000);
}

TEST_CASE("tail: gzips beside each other are each unpacked once to be read, and other files have their turns") {
  Tailed t;
  t.source.files = {t.dir.path() / "log*"};
  std::uint64_t size = 0;
  for (int i = 0; i < 12; ++i) {
    const auto content = std::to_string(i) + random_lines(100'000);
    write_gzip(t.dir.path() / ("log." + std::to_string(i) + ".gz"), content);
    size += content.size();
  }
  const auto first = t.reader.next();
  REQUIRE(first);
  t.reader.advance(*first);
  append(t.path(), "a\n");
  const auto second = t.reader.next();
  REQUIRE(second);
  CHECK(second->bytes.find("\na\n") != std::string::npos);
  CHECK(first->bytes.size() + t.drain().size() == size + 2);
  CHECK(t.reader.stats().inflated_bytes < 2 * size + 500'000);
}

TEST_CASE("tail: lines longer than a chunk of a gzip are unpacked once to be read") {
  Tailed t(4'000'000);
  const auto packed = t.dir.path() / "log.gz";
  t.source.files = {packed};
  std::string content;
  for (int i = 0; i < 5; ++i) content += std::string(3'000'000, static_cast<char>('a' + i)) + "\n";
  content += std::string(5'000'000, 'x') + "\nlast\n";
  write_gzip(packed, content);
  const auto kept = content.substr(0, 5 * 3'000'001) + std::string(4'000'001, 'x') + "\nlast\n";
  CHECK(t.drain() == kept);
  CHECK(t.reader.stats().inflated_bytes < 2 * content.size() + 100'000);
  CHECK(resumed(packed, t.last).empty());
}

namespace {

/// A gzip in a folder of its own, which a pattern finds.
struct Gzip : Tailed {
  Gzip() { source.files = {dir.path() / "*.gz"}; }
  [[nodiscard]] fs::path packed() const { return dir.path() / "log.gz"; }
  /// Longer than a file that is not whole is waited for.
  std::string wait() {
    std::string out;
    for (int i = 0; i < 10; ++i) out += drain();
    return out;
  }
  [[nodiscard]] std::uint64_t lost() const { return reader.stats().lost_bytes(); }
};

std::string packed_bytes(const std::string& content) {
  const ScratchDir dir;
  write_gzip(dir.path() / "a", content);
  return file_bytes(dir.path() / "a");
}

}  // namespace

TEST_CASE("tail: a gzip without its end is waited for while it grows, and lost is nothing") {
  Gzip t;
  const auto content = random_lines(1000);
  const auto bytes = packed_bytes(content);
  append(t.packed(), bytes.substr(0, 100));
  for (int i = 1; i < 20; ++i) {
    CHECK(t.drain().empty());  // three looks
    append(t.packed(), bytes.substr(static_cast<std::size_t>(i) * 100, 100));
  }
  append(t.packed(), bytes.substr(2000));
  CHECK(t.wait() == content);
  CHECK(t.lost() == 0);
}

TEST_CASE("tail: a gzip that stays without its end is read to its last whole line, the rest counts as lost") {
  Gzip t;
  const auto content = random_lines(1000);
  const auto bytes = packed_bytes(content);
  append(t.packed(), bytes.substr(0, bytes.size() / 2));
  const auto read = t.wait();
  CHECK(read.size() > 1000);
  CHECK(content.starts_with(read));
  CHECK(read.ends_with('\n'));
  const auto lost = t.reader.stats().lost_damaged;
  CHECK(lost >= 1);
  CHECK(lost < 21);
  CHECK(t.lost() == lost);
  CHECK(t.reader.stats().active_files == 0);
  CHECK(t.wait().empty());
  CHECK(t.lost() == lost);
  TailStats stats;  // another process neither reads nor counts it again
  CHECK(resumed(t.packed(), t.last, &stats).empty());
  CHECK(stats.lost_bytes() == 0);
  // The writer goes on after all.
  append(t.packed(), bytes.substr(bytes.size() / 2));
  CHECK(t.wait() == content.substr(read.size()));
  CHECK(t.lost() == lost);
}

TEST_CASE("tail: where the end of a gzip is missing between lines, that is a loss too") {
  Gzip t;
  const auto bytes = packed_bytes("a\nb\n");
  append(t.packed(), bytes.substr(0, bytes.size() - 8));
  CHECK(t.wait() == "a\nb\n");
  CHECK(t.reader.stats().lost_damaged == 1);
}

TEST_CASE("tail: a gzip without its end is waited for as long as the file that it is made of is there") {
  Gzip t;
  const auto bytes = packed_bytes("a\nb\n");
  append(t.dir.path() / "log", "a\nb\n");
  append(t.packed(), bytes.substr(0, bytes.size() - 8));
  CHECK(t.wait().empty());
  CHECK(t.lost() == 0);
  fs::remove(t.dir.path() / "log");
  CHECK(t.drain() == "a\nb\n");
  CHECK(t.lost() == 1);
}

TEST_CASE("tail: of a gzip member whose checksum does not fit nothing is read, those before it are") {
  Gzip t;
  auto wrong = packed_bytes("wrong\n");
  wrong[wrong.size() - 8] ^= 1;
  append(t.packed(), packed_bytes("good\n") + wrong);
  CHECK(t.wait() == "good\n");
  CHECK(t.reader.stats().lost_damaged >= 6);
  CHECK(t.reader.stats().lost_damaged <= 6 + 4);
}

TEST_CASE("tail: bytes behind a gzip's last member are lost, zeros are padding") {
  Gzip t;
  append(t.packed(), packed_bytes("a\n") + std::string(512, '\0'));
  CHECK(t.drain() == "a\n");
  append(t.dir.path() / "other.gz", packed_bytes("b\nunfinished") + "garbage");
  CHECK(t.wait() == "b\n");
  CHECK(t.lost() == 10 + 7);
}

TEST_CASE("tail: what is no gzip is lost as a whole, once, and its inode can become another file's") {
  Gzip t;
  append(t.packed(), "no gzip\n");
  CHECK(t.wait().empty());
  CHECK(t.lost() == 8);
  TailStats stats;
  CHECK(resumed(t.packed(), t.last, &stats).empty());
  CHECK(stats.lost_bytes() == 0);
  write_gzip(t.packed(), "a\n");  // the inode stays
  CHECK(t.wait() == "a\n");
  CHECK(t.lost() == 8);
}

TEST_CASE("tail: a gzip damaged while it is read is read as far as it can be, the rest counts as lost") {
  Gzip t;
  const auto content = random_lines(200'000);
  write_gzip(t.packed(), content);
  const auto first = t.reader.next();
  REQUIRE(first);
  t.reader.advance(*first);
  damage(t.packed());
  const auto read = first->bytes + t.wait();
  CHECK(content.starts_with(read.substr(0, content.size() / 3)));
  CHECK(t.lost() > 0);
  CHECK(t.reader.stats().active_files == 0);
  CHECK(t.reader.stats().unread_bytes == 0);
}

TEST_CASE("tail: rows of csv in a gzip without its end are read as far as they are whole") {
  Gzip t;
  t.source.format = settings::SourceFormat::csv;
  const auto bytes = packed_bytes("id,x\n1,10\n2,2000");
  append(t.packed(), bytes.substr(0, bytes.size() - 8));
  CHECK(t.wait() == "id,x\n1,10\n");
  CHECK(t.lost() == 6);
}

TEST_CASE("tail: what was truncated is not lost while its copy is being compressed") {
  Tailed t;
  const auto content = random_lines(20'000);
  append(t.path(), content);
  const auto first = t.reader.next();
  REQUIRE(first);
  const auto rest = random_lines(100);
  append(t.path(), rest);
  t.reader.look();
  t.reader.advance(*first);
  const auto bytes = packed_bytes(content + rest);
  fs::resize_file(t.path(), 0);
  for (std::size_t at = 0; at < bytes.size(); at += 1000) {
    append(t.dir.path() / "log.1.gz", bytes.substr(at, 1000));
    t.reader.look();
    CHECK(t.reader.stats().lost_bytes() == 0);
  }
  CHECK(bytes.size() > 100'000);  // more than a hundred looks
  CHECK(t.drain() == rest);
  CHECK(t.reader.stats().lost_bytes() == 0);
}

TEST_CASE("tail: a gzip that was being written at the first look is begun at its end, where files are") {
  for (const bool completed : {true, false}) {
    CAPTURE(completed);
    const ScratchDir dir;
    const auto packed = dir.path() / "log.gz";
    const auto bytes = packed_bytes(random_lines(1000));
    append(packed, bytes.substr(0, bytes.size() / 2));
    auto source = Tailed::source_of(packed);
    source.start_at = settings::StartAt::end;
    TailReader reader(source, 1000, {});
    for (int look = 0; look < 30; ++look) {
      if (completed && look == 3) append(packed, bytes.substr(bytes.size() / 2));
      if (const auto chunk = reader.next()) {
        CHECK(chunk->bytes.empty());
        reader.advance(*chunk);
      }
    }
    CHECK(reader.stats().active_files == 0);
    CHECK(reader.stats().lost_bytes() == 0);
  }
}
