// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/wasserstein.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>

#include "stats/distance/binned_reference.h"
#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::infinity;
using testing::missing;
using testing::Positions;
using testing::positions_of;
using testing::random_sample;
using testing::Sample;

/// Of two samples of the same size: the mean distance of the i-th smallest.
double by_pairing(Sample a, Sample b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST_CASE("wasserstein1: worked by hand") {
  CHECK(wasserstein1(Sample{0, 1}, Sample{0, 0, 1, 5}).value() == 1.0);  // F - G: 0 up to 1, then 1/4 for 4
  CHECK(wasserstein1(Sample{0}, Sample{3}).value() == 3);
  CHECK(wasserstein1(Sample{1, 2, missing, 3}, Sample{3, 1, 2}).value() == 0);
}

TEST_CASE("wasserstein1: says why there is nothing to say") {
  const auto frozen = freeze({1, 2}, 10);
  CHECK(wasserstein1(Sample{}, Sample{1}).error() == Undefined::no_reference);
  CHECK(wasserstein1(Sample{1}, Sample{missing}).error() == Undefined::no_data);
  CHECK(wasserstein1(Sample{1}, Sample{infinity}).error() == Undefined::out_of_domain);
  CHECK(wasserstein1(FrozenSample{}, Positions{{0, 1}}).error() == Undefined::no_reference);
  CHECK(wasserstein1(frozen, Positions{}).error() == Undefined::no_data);
  CHECK(wasserstein1(freeze({1, infinity}, 10), Positions{{1, 1}}).error() == Undefined::out_of_domain);
  CHECK(wasserstein1(frozen, Positions{{4, 1}}, LiveRange{infinity, infinity}).error() == Undefined::out_of_domain);
  const testing::BinVector some{1, 2}, none{0, 0};
  CHECK(wasserstein1_binned(some, none, Sample{0, 1}).error() == Undefined::no_data);
  CHECK(wasserstein1_binned(none, some, Sample{0, 1}).error() == Undefined::no_reference);
  CHECK(wasserstein1_scaled(1, 0).error() == Undefined::constant);
  CHECK(wasserstein1_evidently(1, 0) == 1000);
  CHECK(wasserstein1_evidently(1, 4) == 0.25);
}

TEST_CASE("wasserstein1: pairs the sorted values, is symmetric and a metric; a shift by c gives c") {
  const auto seed = testing::seed_of("w1");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<> normal;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto a = random_sample(rng, 30, round % 4), other = random_sample(rng, 30, round % 3);
    Sample same_size(a.size()), shifted = a, scaled = a, scaled_other = other;
    for (double& x : same_size) x = normal(rng);
    const double c = normal(rng), factor = std::exp(normal(rng));
    for (double& x : shifted) x += c;
    for (double& x : scaled) x = factor * x + c;
    for (double& x : scaled_other) x = factor * x + c;
    const double w1 = wasserstein1(a, other).value();
    REQUIRE(wasserstein1(other, a).value() == w1);
    REQUIRE(wasserstein1(a, a).value() == 0);
    REQUIRE(wasserstein1(a, same_size).value() == Approx(by_pairing(a, same_size)).epsilon(1e-12).margin(1e-13));
    REQUIRE(wasserstein1(a, shifted).value() == Approx(std::abs(c)).epsilon(1e-10).margin(1e-13));
    REQUIRE(wasserstein1(scaled, scaled_other).value() == Approx(factor * w1).epsilon(1e-9).margin(1e-12));
    REQUIRE(w1 <= wasserstein1(a, same_size).value() + wasserstein1(same_size, other).value() + 1e-12);
    const auto sd = binned_reference(*Bins::quantile(a, 1), a)->sd;
    const auto sd_scaled = binned_reference(*Bins::quantile(scaled, 1), scaled)->sd;
    if (sd < 1e-6) continue;
    REQUIRE(wasserstein1_scaled(factor * w1, sd_scaled).value() ==
            Approx(wasserstein1_scaled(w1, sd).value()).epsilon(1e-9).margin(1e-12));
  }
}

