// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/quantile_sketch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

TEST_CASE("QuantileSketch: worked by hand, few values are kept as they are") {
  QuantileSketch sketch;
  for (const double x : {5.0, 1.0, 3.0, 3.0}) sketch.add(x);
  CHECK(*sketch.rank(0.9) == 0);
  CHECK(*sketch.rank(1) == 0.25);
  CHECK(*sketch.rank(3) == 0.75);
  CHECK(*sketch.rank(9) == 1);
  CHECK(*sketch.quantile(0) == 1);
  CHECK(*sketch.quantile(0.25) == 1);
  CHECK(*sketch.quantile(0.26) == 3);
  CHECK(*sketch.quantile(0.75) == 3);
  CHECK(*sketch.quantile(0.76) == 5);
  CHECK(*sketch.quantile(1) == 5);
}

TEST_CASE("QuantileSketch: what it cannot say") {
  QuantileSketch sketch;
  CHECK(sketch.rank(1).error() == Undefined::no_data);
  CHECK(sketch.quantile(.5).error() == Undefined::no_data);
  sketch.add(1, 0);
  CHECK(sketch.quantile(.5).error() == Undefined::no_data);
  sketch.add(-inf);
  sketch.add(inf);
  CHECK(*sketch.quantile(0) == -inf);
  CHECK(*sketch.quantile(1) == inf);
  CHECK(sketch.quantile(1.1).error() == Undefined::out_of_domain);
  CHECK(sketch.quantile(std::nan("")).error() == Undefined::out_of_domain);
}

TEST_CASE("QuantileSketch: exact for the first k values, and the published error at k = 200 is 1.33 %") {
  QuantileSketch sketch;
  for (int i = 200; i > 0; --i) sketch.add(i);
  for (int i = 1; i <= 200; ++i) REQUIRE(*sketch.rank(i) == i / 200.0);
  CHECK(sketch.rank_error() == Approx(0.0133).margin(5e-5));
}

/// Largest |rank - true rank| over the deciles and the 1st and 99th percentile; values are 0 .. n-1.
double worst(const QuantileSketch& sketch, int n) {
  double most = 0;
  for (const double q : {.01, .1, .2, .3, .4, .5, .6, .7, .8, .9, .99}) {
    const double x = std::floor(q * n);
    most = std::max(most, std::abs(*sketch.rank(x) - (x + 1) / n));
  }
  return most;
}

TEST_CASE(
    "QuantileSketch: single ranks err by more than 1.33 % in at most 1 % of the sketches, in any order of arrival") {
  const auto seed = testing::seed_of("rank error");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int n = 20'000, rounds = 200;
  int queries = 0, beyond = 0;
  double most = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> values(n);
    for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = i;
    if (round % 4 == 1) std::reverse(values.begin(), values.end());
    if (round % 4 == 2) std::shuffle(values.begin(), values.end(), rng);
    if (round % 4 == 3) std::rotate(values.begin(), values.begin() + static_cast<long>(rng() % n), values.end());
    QuantileSketch sketch;
    for (int i = static_cast<int>(rng() % 97); i > 0; --i) sketch.add(-1);  // so that compactions fall elsewhere
    for (const double x : values) sketch.add(x);
    const double before = static_cast<double>(sketch.n()) - n;
    for (int query = 0; query < 20; ++query) {
      const double x = static_cast<double>(rng() % n);
      const double off = std::abs(*sketch.rank(x) - (x + 1 + before) / (n + before));
      ++queries;
      beyond += off > sketch.rank_error() ? 1 : 0;
      most = std::max(most, off);
    }
  }
  CAPTURE(queries, beyond, most);
  CHECK(beyond <= 0.01 * queries + 4 * std::sqrt(0.01 * queries * 5));  // queries of one sketch hang together
  CHECK(most < 2 * QuantileSketch().rank_error());
  CHECK(most > 0);
}

