// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/noise_floor.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <string>

#include "stats/distance/binned_reference.h"
#include "stats/distance/chi_squared.h"
#include "stats/distance/samples.h"
#include "stats/distance/wasserstein.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::BinVector;
using testing::Sample;

TEST_CASE("noise floors: worked by hand") {
  CHECK(psi_noise_floor(10, 1000, 500).value() == Approx(9 * 0.003).epsilon(1e-14));
  CHECK(kl_noise_floor(10, 1000, 500).value() == Approx(4.5 * 0.003).epsilon(1e-14));
  CHECK(js_divergence_noise_floor(9, 1000, 500).value() == Approx(0.003).epsilon(1e-14));
  CHECK(js_divergence_noise_floor(9, 1000, 500, LogBase::two).value() == Approx(0.003 / std::log(2.0)).epsilon(1e-14));
  // E chi(1) = sqrt(2/pi), E chi(2) = sqrt(pi/2)
  CHECK(hellinger_noise_floor(2, 1000, 500).value() ==
        Approx(std::sqrt(0.003 / 8 * 2 / std::numbers::pi)).epsilon(1e-13));
  CHECK(hellinger_noise_floor(3, 1000, 500).value() ==
        Approx(std::sqrt(0.003 / 8 * std::numbers::pi / 2)).epsilon(1e-13));
  CHECK(js_distance_noise_floor(3, 1000, 500, LogBase::e).value() ==
        Approx(hellinger_noise_floor(3, 1000, 500).value()).epsilon(1e-14));
  CHECK(js_distance_noise_floor(3, 1000, 500).value() ==
        Approx(hellinger_noise_floor(3, 1000, 500).value() / std::sqrt(std::log(2.0))).epsilon(1e-14));
  // two equal bins: each share differs by N(0, v/4)
  const double mean_absolute = std::sqrt(2 / std::numbers::pi * 0.003 / 4);
  CHECK(tvd_noise_floor(BinVector{500, 500}, 500).value() == Approx(mean_absolute).epsilon(1e-14));
  CHECK(linf_noise_floor(BinVector{500, 500}, 500).value() == Approx(mean_absolute).epsilon(1e-7));
  CHECK(chi2_noise_floor(7).value() == 6);
  CHECK(ks_noise_floor(1000, 500).value() == Approx(0.8687 * std::sqrt(0.003)).epsilon(1e-4));
  CHECK(wasserstein1_noise_floor(BinVector{500, 500}, Sample{0, 3}, 500).value() ==
        Approx(3 * mean_absolute).epsilon(1e-14));
  auto half = Sample(500, 0.0);
  half.resize(1000, 3.0);
  CHECK(wasserstein1_noise_floor(freeze(half, 10), 500).value() == Approx(3 * mean_absolute).epsilon(1e-14));
}

TEST_CASE("noise floors: one bin has none, and empty sides have no answer") {
  for (const auto f : {psi_noise_floor, kl_noise_floor, hellinger_noise_floor}) {
    CHECK(f(1, 10, 10).value() == 0);
    CHECK(f(10, 0, 10).error() == Undefined::no_reference);
    CHECK(f(0, 10, 10).error() == Undefined::no_reference);
    CHECK(f(10, 10, 0).error() == Undefined::no_data);
  }
  CHECK(js_divergence_noise_floor(1, 10, 10).value() == 0);
  CHECK(js_distance_noise_floor(1, 10, 10).value() == 0);
  CHECK(js_divergence_noise_floor(2, 10, 0).error() == Undefined::no_data);
  CHECK(js_distance_noise_floor(2, 0, 10).error() == Undefined::no_reference);
  CHECK(chi2_noise_floor(0).error() == Undefined::no_reference);
  CHECK(ks_noise_floor(0, 1).error() == Undefined::no_reference);
  CHECK(ks_noise_floor(1, 0).error() == Undefined::no_data);
  for (const auto f : {tvd_noise_floor, linf_noise_floor}) {
    CHECK(f(BinVector{10, 0}, 10).value() == 0);
    CHECK(f(BinVector{}, 10).error() == Undefined::no_reference);
    CHECK(f(BinVector{0, 0}, 10).error() == Undefined::no_reference);
    CHECK(f(BinVector{1, 1}, 0).error() == Undefined::no_data);
  }
  CHECK(wasserstein1_noise_floor(FrozenSample{}, 10).error() == Undefined::no_reference);
  CHECK(wasserstein1_noise_floor(freeze({1, 2}, 10), 0).error() == Undefined::no_data);
  CHECK(wasserstein1_noise_floor(freeze({1, testing::infinity}, 10), 5).error() == Undefined::out_of_domain);
  CHECK(wasserstein1_noise_floor(freeze({1, 1}, 10), 5).value() == 0);
}

