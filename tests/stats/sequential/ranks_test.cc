// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/ranks.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/sequential/bets.h"
#include "stats/sequential/numeric.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

template <class Table>
void check_table(const Table& table) {
  double weights = 0;
  for (std::size_t k = 0; k < table.weights.size(); ++k) {
    CAPTURE(k);
    weights += table.weights[k];
    double sum = 0;
    for (const auto& cell : table.by_cell) {
      REQUIRE(cell[k] >= 0);
      sum += static_cast<double>(cell[k]);
    }
    CHECK(sum / static_cast<double>(rank_cells) <= 1);  // never more than 1, and 1 to single precision
    CHECK(sum / static_cast<double>(rank_cells) == Approx(1).epsilon(2e-7));
  }
  CHECK(weights == Approx(1).epsilon(1e-14));
}

TEST_CASE("rank tables: every bet is non-negative and averages 1, never more") {
  check_table(event_rank_table());
  check_table(block_rank_table());
}

TEST_CASE("rank bets: a shift up favours high ranks, a wider scale both ends, mirror images mirror") {
  CHECK(location_bet(rank_cells - 1, .5) > location_bet(0, .5));
  CHECK(scale_bet(0, 2) > scale_bet(rank_cells / 2, 2));
  for (const std::size_t cell : {0UL, 17UL, 500UL}) {
    CHECK(location_bet(cell, .7) == Approx(location_bet(rank_cells - 1 - cell, -.7)).epsilon(1e-12));
    CHECK(scale_bet(cell, .5) == Approx(scale_bet(rank_cells - 1 - cell, .5)).epsilon(1e-12));
    CHECK(tail_bet(cell, Tail::low, .3) == tail_bet(rank_cells - 1 - cell, Tail::high, .3));
  }
}

TEST_CASE("conformal ranks: worked by hand") {
  const RankReference reference{{2, 1, 1}};
  ConformalRanks ranks(reference);
  CHECK(ranks.rank(1, .5) == Approx((2 + .5 * 2) / 5));  // 2 below, 2 in the bin with the new one, 5 in all
  CHECK(ranks.rank(0, .25) == Approx((0 + .25 * 3) / 6));
  CHECK(ranks.rank(2, 1 - 1e-12) == Approx(1));
  CHECK(ranks.seen() == 3);
  ranks.restart();
  CHECK(ranks.seen() == 0);
  CHECK(ranks.rank(1, .5) == Approx(.6));
}

TEST_CASE("conformal ranks: uniform over exchangeable values, whatever the bins") {
  const auto seed = testing::seed_of("ranks");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::array<double, 10> cells{};
  constexpr int rounds = 10'000;
  for (int round = 0; round < rounds; ++round) {
    std::discrete_distribution<std::size_t> bin{5, 1, 3, 1};
    RankReference reference{std::vector<std::uint32_t>(4, 0)};
    for (int i = 0; i < 8; ++i) ++reference.counts[bin(rng)];
    ConformalRanks ranks(reference);
    double u = 0;
    for (int i = 0; i < 3; ++i) u = ranks.rank(bin(rng), std::uniform_real_distribution<double>(0, 1)(rng));
    REQUIRE(u > 0);
    REQUIRE(u < 1);
    cells[static_cast<std::size_t>(u * 10)] += 1;
  }
  double chi_squared = 0;
  for (const double count : cells) chi_squared += (count - rounds / 10.) * (count - rounds / 10.) / (rounds / 10.);
  CHECK(chi_squared < 40);  // 9 degrees of freedom: beyond 40 in 1 of 100,000
}

TEST_CASE("tie breakers: in (0, 1), the same again, unrelated between monitors and between events") {
  CHECK(tie_breaker(3, 8) == tie_breaker(3, 8));
  CHECK(tie_breaker(3, 8) != tie_breaker(8, 3));
  double sum = 0, product = 0;
  constexpr int n = 100'000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double a = tie_breaker(1, i), b = tie_breaker(2, i);
    REQUIRE((a > 0 && a < 1));
    sum += a;
    product += (a - .5) * (b - .5);
  }
  CHECK(sum / n == Approx(.5).margin(.005));
  CHECK(product / n == Approx(0).margin(.0015));
}

TEST_CASE(
    "rank drift: a shift of one sd is seen, the same distribution is not, and an alarm starts from the reference") {
  std::mt19937_64 rng{5};
  std::normal_distribution<double> normal;
  RankReference reference{std::vector<std::uint32_t>(64, 0)};
  const auto bin = [](double x) { return static_cast<std::size_t>(std::clamp((x + 3) / 6 * 64, 0., 63.)); };
  for (int i = 0; i < 2000; ++i) ++reference.counts[bin(normal(rng))];
  RankDrift block(reference, 20, Thresholds{1e5});
  EventRankDrift event(reference, Thresholds{1e5});
  std::uint64_t t = 0;
  for (; t < 5000; ++t) {
    const auto b = bin(normal(rng));
    REQUIRE(block.step(b, tie_breaker(1, t), 1) != Signal::alarm);
    REQUIRE(event.step(b, tie_breaker(2, t), 1) != Signal::alarm);
  }
  bool blocks_saw = false, events_saw = false;
  for (; t < 5400 && !(blocks_saw && events_saw); ++t) {
    const auto b = bin(1 + normal(rng));
    blocks_saw = blocks_saw || block.step(b, tie_breaker(1, t), 1) == Signal::alarm;
    events_saw = events_saw || event.step(b, tie_breaker(2, t), 1) == Signal::alarm;
  }
  CHECK(blocks_saw);
  CHECK(events_saw);
  CHECK(block.watch().alarmed().change_point * 20 == Approx(5000).margin(100));
}

TEST_CASE("detectors of numbers and of rates take no more memory than their headers say") {
  CHECK(sizeof(RankDrift) <= 1536);
  CHECK(sizeof(EventRankDrift) <= 1536);
}

}  // namespace
}  // namespace pilotwatch::stats