TEST_CASE("QuantileSketch: a hundred merged sketches err no more than one") {
  const auto seed = testing::seed_of("merged rank error");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int n = 50'000;
  int beyond = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<QuantileSketch> parts(100);
    for (int i = 0; i < n; ++i) parts[round % 2 == 0 ? rng() % 100 : static_cast<std::size_t>(i / 500)].add(i);
    QuantileSketch all;
    for (const auto& part : parts) all += part;
    REQUIRE(all.n() == n);
    REQUIRE(*all.quantile(0) == 0);
    REQUIRE(*all.quantile(1) == n - 1);
    REQUIRE(all.size() < 700);
    beyond += worst(all, n) > 1.25 * all.rank_error() ? 1 : 0;  // the bound for all queries at once, about 1.65 %
  }
  CHECK(beyond <= 1);
}

std::uint64_t compactions(const QuantileSketch& sketch) {
  ByteWriter out;
  sketch.write(out);
  ByteReader in(out.bytes());
  in.u64();  // k, n
  in.u64();
  return in.u64();
}

TEST_CASE("QuantileSketch: a merged sketch does not throw the coins of its parts again") {
  QuantileSketch a, b;
  for (int i = 0; i < 10'000; ++i) a.add(i), b.add(-i);
  const auto both = compactions(a) + compactions(b);
  CHECK(compactions(b) > 10);
  a += b;
  CHECK(compactions(a) > both);
}

TEST_CASE("QuantileSketch: keeps its memory, whatever comes") {
  QuantileSketch sketch;
  for (int i = 0; i < 1'000'000; ++i) sketch.add(i % 1013);
  CHECK(sketch.n() == 1'000'000);
  CHECK(sketch.size() < 800);
  ByteWriter out;
  sketch.write(out);
  CHECK(out.bytes().size() < 7000);
}

TEST_CASE("QuantileSketch: so many equal cases at once weigh as much as one by one") {
  QuantileSketch sketch;
  sketch.add(1, 700'001);
  sketch.add(2, 299'999);
  CHECK(sketch.n() == 1'000'000);
  CHECK(*sketch.rank(1) == 0.700001);
  CHECK(*sketch.quantile(.7) == 1);
  CHECK(*sketch.quantile(.71) == 2);
}

TEST_CASE("QuantileSketch: goes on bit for bit when read back; rank grows with x and quantile with q") {
  const auto seed = testing::seed_of("quantile sketch state");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 300; ++round) {
    QuantileSketch sketch(round % 2 == 0 ? 200 : 8);
    for (auto i = rng() % 3000; i > 0; --i) {
      sketch.add(std::normal_distribution<>{}(rng), rng() % 50 == 0 ? static_cast<std::int64_t>(rng() % 100) : 1);
    }
    ByteWriter out;
    sketch.write(out);
    QuantileSketch copy(100);
    ByteReader in(out.bytes());
    copy.read(in);
    REQUIRE(in.at_end());
    REQUIRE(copy == sketch);
    for (int i = 0; i < 100; ++i) {
      const double x = std::normal_distribution<>{}(rng);
      sketch.add(x);
      copy.add(x);
    }
    copy += copy;
    sketch += sketch;
    REQUIRE(copy == sketch);
    double last = -inf, rank = 0;
    for (int i = 0; i <= 20; ++i) {
      const double x = *sketch.quantile(i / 20.0);
      REQUIRE(x >= last);
      REQUIRE(*sketch.rank(x) >= rank);
      REQUIRE(*sketch.rank(x) >= i / 20.0 - 1e-12);
      rank = *sketch.rank(x);
      last = x;
    }
  }
}

TEST_CASE("QuantileSketch: bytes no sketch has are refused, cut anywhere") {
  QuantileSketch sketch(8);
  for (int i = 0; i < 100; ++i) sketch.add(i);
  ByteWriter out;
  sketch.write(out);
  const auto bytes = out.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    QuantileSketch copy;
    REQUIRE_THROWS_AS(copy.read(in), CorruptBytes);
  }
  auto wrong = bytes;
  ++wrong[1];  // n no longer is what the levels weigh
  ByteReader in(wrong);
  CHECK_THROWS_AS(sketch.read(in), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
