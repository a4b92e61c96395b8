// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/ks_p.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "stats/distance/kstwo.h"
#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

/// All ways to interleave n and m values, counted.
double by_enumeration(double d, int n, int m) {
  std::vector<int> from(static_cast<std::size_t>(n), 0);
  from.resize(static_cast<std::size_t>(n + m), 1);
  double ways = 0, reached = 0;
  do {
    int i = 0, j = 0;
    double most = 0;
    for (const int side : from) {
      ++(side == 0 ? i : j);
      most = std::max(most, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
    }
    ++ways;
    reached += most >= d - 1e-9 ? 1 : 0;
  } while (std::next_permutation(from.begin(), from.end()));
  return reached / ways;
}

TEST_CASE("ks_p_exact: worked by hand") {
  // 2 and 2 values: of 6 ways aabb and bbaa have D = 1, the others 1/2
  CHECK(ks_p_exact(1.0, 2, 2).value() == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(ks_p_exact(0.5, 2, 2).value() == 1);
  CHECK(ks_p_exact(0.0, 2, 2).value() == 1);
  CHECK(ks_p_exact(1.0, 1, 1).value() == 1);
  CHECK(ks_p_exact(1.0, 1, 9).value() == Approx(0.2).epsilon(1e-15));
}

TEST_CASE("ks_p_exact: counts every interleaving of small samples") {
  for (int n = 1; n <= 6; ++n) {
    for (int m = 1; m <= 6; ++m) {
      const int steps = std::lcm(n, m);
      for (int i = 0; i <= steps; ++i) {
        const double d = static_cast<double>(i) / steps;
        CAPTURE(n, m, d);
        REQUIRE(ks_p_exact(d, static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(m)).value() ==
                Approx(by_enumeration(d, n, m)).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("ks_p_exact: separate samples have 2 of C(n + m, n) ways, down to 1e-300") {
  for (const std::uint64_t n : {5, 40, 200, 500}) {
    const double m = static_cast<double>(n);
    const double expected = std::exp(std::log(2.0) + 2 * std::lgamma(m + 1) - std::lgamma(2 * m + 1));
    CHECK(ks_p_exact(1.0, n, n).value() == Approx(expected).epsilon(1e-11));
  }
}

TEST_CASE("ks_p_exact: equal samples agree with the closed form of Gnedenko and Korolyuk") {
  // n = m, D >= h/n: 2 sum_{k>=1} (-1)^(k-1) C(2n, n - kh) / C(2n, n)
  for (const int n : {10, 57, 300}) {
    for (int h = n / 5 + 1; h <= n; h += n / 7 + 1) {
      double p = 0, sign = 2;
      for (int k = 1; k * h <= n; ++k, sign = -sign) {
        p += sign * std::exp(2 * std::lgamma(n + 1) - std::lgamma(n - k * h + 1) - std::lgamma(n + k * h + 1));
      }
      CAPTURE(n, h);
      const auto size = static_cast<std::uint64_t>(n);
      CHECK(ks_p_exact(static_cast<double>(h) / n, size, size).value() == Approx(p).epsilon(1e-10));
    }
  }
}

TEST_CASE("ks_p: symmetric, within [0, 1], and falls as d grows") {
  const auto seed = testing::seed_of("ks p");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const std::uint64_t n = 1 + rng() % 60, m = 1 + rng() % 60;
    double low = uniform(rng), high = uniform(rng);
    if (low > high) std::swap(low, high);
    CAPTURE(n, m, low, high);
    for (const auto f : {ks_p_exact, ks_p_limit}) {
      const double p = f(low, n, m).value(), less = f(high, n, m).value();
      REQUIRE((0 <= less && less <= p && p <= 1));
      REQUIRE(f(low, m, n).value() == p);
    }
  }
}

TEST_CASE("ks_p_exact: without drift p is below a share of the time, at most") {
  const auto seed = testing::seed_of("ks p uniform");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  int below = 0;
  constexpr int rounds = 4000;
  for (int round = 0; round < rounds; ++round) {
    testing::Sample a(60), b(45);
    for (double& x : a) x = uniform(rng);
    for (double& x : b) x = uniform(rng);
    below += ks_p_exact(ks_two_sample(a, b).value(), a.size(), b.size()).value() <= 0.1 ? 1 : 0;
  }
  CHECK(below / static_cast<double>(rounds) < 0.1 + 0.03);  // 6 sd of the count
  CHECK(below / static_cast<double>(rounds) > 0.05);
}

TEST_CASE("kolmogorov_survival: published quantiles, and both series agree where they meet") {
  CHECK(kolmogorov_survival(0) == 1);
  CHECK(kolmogorov_survival(0.01) == 1);
  CHECK(kolmogorov_survival(1.3580986393225505) == Approx(0.05).epsilon(1e-12));
  CHECK(kolmogorov_survival(1.6276236115189503) == Approx(0.01).epsilon(1e-12));
  CHECK(kolmogorov_survival(0.8275735551899077) == Approx(0.5).epsilon(1e-12));
  CHECK(kolmogorov_survival(std::nextafter(1.0, 0.0)) == Approx(kolmogorov_survival(1.0)).epsilon(1e-14));
  CHECK(kolmogorov_survival(40) == 0);
  double before = 1;
  for (int i = 1; i < 4000; ++i) {
    const double now = kolmogorov_survival(i / 1000.0);
    REQUIRE(now <= before + 1e-15);
    before = now;
  }
}

TEST_CASE("ks_p: exact while that is cheap, then the limiting law, which is near it by then") {
  CHECK(ks_p(0.1, 2000, 2000)->formula == std::string(ks_p_exact_formula));
  CHECK(ks_p(0.1, 20'000, 100)->formula == std::string(ks_p_limit_formula));
  CHECK(ks_p(0.1, 3000, 3000)->formula == std::string(ks_p_limit_formula));
  CHECK(ks_p_exact(0.03, 3000, 3000).value() == Approx(ks_p_limit(0.03, 3000, 3000).value()).epsilon(0.05));
  CHECK(ks_p(0.02, std::uint64_t{1} << 40, std::uint64_t{1} << 40)->p == 0);
}

TEST_CASE("ks_p: says why there is nothing to say") {
  for (const auto f : {ks_p_exact, ks_p_limit}) {
    CHECK(f(0.5, 0, 5).error() == Undefined::no_reference);
    CHECK(f(0.5, 5, 0).error() == Undefined::no_data);
    CHECK(f(-0.1, 5, 5).error() == Undefined::out_of_domain);
    CHECK(f(1.1, 5, 5).error() == Undefined::out_of_domain);
    CHECK(f(std::numeric_limits<double>::quiet_NaN(), 5, 5).error() == Undefined::out_of_domain);
  }
  CHECK(ks_p(0.5, 0, 0).error() == Undefined::no_reference);
}

TEST_CASE("kstwo, the helper of the vectors: its two methods agree, and with a closed form") {
  CHECK(testing::kstwo(0.7, 1) == Approx(2 * 0.3).epsilon(1e-13));  // n = 1: P(|U - 1/2| >= d - 1/2)
  CHECK(testing::kstwo_expansion(0.1, 140) == Approx(testing::kstwo_matrix(0.1, 140)).epsilon(1e-5));
}

}  // namespace
}  // namespace pilotwatch::stats
