// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/scores.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Case {
  double score;
  bool positive;
};
using Cases = std::vector<Case>;

ScoreState state_of(const Cases& cases, std::size_t cap = KeyedCounts::default_cap) {
  ScoreState out(cap);
  for (const auto& c : cases) out.add(c.score, c.positive);
  return out;
}

/// By the definition: every pair of a positive and a negative.
double auc_of_pairs(const Cases& cases) {
  double right = 0, pairs = 0;
  for (const auto& a : cases) {
    for (const auto& b : cases) {
      if (!a.positive || b.positive) continue;
      right += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0;
      pairs += 1;
    }
  }
  return right / pairs;
}

/// By the definition: for each positive the precision at its score, averaged (a tied group shares one precision).
double ap_of_ranks(const Cases& cases) {
  double sum = 0, positives = 0;
  for (const auto& a : cases) {
    if (!a.positive) continue;
    double hits = 0, selected = 0;
    for (const auto& b : cases) {
      if (b.score < a.score) continue;
      selected += 1;
      hits += b.positive ? 1 : 0;
    }
    sum += hits / selected;
    positives += 1;
  }
  return sum / positives;
}

Cases draw(std::mt19937_64& rng, std::size_t n, std::uint64_t distinct) {
  std::uniform_real_distribution<double> noise(0, 0.5);
  Cases out;
  for (std::size_t i = 0; i < n; ++i) {
    const bool positive = rng() % 3 == 0;
    double score = noise(rng) + (positive ? 0.2 : 0.0);
    if (distinct > 0) score = std::floor(score * static_cast<double>(distinct)) / static_cast<double>(distinct);
    out.push_back({score, positive});
  }
  out.push_back({0.6, true});
  out.push_back({0.1, false});
  return out;
}

TEST_CASE("scores: AUC worked by hand, one tie among six pairs") {
  // positives .8 .4, negatives .6 .4 .2: .8 beats three; .4 ties one, beats one, loses to one
  const auto table = state_of({{0.8, true}, {0.4, true}, {0.6, false}, {0.4, false}, {0.2, false}}).table();
  const auto auc = roc_auc(table).value();
  CHECK(auc.estimate == Approx(4.5 / 6).epsilon(1e-15));
  CHECK(auc.lower == auc.estimate);
  CHECK(auc.upper == auc.estimate);
  CHECK(gini(table).value().estimate == Approx(0.5).epsilon(1e-15));
  // .8: recall 1/2 at precision 1; .4: recall 1 at precision 2/4
  CHECK(average_precision(table).value().estimate == Approx(0.5 * 1 + 0.5 * 0.5).epsilon(1e-15));
}

TEST_CASE("scores: undefined without data or without a class") {
  CHECK(roc_auc(ScoreTable{}).error() == Undefined::no_data);
  CHECK(average_precision(ScoreTable{}).error() == Undefined::no_data);
  const auto positives = state_of({{0.2, true}}).table(), negatives = state_of({{0.2, false}}).table();
  CHECK(roc_auc(positives).error() == Undefined::no_negatives);
  CHECK(roc_auc(negatives).error() == Undefined::no_positives);
  CHECK(gini(negatives).error() == Undefined::no_positives);
  CHECK(average_precision(negatives).error() == Undefined::no_positives);
  CHECK(average_precision(positives).value().estimate == 1);
}

TEST_CASE("scores: -0 is 0, infinities are scores like others") {
  const auto table = state_of({{0.0, true}, {-0.0, false}, {inf, true}, {-inf, false}}).table();
  REQUIRE(table.groups.size() == 3);
  CHECK(table.groups.front().score == -inf);
  CHECK(table.groups[1].p == 1);
  CHECK(table.groups[1].n == 1);
  CHECK(table.groups.back().score == inf);
  CHECK(roc_auc(table).value().estimate == 3.5 / 4);
}

TEST_CASE("scores: AUC and average precision are those of their definitions") {
  const auto seed = testing::seed_of("scores by definition");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto cases = draw(rng, rng() % 12, round % 3 == 0 ? 0 : 1 + rng() % 6);
    const auto table = state_of(cases).table();
    REQUIRE(table.exact);
    const double auc = roc_auc(table).value().estimate, ap = average_precision(table).value().estimate;
    REQUIRE(auc == Approx(auc_of_pairs(cases)).epsilon(1e-14));
    REQUIRE(ap == Approx(ap_of_ranks(cases)).epsilon(1e-14));
    REQUIRE((0 <= auc && auc <= 1 && 0 < ap && ap <= 1));

    Cases mapped = cases, turned = cases;  // an increasing map changes nothing, a decreasing one mirrors
    for (auto& c : mapped) c.score = std::exp(3 * c.score) - 7;
    for (auto& c : turned) c.score = -c.score;
    REQUIRE(roc_auc(state_of(mapped).table()).value().estimate == auc);
    REQUIRE(average_precision(state_of(mapped).table()).value().estimate == ap);
    REQUIRE(roc_auc(state_of(turned).table()).value().estimate == Approx(1 - auc).margin(1e-15));
  }
}