TEST_CASE("wasserstein1: from a frozen reference, worked by hand") {
  const auto frozen = freeze({0, 0, 10, 10}, 10);
  // One live value at 0, one somewhere in (0, 10): F = 1/2 there, G goes from 1/2 to 1.
  const auto between = wasserstein1(frozen, Positions{{1, 1}, {2, 1}}).value();
  CHECK(between.lower == 0);
  CHECK(between.upper == 5);
  // Beyond 10 nobody knows how far, unless the window says so: 14 is the greatest, the other at least beyond 10.
  const Positions beyond{{1, 1}, {4, 2}};
  CHECK(wasserstein1(frozen, beyond)->upper == infinity);
  const auto known = wasserstein1(frozen, beyond, LiveRange{0, 14}).value();
  const double inside = 10 * (0.5 - 1.0 / 3);
  CHECK(known.lower == Approx(inside + 4.0 / 3).epsilon(1e-14));
  CHECK(known.upper == Approx(inside + 4 * 2.0 / 3).epsilon(1e-14));
}

TEST_CASE("wasserstein1: the bracket of a frozen reference holds W1, and is W1 where all values are points of it") {
  const auto seed = testing::seed_of("w1 bracket");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int exact = 0, thinned = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto reference = random_sample(rng, 60, round % 4), live = random_sample(rng, 30, round % 4);
    const auto frozen = freeze(reference, round % 2 == 0 ? 1000 : 2 + rng() % 20);
    const auto positions = positions_of(frozen, live);
    const double w1 = wasserstein1(reference, live).value();
    const LiveRange range{*std::min_element(live.begin(), live.end()), *std::max_element(live.begin(), live.end())};
    const auto loose = wasserstein1(frozen, positions).value(), tight = wasserstein1(frozen, positions, range).value();
    CAPTURE(loose.lower, tight.lower, w1, tight.upper, loose.upper);
    REQUIRE((loose.lower <= tight.lower && tight.lower <= w1 + 1e-12));
    REQUIRE((w1 <= tight.upper + 1e-12 && tight.upper <= loose.upper));
    REQUIRE(std::isfinite(tight.upper));
    thinned += frozen.exact ? 0 : 1;
    const bool points_only = std::all_of(positions.begin(), positions.end(), [](auto& p) { return p.first % 2 == 1; });
    if (!points_only || !frozen.exact) continue;
    ++exact;
    REQUIRE(loose.lower == Approx(w1).epsilon(1e-12).margin(1e-13));
    REQUIRE(loose.upper == loose.lower);
  }
  CHECK(exact > 500);
  CHECK(thinned > 1000);
}

TEST_CASE("wasserstein1_binned: is W1 of values that sit on the representatives") {
  const auto seed = testing::seed_of("w1 binned");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    testing::BinVector a(1 + rng() % 8), b(a.size());
    Sample at{-1}, reference, live;
    while (at.size() < a.size()) at.push_back(at.back() + static_cast<double>(rng() % 100) / 8);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = rng() % 5 + (i == 0 ? 1 : 0);
      b[i] = rng() % 5 + (i == 0 ? 1 : 0);
      reference.insert(reference.end(), a[i], at[i]);
      live.insert(live.end(), b[i], at[i]);
    }
    REQUIRE(wasserstein1_binned(a, b, at).value() ==
            Approx(wasserstein1(reference, live).value()).epsilon(1e-12).margin(1e-13));
    REQUIRE(wasserstein1_binned(b, a, at).value() == wasserstein1_binned(a, b, at).value());
  }
}

TEST_CASE("wasserstein1_binned: 64 quantile bins find a shift to a few per cent") {
  const auto reference = testing::lcg(11, 20'000);
  auto live = testing::lcg(12, 20'000);
  for (double& x : live) x = 0.1 + 0.9 * x;  // uniform on [0.1, 1]: nothing beyond the reference
  const auto frozen = binned_reference(*Bins::quantile(reference), reference).value();
  const auto counts = histogram(frozen.bins, live);
  const double binned =
      wasserstein1_binned(frozen.ordered(), counts.first(frozen.bins.ordered()), frozen.representatives).value();
  CHECK(binned == Approx(wasserstein1(reference, live).value()).epsilon(0.02));
}

}  // namespace
}  // namespace pilotwatch::stats
