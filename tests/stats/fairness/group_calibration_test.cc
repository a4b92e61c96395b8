// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/group_calibration.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("group_ece: worked by hand over two bins") {
  std::array<ScoreBin, 2> a{}, b{};
  a[0].add(.25, false, 3);  // mean .25, share 0 of 3: .75 cases off
  a[1].add(.75, true, 1);   // .25 off
  b[1].add(.75, true, 3);
  b[1].add(.75, false, 1);  // calibrated
  CHECK(*group_ece(a) == Approx(1.0 / 4).epsilon(1e-15));
  CHECK(*group_ece(b) == 0);
  CHECK(*group_ece_gap(a, b) == Approx(.25).epsilon(1e-15));
  CHECK(*group_ece_gap(b, a) == Approx(-.25).epsilon(1e-15));
  CHECK(*ece_noise_floor(b) == Approx(std::sqrt(2 * .75 * .25 / (std::numbers::pi * 4))).epsilon(1e-14));
}

TEST_CASE("group_ece: without cases there is none") {
  const std::array<ScoreBin, 2> none{};
  CHECK(group_ece(none).error() == Undefined::no_data);
  CHECK(ece_noise_floor(none).error() == Undefined::no_data);
  CHECK(group_ece_gap(none, none).error() == Undefined::no_data);
  std::array<ScoreBin, 1> odd{};
  odd[0].add(1.5, true);
  CHECK(ece_noise_floor(odd).error() == Undefined::out_of_domain);
}

TEST_CASE("group_ece: a calibrated score shows its noise floor on average, and stays within [0, 1]") {
  const auto seed = testing::seed_of("ece noise floor");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  double shown = 0, floor = 0;
  constexpr int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    std::array<ScoreBin, 5> bins{};
    for (int i = 0; i < 500; ++i) {
      const double p = 0.1 + 0.8 * uniform(rng);
      bins[std::min<std::size_t>(4, static_cast<std::size_t>(p * 5))].add(p, uniform(rng) < p);
    }
    const double ece = *group_ece(bins);
    REQUIRE((0 <= ece && ece <= 1));
    shown += ece;
    floor += *ece_noise_floor(bins);
  }
  CHECK(shown / floor == Approx(1).epsilon(0.05));
}

}  // namespace
}  // namespace pilotwatch::stats
