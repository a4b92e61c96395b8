// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/calibration.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Rows = std::vector<ScoredCase>;

ScoreTable table_of(const Rows& rows, std::size_t cap = KeyedCounts::default_cap) {
  ScoreState out(cap);
  for (const auto& row : rows) out.add(row.score, row.positive);
  return out.table();
}

double logit(double p) { return std::log(p / (1 - p)); }
double expit(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("equal-mass ECE: worked by hand, five cases in two bins") {
  // sorted .1- .2+ .3- | .6+ .8-: |1 - .6| and |1 - 1.4|
  const Rows rows{{0.8, false}, {0.1, false}, {0.3, false}, {0.2, true}, {0.6, true}};
  const auto error = equal_mass_error_of_rows(rows, 2).value();
  CHECK(error.ece == Approx(0.8 / 5).epsilon(1e-15));
  CHECK(error.mce == Approx(0.2).epsilon(1e-15));
  CHECK(equal_mass_error(table_of(rows), 2).value().ece == Approx(0.8 / 5).epsilon(1e-15));
}

TEST_CASE("equal-mass ECE: cases of one score are shared out in proportion, whatever their order") {
  // four times .5 with outcomes + + - -: by rows the bins are (++ | --) or (+- | +-), in proportion always the latter
  const Rows split{{0.5, true}, {0.5, true}, {0.5, false}, {0.5, false}};
  CHECK(equal_mass_error_of_rows(split, 2).value().ece == 0.5);
  CHECK(equal_mass_error(table_of(split), 2).value().ece == 0);
  CHECK(equal_mass_error(table_of(split), 3).value().ece == 0);
}

TEST_CASE("equal-mass ECE: undefined without data or for scores that are no probabilities") {
  CHECK(equal_mass_error_of_rows({}).error() == Undefined::no_data);
  CHECK(equal_mass_error(ScoreTable{}).error() == Undefined::no_data);
  const Rows rows{{1.5, true}};
  CHECK(equal_mass_error_of_rows(rows).error() == Undefined::out_of_domain);
  CHECK(equal_mass_error(table_of(rows)).error() == Undefined::out_of_domain);
}

TEST_CASE("equal-mass ECE: rows and counts agree where no cut falls among equal scores, in any order") {
  const auto seed = testing::seed_of("equal mass");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  for (int round = 0; round < 10'000; ++round) {
    Rows rows(1 + rng() % 40);
    for (auto& row : rows) row = {uniform(rng), uniform(rng) < 0.4};
    const std::size_t bins = 1 + rng() % 12;
    const auto by_rows = equal_mass_error_of_rows(rows, bins).value();
    const auto by_counts = equal_mass_error(table_of(rows), bins).value();
    REQUIRE(by_counts.ece == Approx(by_rows.ece).margin(1e-13));
    REQUIRE(by_counts.mce == Approx(by_rows.mce).margin(1e-13));
    REQUIRE((0 <= by_counts.ece && by_counts.ece <= by_counts.mce + 1e-15 && by_counts.mce <= 1));
    for (auto& row : rows) row.score = std::floor(row.score * 4) / 4;  // many ties
    const auto before = equal_mass_error(table_of(rows), bins).value();
    std::shuffle(rows.begin(), rows.end(), rng);
    REQUIRE(equal_mass_error(table_of(rows), bins).value().ece == before.ece);
  }
}

TEST_CASE("recalibration: two scores have a fit in closed form") {
  // score .2: 3 of 10 positive, score .8: 6 of 10. The line goes through both logits.
  ScoreState state;
  state.add(0.2, true, 3);
  state.add(0.2, false, 7);
  state.add(0.8, true, 6);
  state.add(0.8, false, 4);
  const auto fit = recalibration(state.table()).value();
  const double slope = (logit(0.6) - logit(0.3)) / (logit(0.8) - logit(0.2));
  CHECK(fit.slope == Approx(slope).epsilon(1e-12));
  CHECK(fit.intercept == Approx(logit(0.3) - slope * logit(0.2)).epsilon(1e-12));
  // x = -+l with weights 2.1 and 2.4: var(slope) = (1/2.1 + 1/2.4) / (2 l)^2, of the mid-point (1/2.1 + 1/2.4) / 4
  const double both = 1 / 2.1 + 1 / 2.4;
  CHECK(fit.slope_se == Approx(std::sqrt(both) / (2 * logit(0.8))).epsilon(1e-10));
  CHECK(fit.intercept_se == Approx(std::sqrt(both) / 2).epsilon(1e-10));
}

TEST_CASE("recalibration: undefined for one class, one score, separated classes and no probabilities") {
  CHECK(recalibration(ScoreTable{}).error() == Undefined::no_data);
  CHECK(recalibration(table_of({{0.2, true}, {0.3, true}})).error() == Undefined::no_negatives);
  CHECK(recalibration(table_of({{0.2, false}})).error() == Undefined::no_positives);
  CHECK(recalibration(table_of({{0.2, false}, {0.2, true}})).error() == Undefined::constant);
  CHECK(recalibration(table_of({{0.2, false}, {0.3, true}})).error() == Undefined::one_class);
  CHECK(recalibration(table_of({{0.2, true}, {0.3, false}})).error() == Undefined::one_class);
  CHECK(recalibration(table_of({{0.2, false}, {0.3, true}, {0.3, false}, {0.4, true}})).error() ==
        Undefined::one_class);  // up to a tie: the slope still runs away
  CHECK(recalibration(table_of({{1.2, false}, {0.3, true}})).error() == Undefined::out_of_domain);
  CHECK(recalibration(table_of({{0, false}, {1e-9, true}})).error() == Undefined::constant);  // one value, once clipped
  CHECK(calibration_in_the_large(table_of({{0.2, false}})).error() == Undefined::no_positives);
  CHECK(calibration_in_the_large(table_of({{1.2, false}, {0.3, true}})).error() == Undefined::out_of_domain);
}

TEST_CASE("recalibration: at the fit the gradient is 0, and no step raises the likelihood") {
  const auto seed = testing::seed_of("recalibration");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  int fitted = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    Rows rows(4 + rng() % 40);
    const double pull = 4 * uniform(rng) - 2, offset = 4 * uniform(rng) - 2;
    for (auto& row : rows) {
      const double x = 10 * uniform(rng) - 5;
      row = {rng() % 20 == 0 ? static_cast<double>(rng() % 2) : expit(x), uniform(rng) < expit(offset + pull * x)};
    }
    const auto table = table_of(rows);
    const auto fit = recalibration(table);
    if (fit) {
      ++fitted;
      double g0 = 0, g1 = 0, size = 0;
      for (const auto& row : rows) {
        const double x = logit(std::clamp(row.score, recalibration_clip, 1 - recalibration_clip));
        const double gap = (row.positive ? 1 : 0) - expit(fit->intercept + fit->slope * x);
        g0 += gap;
        g1 += gap * x;
        size += std::abs(x);
      }
      REQUIRE(std::abs(g0) < 1e-6);
      REQUIRE(std::abs(g1) < 1e-6 * size);
      REQUIRE((fit->slope_se > 0 && fit->intercept_se > 0));
    }
    if (const auto offset_fit = calibration_in_the_large(table)) {
      double g0 = 0;
      for (const auto& row : rows) {
        const double x = logit(std::clamp(row.score, recalibration_clip, 1 - recalibration_clip));
        g0 += (row.positive ? 1 : 0) - expit(*offset_fit + x);
      }
      REQUIRE(std::abs(g0) < 1e-10);
    }
  }
  CHECK(fitted > 5000);
}

TEST_CASE("recalibration: finds the distortion that was put in") {
  // logit P = -0.5 + 0.7 logit p
  const auto seed = testing::seed_of("recalibration of a known distortion");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  ScoreState state;
  for (int i = 0; i < 200'000; ++i) {
    const double p = 0.02 + 0.96 * uniform(rng);
    state.add(p, uniform(rng) < expit(-0.5 + 0.7 * logit(p)));
  }
  const auto fit = recalibration(state.table()).value();
  CHECK(std::abs(fit.intercept + 0.5) < 5 * fit.intercept_se);
  CHECK(std::abs(fit.slope - 0.7) < 5 * fit.slope_se);
  CHECK(fit.slope_se < 0.01);
}

}  // namespace
}  // namespace pilotwatch::stats
