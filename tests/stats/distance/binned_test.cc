// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binned.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Bins = testing::BinVector;
using testing::random_counts;
using Distance = Answer<double> (*)(Counts, Counts);
constexpr double inf = std::numeric_limits<double>::infinity();

Answer<double> js_nats(Counts reference, Counts live) { return js_divergence(reference, live); }
Answer<double> js_two(Counts reference, Counts live) { return js_distance(reference, live); }
Answer<double> ks_upper(Counts reference, Counts live) {
  const auto bracket = ks_binned_bracket(reference, live);
  if (!bracket) return bracket.error();
  return bracket->upper;
}
constexpr Distance symmetric[] = {psi_jeffreys, psi_unsmoothed, psi_floor1e4, psi_floor_evidently,
                                  psi_laplace1, psi_add1e10,    js_nats,      js_two,
                                  hellinger,    linf,           tvd,          ks_binned};

TEST_CASE("psi: worked by hand, half/half against three quarters/one quarter") {
  const Bins reference{2, 2}, live{3, 1};
  const auto by_hand = [](double p, double q) { return (p - q) * std::log(p / q); };
  CHECK(psi_jeffreys(reference, live).value() ==
        Approx(by_hand(3.5 / 5, 2.5 / 5) + by_hand(1.5 / 5, 2.5 / 5)).epsilon(1e-14));
  CHECK(psi_laplace1(reference, live).value() ==
        Approx(by_hand(4.0 / 6, 3.0 / 6) + by_hand(2.0 / 6, 3.0 / 6)).epsilon(1e-14));
  const double raw = by_hand(0.75, 0.5) + by_hand(0.25, 0.5);
  for (const auto f : {psi_unsmoothed, psi_floor1e4, psi_floor_evidently}) {
    CHECK(f(reference, live).value() == Approx(raw).epsilon(1e-14));
  }
  CHECK(psi_add1e10(reference, live).value() == Approx(raw).epsilon(1e-9));
  CHECK(psi_add1e10(reference, live).value() < raw);
}

TEST_CASE("psi: the rule for zeros decides about the figure: 9.0, 17.0, 18.4 or 44.7 for one table") {
  const Bins reference{100, 100, 0, 0}, live{0, 0, 100, 100};
  CHECK(psi_laplace1(reference, live).value() == Approx(4 * 100 / 204.0 * std::log(101.0)).epsilon(1e-14));
  CHECK(psi_floor1e4(reference, live).value() == Approx(4 * (0.5 - 1e-4) * std::log(0.5 / 1e-4)).epsilon(1e-14));
  CHECK(psi_add1e10(reference, live).value() == Approx(4 * 0.5 * std::log((0.5 + 1e-10) / 1e-10)).epsilon(1e-14));
  CHECK(psi_unsmoothed(reference, live).value() == inf);
  CHECK(psi_jeffreys(reference, live).value() == Approx(4 * 100 / 202.0 * std::log(201.0)).epsilon(1e-14));
}

TEST_CASE(
    "psi_floor_evidently: 1e-4, and 1e-6 of the smallest share where that is 1e-4 or less, each side for itself") {
  const auto by_hand = [](double p, double q) { return (p - q) * std::log(p / q); };
  const Bins reference{1, 9998, 1, 0}, live{1, 1, 0, 1};  // smallest share of the reference: exactly 1e-4
  CHECK(psi_floor_evidently(reference, live).value() ==
        Approx(by_hand(1 / 3., 1e-4) + by_hand(1 / 3., 0.9998) + by_hand(1e-4, 1e-4) + by_hand(1 / 3., 1e-10))
            .epsilon(1e-14));
}

TEST_CASE("psi_rule: finds each variant by its id and nothing else") {
  const Bins reference{10, 0, 5}, live{7, 3, 9};
  for (const auto& rule : psi_rules) {
    REQUIRE(psi_rule(rule.formula) != nullptr);
    CHECK(psi_rule(rule.formula)->distance == rule.distance);
  }
  CHECK(psi_rule("psi-laplace1/v1")->distance(reference, live).value() == psi_laplace1(reference, live).value());
  CHECK(psi_rule("psi-jeffreys/v2") == nullptr);
  CHECK(psi_rule("") == nullptr);
}

