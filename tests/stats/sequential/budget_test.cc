// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/budget.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "stats/sequential/plan.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("budget: 1 % over 90 days is 9,000 days, and a share of it") {
  CHECK(Guarantee{.01, 90}.n() == Approx(9000));
  const auto at = thresholds(9000, .1);
  CHECK(at.alarm == Approx(90'000));
  CHECK(at.warning == Approx(1'800));
  CHECK(at.clear == Approx(180));
}

TEST_CASE("budget: families have their parts, their monitors equal shares of it") {
  const std::vector<Family> monitors{Family::outcome, Family::outcome, Family::drift, Family::fairness,
                                     Family::quality};
  const auto shares = split_budget(monitors);
  CHECK(shares[0] == Approx(.25));
  CHECK(shares[1] == Approx(.25));
  CHECK(shares[2] == Approx(.3));
  CHECK(std::accumulate(shares.begin(), shares.end(), 0.) == Approx(1));
}

TEST_CASE("budget: what a family without monitors leaves goes to the others, and nothing is ever overdrawn") {
  const std::vector<Family> two{Family::outcome, Family::drift};
  const auto shares = split_budget(two);
  CHECK(shares[0] == Approx(.5 / .8));
  CHECK(shares[1] == Approx(.3 / .8));
  CHECK(split_budget({}).empty());
  const std::vector<Family> none_left{Family::outcome};
  CHECK(split_budget(none_left, {0, 0, 0, 1})[0] == 0);
  const auto seed = testing::seed_of("budget");
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    std::vector<Family> monitors(1 + rng() % 50);
    for (auto& family : monitors) family = static_cast<Family>(rng() % family_count);
    FamilyShares parts{};
    double left = 1;
    for (double& part : parts) left -= part = left * static_cast<double>(rng() % 1000) / 1000;
    const auto all = split_budget(monitors, parts);
    REQUIRE(std::accumulate(all.begin(), all.end(), 0.) <= 1 + 1e-12);
  }
}

TEST_CASE("digest: one strong monitor of four needs 4 N, two of four need 2 N each") {
  CHECK(digest(std::vector{4., 1., 0., 0.}, 1) == std::vector<std::size_t>{0});
  CHECK(digest(std::vector{3.9, 1., 0., 0.}, 1).empty());
  CHECK(digest(std::vector{2., 0., 2., 0.}, 1) == std::vector<std::size_t>{0, 2});
  CHECK(digest(std::vector{1., 1., 1., 1.}, 1).size() == 4);
  CHECK(digest(std::vector<double>{}, 1).empty());
}

TEST_CASE("plan: earliest alarm, block sizes, and what cannot be planned") {
  CHECK(earliest_alarm(.05, 1e5) == 6);  // six errors in a row
  CHECK(block_size(.05) == 20);
  CHECK(block_size(.5) == 10);
  CHECK(block_size(.001) == 500);
  CHECK(block_size(.05, 5.67) == 57);
  CHECK(planned_delay(.05, .05, 1e5).error() == Undefined::out_of_domain);
  CHECK(planned_delay(.05, 1, 1e5).error() == Undefined::out_of_domain);
  CHECK(planned_delay(.05, .08, 1e7).value() > planned_delay(.05, .08, 1e5).value());
}

TEST_CASE("design effect: 1 for independent values, (1 + rho)/(1 - rho) for a Markov chain") {
  std::mt19937_64 rng{29};
  std::vector<double> independent(20'000), chain(20'000);
  double state = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    independent[i] = rng() % 2 == 0 ? 1 : 0;
    if (rng() % 10 >= 7) state = rng() % 2 == 0 ? 1 : 0;
    chain[i] = state;
  }
  CHECK(design_effect(independent).value() == Approx(1).margin(.05));
  CHECK(design_effect(chain).value() == Approx(1.7 / .3).epsilon(.1));
  CHECK(design_effect(std::vector<double>(100, .5)).error() == Undefined::constant);
  CHECK(design_effect(std::vector<double>(10, .5)).error() == Undefined::too_few);
}

}  // namespace
}  // namespace pilotwatch::stats
