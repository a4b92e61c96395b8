// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "base/fixed_sum.h"

using namespace pilotwatch;

TEST_CASE("bytes: what is written reads back, and nothing is left") {
  ByteWriter out;
  out.u64(0);
  out.u64(std::numeric_limits<std::uint64_t>::max());
  out.i64(std::numeric_limits<std::int64_t>::min());
  out.f64(-0.1);
  out.text("caf\xC3\xA9");
  out.flag(true);
  out.id({1, 2});
  ByteReader in(out.bytes());
  CHECK(in.u64() == 0);
  CHECK(in.u64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(in.i64() == std::numeric_limits<std::int64_t>::min());
  CHECK(in.f64() == -0.1);
  CHECK(in.text() == "caf\xC3\xA9");
  CHECK(in.flag());
  CHECK(in.id() == Id128{1, 2});
  CHECK(in.at_end());
  CHECK_THROWS_AS(in.u64(), CorruptBytes);
}

TEST_CASE("bytes: a count larger than the blob is refused before memory is asked for") {
  ByteWriter out;
  out.u64(1ULL << 60);
  ByteReader in(out.bytes());
  CHECK_THROWS_AS(in.count(), CorruptBytes);
}

TEST_CASE("compression: comes back whole, refuses damage and bombs") {
  const std::string text(100'000, 'x');
  const auto packed = compress(text);
  CHECK(packed.size() < 1000);
  CHECK(decompress(packed, 200'000).value() == text);
  CHECK(decompress(packed, 1000).has_error());
  CHECK(decompress("not zstd", 1000).has_error());
  auto damaged = packed;
  damaged.resize(packed.size() / 2);
  CHECK(decompress(damaged, 200'000).has_error());
}

TEST_CASE("compression: any bit that flips is noticed, also where nothing could be compressed") {
  std::mt19937_64 rng(1);
  std::string noise(500, '\0');
  for (auto& byte : noise) byte = static_cast<char>(rng());
  const auto packed = compress(noise);
  for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    auto bent = packed;
    bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
    const auto back = decompress(bent, 10'000);
    CAPTURE(bit);
    CHECK((back.has_error() || *back == noise));  // a bit of the header may mean nothing
  }
}

TEST_CASE("fixed sum: the order of addition does not matter, and what is taken back is gone") {
  const auto seed = GENERATE(take(100, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::vector<double> values(200);
  for (auto& value : values)
    value = std::ldexp(static_cast<double>(rng()) / 1e19 - 0.9, static_cast<int>(rng() % 60) - 20);
  FixedSum forward, backward;
  for (const double value : values) forward.add(value, 3);
  std::reverse(values.begin(), values.end());
  for (const double value : values) backward.add(value, 3);
  CHECK(forward == backward);
  for (const double value : values) backward.add(value, -3);
  CHECK(backward == FixedSum{});
  ByteWriter out;
  forward.write(out);
  ByteReader in(out.bytes());
  FixedSum read;
  read.read(in);
  CHECK(read == forward);
}
