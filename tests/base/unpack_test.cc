// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <random>

using namespace pilotwatch;

namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string pack(Packing packing, std::string_view text) { return packing == Packing::gzip ? gzip(text) : zstd(text); }

std::string random_text(std::size_t size) {
  std::mt19937_64 random(size);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>('a' + random() % 20);
  return out;
}

constexpr Packing packings[] = {Packing::gzip, Packing::zstd};

}  // namespace

TEST_CASE("unpack: what was packed comes out, of every size around the pieces it is done in") {
  for (const auto packing : packings) {
    for (const std::size_t size : {0UL, 1UL, 1000UL, 65535UL, 65536UL, 65537UL, 131072UL, 700000UL}) {
      const auto text = random_text(size);
      const auto got = unpack(packing, pack(packing, text), 1 << 20);
      CAPTURE(size);
      CHECK_FALSE(got.error);
      CHECK(got.bytes == text);
    }
  }
  CHECK(unpack(Packing::identity, "abc", 3).bytes == "abc");
}

TEST_CASE("unpack: the bound holds to the byte, and a bomb never takes more room") {
  const std::string text(100'000, 'x');
  for (const auto packing : packings) {
    CHECK_FALSE(unpack(packing, pack(packing, text), text.size()).error);
    const auto refused = unpack(packing, pack(packing, text), text.size() - 1);
    REQUIRE(refused.error);
    CHECK(refused.error->too_large);
    CHECK(refused.bytes.empty());
    const auto bomb = unpack(packing, pack(packing, std::string(300 << 20, '\0')), 1 << 20);
    REQUIRE(bomb.error);
    CHECK(bomb.error->too_large);
  }
  CHECK(unpack(Packing::identity, "abcd", 3).error->too_large);
}

TEST_CASE("unpack: what is cut short, damaged, or something else is refused") {
  const auto text = random_text(5000);
  for (const auto packing : packings) {
    const auto packed = pack(packing, text);
    for (std::size_t size = 0; size < packed.size(); size += 1 + packed.size() / 50) {
      CAPTURE(size);
      const auto got = unpack(packing, std::string_view(packed).substr(0, size), 1 << 20);
      REQUIRE(got.error);
      CHECK_FALSE(got.error->too_large);
    }
    CHECK(unpack(packing, packed + "x", 1 << 20).error);
    CHECK(unpack(packing, "no such thing", 1 << 20).error);
  }
}

TEST_CASE("unpack: several members or frames are one text") {
  for (const auto packing : packings) {
    const auto got = unpack(packing, pack(packing, "one\n") + pack(packing, "two\n"), 100);
    CHECK_FALSE(got.error);
    CHECK(got.bytes == "one\ntwo\n");
    CHECK(unpack(packing, pack(packing, "one\n") + pack(packing, "two\n"), 7).error->too_large);
  }
}
