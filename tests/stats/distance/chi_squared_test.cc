// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/chi_squared.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::BinVector;
constexpr double inf = std::numeric_limits<double>::infinity();

/// Straight from the definition: (observed - expected)^2 / expected over both rows, with Yates' correction or without.
double by_definition(const BinVector& a, const BinVector& b, bool yates) {
  long double n = 0, m = 0, sum = 0;
  for (const auto count : a) n += static_cast<long double>(count);
  for (const auto count : b) m += static_cast<long double>(count);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const long double column = static_cast<long double>(a[i] + b[i]);
    if (column == 0) continue;
    for (const auto& [observed, row] : {std::pair(a[i], n), std::pair(b[i], m)}) {
      const long double expected = column * row / (n + m);
      long double off = std::abs(static_cast<long double>(observed) - expected);
      if (yates) off -= std::min(off, 0.5L);
      sum += off * off / expected;
    }
  }
  return static_cast<double>(sum);
}

TEST_CASE("chi2: worked by hand, 2 x 2, without and with Yates' correction") {
  // expected: 15 and 15 in each row, so |o - e| = 5 four times: 4 x 25/15; corrected 4 x 4.5^2/15
  const BinVector reference{10, 20}, live{20, 10};
  const auto plain = chi2(reference, live).value(), corrected = chi2_yates(reference, live).value();
  CHECK(plain.statistic == Approx(100.0 / 15).epsilon(1e-15));
  CHECK(plain.dof == 1);
  CHECK(plain.p.value() == Approx(std::erfc(std::sqrt(100.0 / 30))).epsilon(1e-13));  // chi-squared(1) = Z^2
  CHECK(corrected.statistic == Approx(81.0 / 15).epsilon(1e-15));
  CHECK(corrected.p.value() > plain.p.value());
}

TEST_CASE("chi2: two degrees of freedom have p = exp(-x/2)") {
  const BinVector reference{30, 30, 30}, live{40, 30, 20};
  const auto got = chi2(reference, live).value();
  CHECK(got.statistic == Approx(2 * 25.0 / 35 + 2 * 25.0 / 25).epsilon(1e-15));
  CHECK(got.dof == 2);
  CHECK(got.p.value() == Approx(std::exp(-got.statistic / 2)).epsilon(1e-13));
}

TEST_CASE("chi2_yates: a difference below 1/2 is corrected to 0 and not beyond") {
  const auto got = chi2_yates(BinVector{10, 10}, BinVector{11, 10}).value();  // |o - e| = 0.24
  CHECK(got.statistic == 0);
  CHECK(got.p.value() == 1);
}

TEST_CASE("chi2: empty columns are no columns") {
  const BinVector with{10, 0, 20, 0}, without{10, 20}, live_with{20, 0, 10, 0}, live_without{20, 10};
  CHECK(chi2_dof(with, live_with).value() == 1);
  CHECK(chi2(with, live_with)->statistic == chi2(without, live_without)->statistic);
  CHECK(chi2_yates(with, live_with)->statistic == chi2_yates(without, live_without)->statistic);
  CHECK(chi2_gof(with, live_with)->statistic == chi2_gof(without, live_without)->statistic);
  CHECK(chi2_gof(with, live_with)->dof == 1);
}

TEST_CASE("chi2_gof: worked by hand, and a category the reference has not got is infinitely far away") {
  const auto got = chi2_gof(BinVector{1, 3}, BinVector{5, 5}).value();  // expected 2.5, 7.5
  CHECK(got.statistic == Approx(2.5 * 2.5 / 2.5 + 2.5 * 2.5 / 7.5).epsilon(1e-15));
  CHECK(got.dof == 1);
  const auto unseen = chi2_gof(BinVector{5, 5, 0}, BinVector{5, 5, 1}).value();
  CHECK(unseen.statistic == inf);
  CHECK(unseen.dof == 2);
  CHECK(unseen.p.value() == 0);
  CHECK(std::isfinite(chi2_gof(BinVector{5, 5, 1}, BinVector{5, 5, 0})->statistic));
}

TEST_CASE("chi2: says why there is nothing to say") {
  const BinVector some{1, 2}, none{0, 0}, one{5, 0}, also_one{7, 0};
  for (const auto f : {chi2, chi2_yates, chi2_gof}) {
    CHECK(f(some, none).error() == Undefined::no_data);
    CHECK(f(none, some).error() == Undefined::no_reference);
  }
  CHECK(chi2_dof(some, none).error() == Undefined::no_data);
  CHECK(chi2_dof(none, none).error() == Undefined::no_reference);
  CHECK(chi2(one, also_one).error() == Undefined::constant);
  CHECK(chi2_dof(one, also_one).value() == 0);
  CHECK(chi2_gof(one, also_one)->statistic == 0);
  CHECK(chi2_gof(one, also_one)->p.error() == Undefined::constant);
}

TEST_CASE("chi2: is the sum over the cells, symmetric, and p falls as it grows") {
  const auto seed = testing::seed_of("chi2");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto [a, b] = testing::random_counts(rng, round);
    const auto got = chi2(a, b);
    if (!got) {
      REQUIRE(got.error() == Undefined::constant);
      continue;
    }
    // (The definition itself loses digits where counts are large and nearly equal.)
    REQUIRE(got->statistic == Approx(by_definition(a, b, false)).epsilon(1e-9).margin(1e-9));
    const auto corrected = chi2_yates(a, b).value();
    REQUIRE(corrected.statistic == Approx(by_definition(a, b, got->dof == 1)).epsilon(1e-9).margin(1e-9));
    REQUIRE(corrected.statistic <= got->statistic);
    REQUIRE(corrected.p.value() >= got->p.value());
    REQUIRE(got->statistic == Approx(chi2(b, a)->statistic).epsilon(1e-14));
    if (const auto same = chi2(a, a)) REQUIRE((same->statistic == 0 && same->p.value() == 1));
    REQUIRE((0 <= got->p.value() && got->p.value() <= 1));
    REQUIRE(chi2_gof(a, b)->statistic >= got->statistic * (1 - 1e-12));  // a known reference leaves less to noise
  }
}

TEST_CASE("chi2: without drift p is uniform, and of goodness of fit against a sample it is not") {
  const auto seed = testing::seed_of("chi2 p");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::discrete_distribution<std::size_t> bin{1, 2, 3, 4};
  int contingency = 0, gof = 0;
  for (int round = 0; round < 4000; ++round) {
    BinVector a(4), b(4);
    for (int i = 0; i < 400; ++i) ++a[bin(rng)], ++b[bin(rng)];
    contingency += chi2(a, b)->p.value() < 0.1 ? 1 : 0;
    gof += chi2_gof(a, b)->p.value() < 0.1 ? 1 : 0;
  }
  CHECK(std::abs(contingency / 4000.0 - 0.1) < 0.03);  // 6 sd of the count
  CHECK(gof / 4000.0 > 0.25);                          // P(2 chi2(3) > 6.25) = 0.37
}

}  // namespace
}  // namespace pilotwatch::stats