/// What the distances show on average over `rounds` pairs of samples of one distribution over bins.
std::map<std::string, double> simulated(std::mt19937_64& rng, std::vector<double> weights, int n, int m, int rounds) {
  std::discrete_distribution<std::size_t> bin(weights.begin(), weights.end());
  std::map<std::string, double> mean;
  Sample at(weights.size());
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<double>(i * i);
  for (int round = 0; round < rounds; ++round) {
    BinVector a(weights.size()), b(weights.size());
    for (int i = 0; i < n; ++i) ++a[bin(rng)];
    for (int i = 0; i < m; ++i) ++b[bin(rng)];
    const auto add = [&](const char* name, double value) { mean[name] += value / rounds; };
    add("psi", psi_jeffreys(a, b).value());
    add("kl", kl(a, b).value());
    add("js", js_divergence(a, b).value());
    add("js distance", js_distance(a, b).value());
    add("hellinger", hellinger(a, b).value());
    add("tvd", tvd(a, b).value());
    add("linf", linf(a, b).value());
    add("chi2", chi2(a, b)->statistic);
    add("w1", wasserstein1_binned(a, b, at).value());
  }
  return mean;
}

TEST_CASE("noise floors: are what the binned distances show on average when nothing has drifted") {
  const auto seed = testing::seed_of("noise floors");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const std::vector<double> weights{1, 2, 3, 4, 3, 2, 1, 4};
  constexpr int n = 2000, m = 1000, rounds = 2000;
  auto mean = simulated(rng, weights, n, m, rounds);
  BinVector reference;
  Sample at;
  for (const double weight : weights) {
    at.push_back(static_cast<double>(reference.size() * reference.size()));
    reference.push_back(static_cast<std::uint64_t>(weight * n / 20));
  }
  // sd of one PSI is sqrt(2/7) of its mean, so the average of 2000 has 1.2 % and 6 % are five of them; the roots, half
  // of that; TVD and W1 vary by less than half of their mean.
  CHECK(mean["psi"] == Approx(psi_noise_floor(8, n, m).value()).epsilon(0.06));
  CHECK(mean["kl"] == Approx(kl_noise_floor(8, n, m).value()).epsilon(0.06));
  CHECK(mean["js"] == Approx(js_divergence_noise_floor(8, n, m).value()).epsilon(0.06));
  CHECK(mean["chi2"] == Approx(chi2_noise_floor(8).value()).epsilon(0.06));
  CHECK(mean["js distance"] == Approx(js_distance_noise_floor(8, n, m).value()).epsilon(0.035));
  CHECK(mean["hellinger"] == Approx(hellinger_noise_floor(8, n, m).value()).epsilon(0.035));
  CHECK(mean["tvd"] == Approx(tvd_noise_floor(reference, m).value()).epsilon(0.035));
  CHECK(mean["w1"] == Approx(wasserstein1_noise_floor(reference, at, m).value()).epsilon(0.06));
  CHECK(mean["linf"] == Approx(linf_noise_floor(reference, m).value()).epsilon(0.06));
}

TEST_CASE("linf_noise_floor: an upper bound, and how loose it is") {
  const auto seed = testing::seed_of("linf floor");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (const auto& [bins, looseness] : std::map<std::size_t, double>{{2, 0.0}, {3, 0.12}, {10, 0.02}, {20, 0.01}}) {
    const auto mean = simulated(rng, std::vector<double>(bins, 1.0), 3000, 3000, 1500)["linf"];
    const double floor = linf_noise_floor(BinVector(bins, 3000 / bins), 3000).value();
    CAPTURE(bins, mean, floor);
    // sd of one is about half its mean (k = 2: three quarters), so the average of 1500 has up to 2 %: 5 of them.
    CHECK(floor / mean == Approx(1 + looseness).epsilon(bins == 2 ? 0.1 : 0.06));
  }
}

TEST_CASE("noise floors: are what KS and W1 of raw values show on average when nothing has drifted") {
  const auto seed = testing::seed_of("noise floors of samples");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<> normal;
  const auto draw = [&](std::size_t n) {
    Sample out(n);
    for (double& x : out) x = normal(rng);
    return out;
  };
  double d = 0, w1 = 0, floor = 0;
  constexpr int rounds = 1000;
  for (int round = 0; round < rounds; ++round) {
    const auto a = draw(1000), b = draw(500);
    d += ks_two_sample(a, b).value() / rounds;
    w1 += wasserstein1(a, b).value() / rounds;
    if (round < 20) floor += wasserstein1_noise_floor(freeze(a, 10'000), b.size()).value() / 20;
  }
  // sd of one D is 0.3 of its mean, of W1 half: 0.9 % and 1.6 % of an average of 1000; KS has 2 % of small-sample bias.
  CHECK(d == Approx(ks_noise_floor(1000, 500).value()).epsilon(0.06));
  CHECK(w1 == Approx(floor).epsilon(0.08));
  // normal: integral sqrt(F (1 - F)) = 1.615 sd
  CHECK(floor == Approx(std::sqrt(2 / std::numbers::pi * 0.003) * 1.615).epsilon(0.03));
}

}  // namespace
}  // namespace pilotwatch::stats