TEST_CASE("scores: beyond the cap the bracket holds the exact figure, and the estimate lies in it") {
  const auto seed = testing::seed_of("score brackets");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int coarse = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    auto cases = draw(rng, rng() % 60, round % 2 == 0 ? 0 : 20);
    for (auto& c : cases) c.score *= round % 5 == 0 ? -1e-3 : 1;
    const auto table = state_of(cases, 2 + rng() % 20).table();
    coarse += table.exact ? 0 : 1;
    const auto auc = roc_auc(table).value(), ap = average_precision(table).value();
    for (const auto& [bracket, truth] : {std::pair{auc, auc_of_pairs(cases)}, std::pair{ap, ap_of_ranks(cases)}}) {
      REQUIRE((bracket.lower <= bracket.estimate && bracket.estimate <= bracket.upper));
      REQUIRE(bracket.lower <= truth + 1e-14);
      REQUIRE(bracket.upper >= truth - 1e-14);
      if (table.exact) REQUIRE((bracket.lower == bracket.upper));
    }
    double hidden = 0;
    for (const auto& g : table.groups) hidden += g.low == g.high ? 0 : static_cast<double>(g.p * g.n);
    const auto pairs = static_cast<double>(table.positives * table.negatives);
    REQUIRE(auc.upper - auc.lower == Approx(hidden / pairs).margin(1e-14));
  }
  CHECK(coarse > 3000);
}

TEST_CASE("scores: the bracket of average precision is not wider than the order of a group can make it") {
  // One group of 2 positives and 2 negatives between a sure positive and a sure negative; all orders and ties of it.
  ScoreTable table;
  table.groups = {{0.1, 0.1, 0.1, 0, 1}, {0.4, 0.6, 0.5, 2, 2}, {0.9, 0.9, 0.9, 1, 0}};
  table.positives = table.negatives = 3;
  table.exact = false;
  double least = 2, most = 0;
  for (int code = 0; code < 256; ++code) {  // four scores out of {.4, .45, .5, .55}
    const auto score = [&](int i) { return 0.4 + 0.05 * static_cast<double>(code >> (2 * i) & 3); };
    const Cases cases{{0.1, false},     {0.9, true},       {score(0), true},
                      {score(1), true}, {score(2), false}, {score(3), false}};
    least = std::min(least, ap_of_ranks(cases));
    most = std::max(most, ap_of_ranks(cases));
  }
  const auto ap = average_precision(table).value();
  CHECK(ap.lower == Approx(least).epsilon(1e-14));
  CHECK(ap.upper == Approx(most).epsilon(1e-14));
  const auto auc = roc_auc(table).value();
  CHECK(auc.upper - auc.lower == Approx(4. / 9));
}