TEST_CASE("distances: worked by hand, a bin that empties") {
  const Bins reference{1, 1}, live{0, 2};
  CHECK(psi_unsmoothed(reference, live).value() == inf);
  CHECK(psi_floor1e4(reference, live).value() ==
        Approx((1e-4 - 0.5) * std::log(1e-4 / 0.5) + 0.5 * std::log(2.0)).epsilon(1e-14));
  CHECK(kl(reference, live).value() == Approx(std::log(2.0)).epsilon(1e-14));
  CHECK(kl(live, reference).value() == inf);
  CHECK(js_divergence(reference, live).value() ==
        Approx((0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3) + std::log(4.0 / 3)) / 2).epsilon(1e-14));
  CHECK(hellinger(reference, live).value() == Approx(std::sqrt(1 - std::sqrt(0.5))).epsilon(1e-14));
  CHECK(linf(reference, live).value() == 0.5);
  CHECK(tvd(reference, live).value() == 0.5);
  CHECK(ks_binned(reference, live).value() == 0.5);
}

TEST_CASE("distances: a side without data has no shares, and the answer says which") {
  const Bins some{1, 2}, none{0, 0}, no_bins;
  for (const auto f : {psi_jeffreys, psi_unsmoothed, psi_floor1e4, psi_floor_evidently, psi_laplace1, psi_add1e10, kl,
                       js_nats, js_two, hellinger, linf, tvd, ks_binned, ks_upper}) {
    CHECK(f(some, none).error() == Undefined::no_data);
    CHECK(f(none, some).error() == Undefined::no_reference);
    CHECK(f(none, none).error() == Undefined::no_reference);
    CHECK(f(no_bins, no_bins).error() == Undefined::no_reference);
  }
}

TEST_CASE("distances: very large counts agree with 50-digit arithmetic to 12 digits") {
  const Bins reference{1'000'000'000, 2'000'000'000, 3'000'000'000}, live{1'000'050'000, 2'000'000'000, 2'999'950'000};
  CHECK(js_distance(reference, live, LogBase::e).value() == Approx(8.333263890962522105e-06).epsilon(1e-13));
  CHECK(js_distance(reference, live).value() == Approx(1.000926999776604767e-05).epsilon(1e-13));
  CHECK(js_divergence(reference, live).value() == Approx(6.9443287076419833504e-11).epsilon(1e-13));
  CHECK(hellinger(reference, live).value() == Approx(8.3332638911313000361e-06).epsilon(1e-13));
  CHECK(psi_unsmoothed(reference, live).value() == Approx(5.5554629665636574126e-10).epsilon(1e-13));
  CHECK(psi_jeffreys(reference, live).value() == Approx(5.5554629628600771616e-10).epsilon(1e-13));
  CHECK(kl(reference, live).value() == Approx(2.7777469144804269556e-10).epsilon(1e-11));  // its terms cancel
}

TEST_CASE("distances: counts near the end of the range are still counts") {
  const std::uint64_t huge = std::uint64_t{1} << 61;
  const Bins reference{huge, 0}, live{huge / 2, huge / 2};
  CHECK(tvd(reference, live).value() == 0.5);
  CHECK(ks_binned(reference, live).value() == 0.5);
  CHECK(kl(reference, live).value() == inf);
  CHECK(kl(live, reference).value() == Approx(std::log(2.0)).epsilon(1e-14));
  CHECK(js_divergence(reference, live).value() ==
        Approx((std::log(4.0 / 3) + 0.5 * std::log(2.0 / 3) + 0.5 * std::log(2.0)) / 2).epsilon(1e-14));
  CHECK(std::isfinite(psi_jeffreys(reference, live).value()));
}

