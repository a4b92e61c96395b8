// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/drift_summary.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/distance/binned.h"
#include "stats/distance/log_lanes.h"
#include "stats/distance/samples.h"
#include "stats/distance/wasserstein.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::BinVector;

TEST_CASE("drift_summary: says why there is nothing to say") {
  const BinVector some{1, 2}, none{0, 0};
  const std::vector<double> at{0, 1};
  CHECK(drift_summary(some, none, at).error() == Undefined::no_data);
  CHECK(drift_summary(none, some, at).error() == Undefined::no_reference);
}

TEST_CASE("drift_summary: the bits of the four functions") {
  const auto seed = testing::seed_of("drift summary");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto [a, b] = testing::random_counts(rng, round);
    std::vector<double> at{0};
    while (at.size() < a.size()) at.push_back(at.back() + static_cast<double>(rng() % 1000) / 7);
    const auto got = drift_summary(a, b, at).value();
    REQUIRE(got.psi == psi_jeffreys(a, b).value());
    REQUIRE(got.ks == ks_binned(a, b).value());
    REQUIRE(got.js_distance == js_distance(a, b).value());
    REQUIRE(got.wasserstein1 == wasserstein1_binned(a, b, at).value());
  }
}

TEST_CASE("log1p_lanes: right to 3 units in the last place from 1e-300 to 1e300, one number or two") {
  const auto seed = testing::seed_of("log1p");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  double worst = 0;
  for (int round = 0; round < 300'000; ++round) {
    const double u = round % 3 == 0   ? uniform(rng)
                     : round % 3 == 1 ? std::exp2(2 * uniform(rng)) - 1
                                      : std::exp(1380 * uniform(rng) - 690);
    const double got = detail::log1p_lanes(u);
    const long double right = std::log1p(static_cast<long double>(u));
    worst = std::max(worst, static_cast<double>(std::abs(got - right) / right));
    const double other = uniform(rng);
    const auto pair = detail::log1p_lanes(detail::Pair{u, other});
    REQUIRE((pair[0] == got && pair[1] == detail::log1p_lanes(other)));
  }
  CHECK(worst < 3 * 0x1p-52);
  CHECK(detail::log1p_lanes(0.0) == 0);
}

}  // namespace
}  // namespace pilotwatch::stats