TEST_CASE("scores: a group of many positives is bounded too") {
  ScoreTable table;
  table.groups = {{0.4, 0.6, 0.5, 100'000, 50'000}};
  table.positives = 100'000;
  table.negatives = 50'000;
  double worst = 0;
  for (int j = 1; j <= 100'000; ++j) worst += static_cast<double>(j) / (j + 50'000.);
  const auto ap = average_precision(table).value();
  CHECK(ap.lower <= worst / 100'000);
  CHECK(ap.lower == Approx(worst / 100'000).epsilon(1e-4));
  CHECK(ap.upper == 1);
}

TEST_CASE("scores: the state depends on the multiset only; merges, take-backs and bytes are exact") {
  const auto seed = testing::seed_of("score states");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const std::size_t cap = 2 + rng() % 40;
    auto cases = draw(rng, rng() % (round % 50 == 0 ? 700 : 40), round % 2 == 0 ? 0 : 30);  // 700: past one flush
    const auto whole = testing::bytes_of(state_of(cases, cap));
    std::shuffle(cases.begin(), cases.end(), rng);
    REQUIRE(testing::bytes_of(state_of(cases, cap)) == whole);

    const auto cut = static_cast<std::ptrdiff_t>(rng() % (cases.size() + 1));
    const auto first = state_of({cases.begin(), cases.begin() + cut}, cap);
    const auto second = state_of({cases.begin() + cut, cases.end()}, cap);
    auto merged = first, swapped = second;
    merged += second;
    swapped += first;
    REQUIRE(testing::bytes_of(merged) == whole);
    REQUIRE(testing::bytes_of(swapped) == whole);

    // A changed outcome: wrong at first, then taken back. The same keys, so nothing is left of it.
    auto changed = first;
    for (auto c = cases.begin() + cut; c != cases.end(); ++c) changed.add(c->score, !c->positive);
    for (auto c = cases.begin() + cut; c != cases.end(); ++c) {
      changed.add(c->score, !c->positive, -1);
      changed.add(c->score, c->positive);
    }
    REQUIRE(testing::bytes_of(changed) == whole);

    REQUIRE(testing::bytes_of(testing::read_back(ScoreState(cap), whole)) == whole);
    merged -= second;  // counts as before; the level may have been coarsened for good
    const auto left = merged.table(), before = first.table();
    REQUIRE(left.positives == before.positives);
    REQUIRE(left.negatives == before.negatives);
    if (state_of(cases, cap).table().exact) REQUIRE(testing::bytes_of(merged) == testing::bytes_of(first));
  }
}

TEST_CASE("scores: the level is the finest that fits the cap") {
  const auto seed = testing::seed_of("score levels");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  ScoreState fine(1000), tight(100);
  std::uniform_real_distribution<double> uniform;
  for (int i = 0; i < 5000; ++i) {
    const double score = uniform(rng);
    fine.add(score, i % 2 == 0);
    tight.add(score, i % 2 == 0);
  }
  for (const auto* state : {&fine, &tight}) {
    const auto table = state->table();
    const std::size_t cap = state == &fine ? 1000 : 100;
    CHECK_FALSE(table.exact);
    CHECK(table.groups.size() <= cap);
    CHECK(table.groups.size() > cap / 4);  // one level less would hold about twice as many: over the cap
    for (std::size_t i = 1; i < table.groups.size(); ++i) CHECK(table.groups[i - 1].high < table.groups[i].low);
  }
  const auto wide = roc_auc(tight.table()).value(), narrow = roc_auc(fine.table()).value();
  CHECK(narrow.upper - narrow.lower < wide.upper - wide.lower);
  CHECK(narrow.upper - narrow.lower < 0.01);
}

TEST_CASE("scores: 2^52 cases of each class do not overflow") {
  ScoreState state;
  const std::int64_t big = std::int64_t{1} << 52;
  state.add(0.4, true, big);
  state.add(0.6, true, big);
  state.add(0.4, false, big);
  state.add(0.2, false, big);
  CHECK(roc_auc(state.table()).value().estimate == 0.875);
  CHECK(average_precision(state.table()).value().estimate == Approx(0.5 * 1 + 0.5 * 2 / 3));
}

TEST_CASE("scores: damaged bytes are refused") {
  ScoreState state(4);
  for (int i = 0; i < 9; ++i) state.add(0.1 * i, i % 2 == 0);
  const auto bytes = testing::bytes_of(state);
  testing::check_cuts_refused(ScoreState(4), bytes);
  const auto refused = [](const std::vector<std::uint64_t>& numbers) {
    ByteWriter out;
    for (const auto value : numbers) out.u64(value);
    ScoreState fresh(4);
    ByteReader in(out.bytes());
    CHECK_THROWS_AS(fresh.read(in), CorruptBytes);
  };
  const std::uint64_t zero = std::uint64_t{1} << 63;               // the key of 0.0
  refused({1, 2, 0, 0});                                           // cap
  refused({4, 3, 0, 0});                                           // width
  refused({4, 2, 64, 0});                                          // level
  refused({2, 2, 0, 3, zero, 1, 1, 1, 1, 1, 1, 1, 1});             // more keys than the cap
  refused({4, 2, 0, 2, zero, 1, 1, 0, 1, 1});                      // the same key twice
  refused({4, 2, 0, 1, zero, 0, 0});                               // no cases
  refused({4, 2, 0, 1, ~std::uint64_t{0}, 1, 0});                  // a NaN
  refused({4, 2, 1, 1, ~std::uint64_t{0}, 1, 0});                  // no such key at this level
  refused({4, 2, 0, 1, zero, std::uint64_t{1} << 62, 0});          // a negative count
  refused({4, 2, 0, 2, zero, 1, 1, ~std::uint64_t{0} - 5, 1, 1});  // wraps around
}

}  // namespace
}  // namespace pilotwatch::stats
