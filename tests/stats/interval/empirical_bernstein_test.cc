// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/empirical_bernstein.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("EmpiricalBernstein: worked by hand, one value") {
  // m_0 = 1/2, s_0 = 1/4; l_1 = min(1/2, sqrt(2 ln 40 / (1/4 ln 2))) = 1/2; (x - m_0)^2 = 0.09
  EmpiricalBernstein cs(0.05);
  cs.add(0.8);
  CHECK(*cs.centre() == Approx(0.8).epsilon(1e-14));
  const auto got = cs.interval().value();
  CHECK(got.lower == 0.0);  // cut
  CHECK(got.upper == 1.0);
}

/// The definition, with all values at hand.
Interval by_definition(const std::vector<double>& values, double alpha) {
  double bets = 0, centre = 0, paid = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto past = [&](std::size_t upto) {
      double sum = 0.5;
      for (std::size_t j = 0; j < upto; ++j) sum += values[j];
      return sum / (static_cast<double>(upto) + 1);
    };
    double spread = 0.25;
    for (std::size_t j = 0; j < i; ++j) spread += std::pow(values[j] - past(j + 1), 2);
    const double t = static_cast<double>(i) + 1, variance = spread / t;
    const double bet = std::min(0.5, std::sqrt(2 * std::log(2 / alpha) / (variance * t * std::log(1 + t))));
    bets += bet;
    centre += bet * values[i];
    paid += std::pow(values[i] - past(i), 2) * (-std::log(1 - bet) - bet);
  }
  const double half = (std::log(2 / alpha) + paid) / bets;
  return {std::max(0.0, centre / bets - half), std::min(1.0, centre / bets + half)};
}

TEST_CASE("EmpiricalBernstein: agrees with its definition computed from all values") {
  const auto seed = testing::seed_of("empirical Bernstein");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 100; ++round) {
    const double alpha = 0.01 + 0.2 * std::uniform_real_distribution<>{}(rng);
    std::vector<double> values(1 + rng() % 120);
    for (auto& x : values) x = std::pow(std::uniform_real_distribution<>{}(rng), round % 5 + 1);
    EmpiricalBernstein cs(alpha);
    for (const double x : values) cs.add(x);
    const auto want = by_definition(values, alpha);
    REQUIRE(cs.interval()->lower == Approx(want.lower).epsilon(1e-10).margin(1e-12));
    REQUIRE(cs.interval()->upper == Approx(want.upper).epsilon(1e-10).margin(1e-12));
    REQUIRE(cs.n() == values.size());
  }
}

TEST_CASE("EmpiricalBernstein: without values there is no interval") {
  CHECK(EmpiricalBernstein(0.05).interval().error() == Undefined::no_data);
  CHECK(EmpiricalBernstein(0.05).centre().error() == Undefined::no_data);
}

TEST_CASE(
    "EmpiricalBernstein: holds its centre, mirrors with its values, narrows, goes on bit for bit when read back") {
  const auto seed = testing::seed_of("empirical Bernstein state");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  EmpiricalBernstein cs(0.05), mirror(0.05);
  double early = 0, late = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double x =
        std::uniform_real_distribution<>{}(rng) < 0.9 ? 0.1 * std::uniform_real_distribution<>{}(rng) : 1.0;
    cs.add(x);
    mirror.add(1 - x);
    const auto at = cs.interval().value(), other = mirror.interval().value();
    REQUIRE((0 <= at.lower && at.lower <= *cs.centre() && *cs.centre() <= at.upper && at.upper <= 1));
    REQUIRE(at.lower == Approx(1 - other.upper).margin(1e-10));
    if (i == 100) early = at.upper - at.lower;
    late = at.upper - at.lower;
    ByteWriter out;
    cs.write(out);
    EmpiricalBernstein copy(0.9);
    ByteReader in(out.bytes());
    copy.read(in);
    REQUIRE(in.at_end());
    REQUIRE(copy == cs);
    cs = copy;
  }
  CHECK(late < 0.1);
  CHECK(late < early);
}

TEST_CASE("EmpiricalBernstein: bytes no state can have are refused") {
  EmpiricalBernstein cs(0.05);
  cs.add(0.5);
  ByteWriter out;
  cs.write(out);
  auto bytes = out.bytes();
  bytes[0] = '\0';  // n = 0 with weights
  ByteReader in(bytes);
  CHECK_THROWS_AS(cs.read(in), CorruptBytes);
  ByteReader cut(std::string_view(out.bytes()).substr(0, 20));
  CHECK_THROWS_AS(cs.read(cut), CorruptBytes);
  CHECK(cs.n() == 1);  // untouched
}

TEST_CASE("EmpiricalBernstein: misses the true mean at any of 2,000 looks in at most alpha of the runs") {
  const auto seed = testing::seed_of("empirical Bernstein coverage");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int runs = 2000, steps = 2000;
  int missed = 0;
  for (int run = 0; run < runs; ++run) {
    EmpiricalBernstein cs(0.05);
    bool out = false;
    std::uniform_real_distribution<> uniform;
    for (int t = 0; t < steps && !out; ++t) {
      const double u = uniform(rng);
      cs.add(u < 0.9 ? u / 9 : 1.0);  // mean 0.9 * 0.05 + 0.1
      const auto at = cs.interval().value();
      out = 0.145 < at.lower || at.upper < 0.145;
    }
    missed += out ? 1 : 0;
  }
  CAPTURE(missed);
  CHECK(missed <= runs * (0.05 + 4 * std::sqrt(0.05 * 0.95 / runs)));
}

}  // namespace
}  // namespace pilotwatch::stats
