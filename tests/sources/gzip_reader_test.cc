// SPDX-License-Identifier: Apache-2.0
#include "sources/gzip_reader.h"

#include <fcntl.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "sources/open_file.h"
#include "support/gzip_file.h"
#include "support/scratch_dir.h"

namespace fs = std::filesystem;
using namespace pilotwatch;
using namespace pilotwatch::sources;
using pilotwatch::testing::append;
using pilotwatch::testing::file_bytes;
using pilotwatch::testing::random_lines;
using pilotwatch::testing::ScratchDir;
using pilotwatch::testing::write_file;
using pilotwatch::testing::write_gzip;

namespace {

using End = GzipExtent::End;

constexpr std::uint64_t megabyte = 1 << 20;

struct Packed {
  Packed() { write_gzip(path, content); }
  explicit Packed(std::string given) : content(std::move(given)) { write_gzip(path, content); }

  ScratchDir dir;
  fs::path path = dir.path() / "log.gz";
  std::string content = random_lines(200'000);  // 3.8 MB
  Unpackers unpackers;
};

struct Reading {
  Reading(const fs::path& path, Unpackers& unpackers)
      : file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), reader(file.get(), unpackers) {}
  Descriptor file;
  GzipReader reader;
};

std::uint64_t whole_length(GzipReader& reader) {
  const auto extent = reader.extent();
  CHECK(extent.end == End::whole);
  CHECK(extent.unpacked == extent.readable);
  CHECK(extent.packed_rest == 0);
  return extent.readable;
}

/// As a tail does it: pieces of up to a megabyte that end with a newline, and the bytes before their end.
std::string read_in_pieces(GzipReader& reader, std::uint64_t size) {
  std::string out;
  while (out.size() < size) {
    auto piece = reader.read_at(out.size(), std::min(megabyte, size - out.size()));
    piece.resize(piece.rfind('\n') + 1);
    out += piece;
    const auto marker = std::min<std::uint64_t>(256, out.size());
    CHECK(reader.read_at(out.size() - marker, marker) == out.substr(out.size() - marker));
    CHECK(reader.head(256) == out.substr(0, 256));
  }
  return out;
}

}  // namespace

TEST_CASE("gzip reader: pieces read one after the other unpack the file once") {
  Packed packed;
  Reading reading(packed.path, packed.unpackers);
  CHECK(read_in_pieces(reading.reader, packed.content.size()) == packed.content);
  CHECK(packed.unpackers.inflated() <= packed.content.size() + 10 * 256);
}

TEST_CASE("gzip reader: the length is found from where it is, and its place stays") {
  Packed packed;
  Reading reading(packed.path, packed.unpackers);
  CHECK(whole_length(reading.reader) == packed.content.size());
  CHECK(packed.unpackers.holding() == 0);
  CHECK(reading.reader.read_at(0, 3 * megabyte) == packed.content.substr(0, 3 * megabyte));
  const auto before = packed.unpackers.inflated();
  CHECK(whole_length(reading.reader) == packed.content.size());
  CHECK(reading.reader.read_at(3 * megabyte, megabyte) == packed.content.substr(3 * megabyte));
  CHECK(packed.unpackers.inflated() - before == 2 * (packed.content.size() - 3 * megabyte));
}

TEST_CASE("gzip reader: any place can be read, before what it holds from the beginning on") {
  Packed packed;
  Reading reading(packed.path, packed.unpackers);
  for (const std::uint64_t offset : {3 * megabyte, megabyte, 5 * megabyte, std::uint64_t{0}, 2 * megabyte + 7}) {
    CAPTURE(offset);
    const auto expected = offset < packed.content.size() ? packed.content.substr(offset, 1000) : "";
    CHECK(reading.reader.read_at(offset, 1000) == expected);
    CHECK(reading.reader.read_at(offset, 1000) == expected);
    CHECK(reading.reader.read_at(offset, 0).empty());
  }
}

TEST_CASE("gzip reader: members follow each other, padding behind them is passed over") {
  Packed packed("first\n");
  write_gzip(packed.path, "second\n", "ab");
  append(packed.path, std::string(512, '\0'));
  Reading reading(packed.path, packed.unpackers);
  CHECK(whole_length(reading.reader) == 13);
  CHECK(reading.reader.read_at(0, 100) == "first\nsecond\n");
  CHECK(reading.reader.head(8) == "first\nse");
}

TEST_CASE("gzip reader: members appended later are gone on with") {
  Packed packed;
  const auto size = packed.content.size();
  Reading reading(packed.path, packed.unpackers);
  CHECK(read_in_pieces(reading.reader, size).size() == size);
  const auto before = packed.unpackers.inflated();
  write_gzip(packed.path, "more\n", "ab");
  CHECK(whole_length(reading.reader) == size + 5);
  CHECK(reading.reader.read_at(size, 100) == "more\n");
  CHECK(packed.unpackers.inflated() - before == 10);
}

