// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/position_finder.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

using namespace pilotwatch::stats;

TEST_CASE("A position finder answers what the sample answers", "[position_finder]") {
  std::mt19937_64 random(Catch::rngSeed());
  for (const std::size_t size : {0U, 1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 255U, 1000U, 5000U, 9000U}) {
    INFO("seed " << Catch::rngSeed() << ", " << size << " values");
    std::vector<double> values;
    std::uniform_int_distribution<int> whole(-2000, 2000);  // some occur more than once
    std::uniform_real_distribution<double> any(-500, 500);
    for (std::size_t i = 0; i < size; ++i) values.push_back(size > 5000 ? any(random) : whole(random) / 4.0);
    const auto sample = freeze(values, 10'000);
    const PositionFinder finder(sample);
    std::vector<double> asked = sample.values;
    for (const double x : sample.values) {
      asked.push_back(std::nextafter(x, -1e300));
      asked.push_back(std::nextafter(x, 1e300));
    }
    for (int i = 0; i < 1000; ++i) asked.push_back(whole(random) / 3.0);
    for (const double x : {0.0, -0.0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
      asked.push_back(x);
    for (const double x : asked) {
      INFO("x = " << x);
      REQUIRE(finder.position(x) == sample.position(x));
    }
  }
}
