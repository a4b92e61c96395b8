// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/heavy_hitters.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Item = HeavyHitters::Item;

TEST_CASE("HeavyHitters: worked by hand, two counters and three keys") {
  HeavyHitters top(2);
  top.add(1, 5);
  top.add(2, 3);
  top.add(3, 1);  // all lose 1: 4, 2, and the newcomer is gone
  CHECK(top.items() == std::vector<Item>{{1, 4}, {2, 2}});
  CHECK(top.error() == 1);
  top.add(3, 4);  // all lose 2: key 2 is gone, 2 of key 3 remain
  CHECK(top.items() == std::vector<Item>{{1, 2}, {3, 2}});
  CHECK(top.error() == 3);
  CHECK(top.n() == 13);
  CHECK(top.count(1).lower == 2);
  CHECK(top.count(1).upper == 5);
  CHECK(top.count(2).lower == 0);
  CHECK(top.count(2).upper == 3);
}

TEST_CASE("HeavyHitters: merge worked by hand, all lose the (k+1)st largest") {
  HeavyHitters a(2), b(2);
  a.add(1, 5);
  a.add(2, 3);
  b.add(2, 2);
  b.add(3, 4);
  a += b;  // 5, 5, 4: lose 4
  CHECK(a.items() == std::vector<Item>{{1, 1}, {2, 1}});
  CHECK(a.error() == 4);
  CHECK(a.n() == 14);
}

using Truth = std::map<std::uint64_t, std::uint64_t>;

void check(const HeavyHitters& top, const Truth& truth, std::uint64_t k) {
  REQUIRE(top.error() <= top.n() / (k + 1));
  REQUIRE(top.items().size() <= k);
  for (const auto& [key, count] : truth) {
    const auto got = top.count(key);
    REQUIRE((got.lower <= count && count <= got.upper));
    if (count > top.n() / (k + 1)) REQUIRE(got.lower > 0);
  }
  if (truth.size() <= k) REQUIRE(top.error() == 0);
}

TEST_CASE("HeavyHitters: every count lies in its bounds and every frequent key is held, merged or not") {
  const auto seed = testing::seed_of("heavy hitters");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t k = 1 + rng() % 8, keys = 1 + rng() % 20;
    std::vector<HeavyHitters> parts(1 + rng() % 4, HeavyHitters(k));
    HeavyHitters whole(k);
    Truth truth;
    for (auto i = rng() % 200; i > 0; --i) {
      const auto key = std::min(rng() % keys, rng() % keys);
      const auto times = rng() % 10 == 0 ? rng() % 50 : 1;
      if (times > 0) truth[key] += times;
      whole.add(key, static_cast<std::int64_t>(times));
      parts[rng() % parts.size()].add(key, static_cast<std::int64_t>(times));
    }
    HeavyHitters merged(k);
    for (const auto& part : parts) merged += part;
    REQUIRE(merged.n() == whole.n());
    check(whole, truth, k);
    check(merged, truth, k);
    ByteWriter out;
    merged.write(out);
    HeavyHitters copy(99);
    ByteReader in(out.bytes());
    copy.read(in);
    REQUIRE((copy == merged && in.at_end()));
  }
}

TEST_CASE("HeavyHitters: bytes no state has are refused, cut anywhere") {
  HeavyHitters top(3);
  for (std::uint64_t i = 0; i < 3; ++i) top.add(10 + i, 2);
  ByteWriter out;
  top.write(out);
  const auto bytes = out.bytes();  // k n error size (key held)*
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    HeavyHitters copy;
    REQUIRE_THROWS_AS(copy.read(in), CorruptBytes);
  }
  for (const auto& [at, value] : {std::pair{2, 2}, {3, 4}, {4, 11}, {5, 0}, {5, 9}}) {
    auto wrong = bytes;
    wrong[static_cast<std::size_t>(at)] = static_cast<char>(value);
    ByteReader in(wrong);
    CAPTURE(at, value);
    REQUIRE_THROWS_AS(top.read(in), CorruptBytes);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