TEST_CASE("distances: never negative, zero on equal shares, symmetric to the bit, within their range") {
  const auto seed = testing::seed_of("distances");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto [a, b] = random_counts(rng, round);
    Bins more = a;  // the same shares
    const std::uint64_t factor = 1 + rng() % 1000;
    for (auto& count : more) count *= factor;
    for (const auto f : symmetric) {
      REQUIRE(f(a, a).value() == 0.0);
      REQUIRE(f(a, b).value() >= 0.0);
      REQUIRE(f(a, b).value() == f(b, a).value());
      if (f != psi_jeffreys && f != psi_laplace1) REQUIRE(f(a, more).value() == 0.0);
    }
    REQUIRE(std::isfinite(psi_jeffreys(a, b).value()));
    REQUIRE(kl(a, a).value() == 0.0);
    REQUIRE(kl(a, more).value() == 0.0);
    REQUIRE(kl(a, b).value() >= 0.0);
    for (const auto f : {js_two, hellinger, linf, tvd, ks_binned, ks_upper}) REQUIRE(f(a, b).value() <= 1);
    REQUIRE(js_nats(a, b).value() <= std::log(2.0));
  }
}

TEST_CASE("distances: keep the inequalities that tie them to each other") {
  const auto seed = testing::seed_of("inequalities");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto [a, b] = random_counts(rng, round);
    const double t = tvd(a, b).value(), h = hellinger(a, b).value();
    REQUIRE(linf(a, b).value() <= t + 1e-15);  // what one bin loses others gain
    REQUIRE(ks_binned(a, b).value() <= t + 1e-15);
    REQUIRE(h * h <= t + 1e-12);                                  // Le Cam
    REQUIRE(t <= h * std::sqrt(2 - h * h) + 1e-12);               // Le Cam
    REQUIRE(2 * t * t <= kl(a, b).value() + 1e-12);               // Pinsker
    REQUIRE(js_nats(a, b).value() <= t * std::log(2.0) + 1e-12);  // Lin 1991, theorem 3
    const auto both = kl(a, b).value() + kl(b, a).value();        // PSI is both divergences together
    if (std::isfinite(both)) REQUIRE(psi_unsmoothed(a, b).value() == Approx(both).margin(1e-13));
  }
}

TEST_CASE("ks_binned_bracket: worked by hand") {
  // F: 1/2, 1 and G: 1/4, 1 at the ends. In bin 1 F - G <= 1/2 - 0; in bin 2 G - F <= 1 - 1/2 and F - G <= 1 - 1/4.
  const auto got = ks_binned_bracket(Bins{2, 2}, Bins{1, 3}).value();
  CHECK(got.lower == 0.25);
  CHECK(got.upper == 0.75);
  // A bin with one side only hides nothing.
  const auto apart = ks_binned_bracket(Bins{4, 0}, Bins{0, 3}).value();
  CHECK(apart.lower == 1);
  CHECK(apart.upper == 1);
}

TEST_CASE("ks_binned_bracket: holds the D of every sample with these counts, and some come near its ends") {
  const auto seed = testing::seed_of("ks binned bracket");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const std::size_t k = 1 + rng() % 6;
    Bins a(k), b(k);
    testing::Sample reference, live;
    for (std::size_t i = 0; i < k; ++i) {
      a[i] = rng() % 6 + (i == 0 ? 1 : 0);
      b[i] = rng() % 6 + (i == 0 ? 1 : 0);
      // round % 3 = 0: anywhere in the bin; 1: the reference first; 2: live first
      const auto anywhere = [&] { return std::uniform_real_distribution<>{0, 1}(rng); };
      const auto left = static_cast<double>(i);
      for (std::uint64_t c = 0; c < a[i]; ++c)
        reference.push_back(left + (round % 3 == 0 ? anywhere() : 0.1 * (round % 3)));
      for (std::uint64_t c = 0; c < b[i]; ++c) live.push_back(left + (round % 3 == 0 ? anywhere() : 0.3 / (round % 3)));
    }
    const auto got = ks_binned_bracket(a, b).value();
    const double d = ks_two_sample(reference, live).value();
    REQUIRE(got.lower == ks_binned(a, b).value());
    REQUIRE(got.lower <= d + 1e-12);
    REQUIRE(d <= got.upper + 1e-12);
    double widest = 0, n = static_cast<double>(reference.size()), m = static_cast<double>(live.size());
    for (std::size_t i = 0; i < k; ++i) {
      widest = std::max(widest, std::min(static_cast<double>(a[i]) / n, static_cast<double>(b[i]) / m));
    }
    REQUIRE(got.upper - got.lower <= widest + 1e-12);
    if (k == 1) REQUIRE(got.upper == 1);  // one bin proves nothing
  }
}

}  // namespace
}  // namespace pilotwatch::stats