TEST_CASE("gzip reader: a file still being written has no length yet, and each look unpacks what is new") {
  Packed packed;
  const auto whole = file_bytes(packed.path);
  const auto part = packed.dir.path() / "part.gz";
  append(part, "");
  Reading reading(part, packed.unpackers);
  CHECK(reading.reader.extent().end == End::missing);
  CHECK(reading.reader.head(256).empty());
  constexpr std::size_t parts = 10;
  for (std::size_t i = 0; i < parts; ++i) {
    CHECK(reading.reader.extent().end == End::missing);
    const auto from = whole.size() * i / parts, to = whole.size() * (i + 1) / parts;
    append(part, whole.substr(from, to - from));
  }
  CHECK(whole_length(reading.reader) == packed.content.size());
  CHECK(packed.unpackers.inflated() == packed.content.size());
}

TEST_CASE("gzip reader: what came out before damage is read, then it says so") {
  Packed packed;
  write_gzip(packed.path, packed.content, "wb0");  // blocks that are only stored
  auto bytes = file_bytes(packed.path);
  const auto from = bytes.size() / 2;
  bytes.replace(from, bytes.size() - from, bytes.size() - from, '\xff');
  write_file(packed.path, bytes);
  Reading reading(packed.path, packed.unpackers);
  const auto extent = reading.reader.extent();
  CHECK(packed.unpackers.holding() == 0);
  CHECK(extent.end == End::damaged);
  const auto out = reading.reader.read_at(0, 4 * megabyte);
  CHECK(out.size() > megabyte);
  CHECK(out.size() < packed.content.size());
  CHECK(out.substr(0, megabyte) == packed.content.substr(0, megabyte));
  CHECK_THROWS_AS(reading.reader.read_at(out.size(), 1), DamagedGzip);
  CHECK(extent.readable == out.size());
  CHECK(extent.unpacked == out.size());
  CHECK(extent.packed_rest > bytes.size() / 3);
  CHECK(extent.packed_rest < bytes.size() / 2);
  CHECK(reading.reader.read_at(0, 1000) == packed.content.substr(0, 1000));
}

TEST_CASE("gzip reader: of a member whose checksum does not fit nothing is readable, of those before it all") {
  Packed packed("first\n");
  write_gzip(packed.path, "second\n", "ab");
  auto bytes = file_bytes(packed.path);
  bytes[bytes.size() - 8] ^= 1;  // CRC-32, then the length, four bytes each
  write_file(packed.path, bytes);
  Reading reading(packed.path, packed.unpackers);
  const auto extent = reading.reader.extent();
  CHECK(extent.end == End::damaged);
  CHECK(extent.readable == 6);
  CHECK(extent.unpacked == 13);
  CHECK(extent.packed_rest <= 4);
}

TEST_CASE("gzip reader: other bytes behind the last member, and what is no gzip") {
  Packed packed("a line\n");
  append(packed.path, std::string(10, '\0') + "garbage");
  Reading reading(packed.path, packed.unpackers);
  const auto extent = reading.reader.extent();
  CHECK(extent.end == End::damaged);
  CHECK(extent.readable == 7);
  CHECK(extent.packed_rest == 17);

  write_file(packed.path, "no gzip\n");
  Reading none(packed.path, packed.unpackers);
  CHECK(none.reader.extent().end == End::damaged);
  CHECK(none.reader.extent().readable == 0);
  CHECK(none.reader.extent().packed_rest == 8);
  CHECK_THROWS_AS(none.reader.head(256), DamagedGzip);
  CHECK_THROWS_AS(none.reader.read_at(0, 1), DamagedGzip);
}

TEST_CASE("gzip reader: a file written anew in its place is begun anew") {
  Packed packed;
  Reading reading(packed.path, packed.unpackers);
  CHECK(reading.reader.read_at(megabyte, 1000) == packed.content.substr(megabyte, 1000));
  write_gzip(packed.path, "other\n" + packed.content);  // the inode stays
  CHECK(reading.reader.read_at(megabyte + 6, 1000) == packed.content.substr(megabyte, 1000));
  CHECK(reading.reader.head(9) == "other\n" + packed.content.substr(0, 3));
  write_gzip(packed.path, "short\n");
  CHECK(reading.reader.read_at(megabyte + 7, 1000).empty());
  CHECK(whole_length(reading.reader) == 6);
}

TEST_CASE("gzip reader: of many, few hold a place; the others begin anew when they are read again") {
  Packed packed;
  std::vector<std::unique_ptr<Reading>> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back(std::make_unique<Reading>(packed.path, packed.unpackers));
    CHECK(many.back()->reader.read_at(megabyte, 100) == packed.content.substr(megabyte, 100));
    CHECK(packed.unpackers.holding() <= 4);
  }
  const auto before = packed.unpackers.inflated();
  CHECK(many.back()->reader.read_at(megabyte + 100, 100) == packed.content.substr(megabyte + 100, 100));
  CHECK(packed.unpackers.inflated() - before == 100);
  CHECK(many.front()->reader.read_at(megabyte + 100, 100) == packed.content.substr(megabyte + 100, 100));
  CHECK(packed.unpackers.inflated() - before > megabyte);
  many.clear();
  CHECK(packed.unpackers.holding() == 0);
}
