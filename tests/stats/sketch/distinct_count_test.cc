// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/distinct_count.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("DistinctCount: worked by hand, one of 16 registers at its least value") {
  DistinctCount one(4);
  one.add(0x0fff'ffff'ffff'ffffU);  // register 0, no leading zero: value 1, C_1 = 1, C_0 = 15
  double sigma = 15.0 / 16;
  for (int k = 1; k < 20; ++k) sigma += std::pow(15.0 / 16, std::pow(2, k)) * std::pow(2, k - 1);
  CHECK(one.estimate() == Approx(256 / (2 * std::log(2.0)) / (16 * sigma + 0.5)).epsilon(1e-13));
  CHECK(one.estimate() == Approx(1).epsilon(0.05));
  CHECK(one.standard_error() == 0.26);
}

TEST_CASE("DistinctCount: nothing added is 0, all registers full is without bound") {
  DistinctCount none, full(4);
  CHECK(none.estimate() == 0);
  for (std::uint64_t i = 0; i < 16; ++i) full.add(i << 60);
  CHECK(full.estimate() == std::numeric_limits<double>::infinity());
}

TEST_CASE("DistinctCount: worked by hand, half of 16 registers full, the others at their least value") {
  DistinctCount sketch(4);
  for (std::uint64_t i = 0; i < 16; ++i) sketch.add(i < 8 ? i << 60 : (i << 60) + (std::uint64_t{1} << 59));
  double tau = 0.5;  // of x = 1/2
  for (int k = 1; k < 60; ++k) tau -= std::pow(1 - std::pow(0.5, std::pow(2, -k)), 2) * std::pow(2, -k);
  const double z = 16 * tau / 3 * std::pow(2, -60) + 8 * 0.5;  // C_1 = 8, C_61 = 8
  CHECK(sketch.estimate() == Approx(256 / (2 * std::log(2.0)) / z).epsilon(1e-13));
  // with nothing but full registers and one a step below, tau is all there is
  DistinctCount nearly(4);
  for (std::uint64_t i = 0; i < 16; ++i) nearly.add(i < 15 ? i << 60 : (i << 60) + 1);
  double rest = 1 - 1.0 / 16;
  for (int k = 1; k < 60; ++k) rest -= std::pow(1 - std::pow(1.0 / 16, std::pow(2, -k)), 2) * std::pow(2, -k);
  CHECK(nearly.estimate() ==
        Approx(256 / (2 * std::log(2.0)) / ((16 * rest / 3 + 1) * std::pow(2, -60))).epsilon(1e-12));
}

TEST_CASE("DistinctCount: errs by 1.04 / sqrt(m) from ten to a million values, without bias") {
  const auto seed = testing::seed_of("distinct count");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (const int n : {10, 300, 4000, 20'000, 200'000}) {
    const int rounds = n > 100'000 ? 20 : 100;
    double sum = 0, squares = 0;
    DistinctCount last;
    for (int round = 0; round < rounds; ++round) {
      DistinctCount sketch;
      for (int i = 0; i < n; ++i) sketch.add(rng());
      const double off = sketch.estimate() / n - 1;
      sum += off;
      squares += off * off;
    }
    const double error = DistinctCount().standard_error();
    CAPTURE(n, sum / rounds, std::sqrt(squares / rounds));
    CHECK(std::abs(sum / rounds) < 4.5 * error / std::sqrt(rounds));
    CHECK(std::sqrt(squares / rounds) < error * (1 + 4.5 / std::sqrt(2.0 * rounds)));
  }
}

TEST_CASE("DistinctCount: a merge is the sketch of the union to the bit, in any order; repeats change nothing") {
  const auto seed = testing::seed_of("distinct count merge");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint32_t p = 4 + static_cast<std::uint32_t>(round % 3);
    DistinctCount a(p), b(p), all(p);
    for (auto i = rng() % 60; i > 0; --i) {
      const auto hash = rng() >> (rng() % 64);
      if (rng() % 2 == 0)
        a.add(hash);
      else
        b.add(hash);
      if (rng() % 4 == 0) a.add(hash), b.add(hash);
      all.add(hash);
      all.add(hash);
    }
    auto ab = a, ba = b;
    ab += b;
    ba += a;
    REQUIRE(ab == all);
    REQUIRE(ba == all);
    REQUIRE(all.estimate() >= a.estimate());
    ByteWriter out;
    all.write(out);
    DistinctCount copy(16);
    ByteReader in(out.bytes());
    copy.read(in);
    REQUIRE((copy == all && in.at_end()));
  }
}

TEST_CASE("DistinctCount: bytes no sketch has are refused") {
  DistinctCount sketch(4);
  ByteWriter out;
  sketch.write(out);
  auto bytes = out.bytes();
  bytes.back() = 62;  // 64 - 4 + 1 is the most
  ByteReader high(bytes);
  CHECK_THROWS_AS(sketch.read(high), CorruptBytes);
  bytes.back() = 61;
  ByteReader fine(bytes);
  CHECK_NOTHROW(sketch.read(fine));
  ByteReader cut(std::string_view(bytes).substr(0, 10));
  CHECK_THROWS_AS(sketch.read(cut), CorruptBytes);
  bytes[0] = 17;
  ByteReader precision(bytes);
  CHECK_THROWS_AS(sketch.read(precision), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
