// SPDX-License-Identifier: Apache-2.0
#include "base/fixed_sum.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

namespace pilotwatch {
namespace {

FixedSum sum_of(const std::vector<double>& values) {
  FixedSum out;
  for (const double value : values) out.add(value);
  return out;
}

TEST_CASE("fixed sum: simple sums are what they should be") {
  CHECK(FixedSum{}.value() == 0.0);
  CHECK(sum_of({1, 2, 3.5}).value() == 6.5);
  CHECK(sum_of({1, -2, 0.25}).value() == -0.75);
  CHECK(sum_of({FixedSum::max_addend, 1, -FixedSum::max_addend}).value() == 1.0);
  CHECK(sum_of({0x1p-80}).value() == 0x1p-80);
  CHECK(sum_of({0x1p-81}).value() == 0x1p-80);  // half of the last place rounds away from 0
  CHECK(sum_of({0x1p-82}).value() == 0.0);
  CHECK(sum_of({std::numeric_limits<double>::denorm_min(), -5e-300}).value() == 0.0);
  FixedSum twice;
  twice.add(0.1, 1'000'000'000);
  CHECK(twice.value() == Approx(1e8).epsilon(1e-15));
  twice.add(0.1, -1'000'000'000);
  CHECK(twice == FixedSum{});
}

TEST_CASE("fixed sum: squares beside a large offset keep what varies") {
  // Variance of 1e9 + {0, 1, 2}: 2/3. In doubles the squares have lost it already.
  FixedSum squares, sum;
  for (const double x : {1e9, 1e9 + 1, 1e9 + 2}) {
    squares.add_square(x);
    sum.add(x);
  }
  const auto s = squares.split();
  CHECK(sum.value() == 3e9 + 3);
  CHECK((s.high - (3e9 + 3) * 1e9) + s.low == Approx(3e9 + 5));  // 3e18 + 6e9 + 5 without 3e18 + 3e9
}

TEST_CASE("fixed sum: any order, any grouping and taking back give the same bits") {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "fixed sum: seed " << seed << '\n';
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    std::vector<double> values(1 + rng() % 20);
    for (double& value : values) {
      value = std::ldexp(static_cast<double>(static_cast<std::int64_t>(rng())), static_cast<int>(rng() % 160) - 120);
    }
    const auto all = sum_of(values);
    long double plain = 0, size = 0;
    for (const double value : values) {
      plain += value;
      size += std::abs(value);
    }
    REQUIRE(std::abs(static_cast<long double>(all.value()) - plain) <= size * 1e-15L + 1e-20L);
    std::shuffle(values.begin(), values.end(), rng);
    auto parts = sum_of({values.begin(), values.begin() + 1});
    parts += sum_of({values.begin() + 1, values.end()});
    REQUIRE(parts == all);
    parts -= sum_of(values);
    REQUIRE(parts == FixedSum{});
    ByteWriter out;
    all.write(out);
    ByteReader in(out.bytes());
    FixedSum back;
    back.read(in);
    REQUIRE(back == all);
  }
}

}  // namespace
}  // namespace pilotwatch
