// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/isotonic.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

/// score, positives, cases
struct Point {
  double score;
  std::int64_t p, m;
};

ScoreTable table_of(const std::vector<Point>& points) {
  ScoreState out;
  for (const auto& point : points) {
    out.add(point.score, true, point.p);
    out.add(point.score, false, point.m - point.p);
  }
  return out.table();
}

/// The isotonic fit at i by the max-min formula: max over a <= i of min over b >= i of the mean of a .. b.
double max_min(const std::vector<Point>& points, std::size_t i) {
  double most = -1;
  for (std::size_t a = 0; a <= i; ++a) {
    double least = 2;
    for (std::size_t b = i; b < points.size(); ++b) {
      double p = 0, m = 0;
      for (std::size_t k = a; k <= b; ++k) {
        p += static_cast<double>(points[k].p);
        m += static_cast<double>(points[k].m);
      }
      least = std::min(least, p / m);
    }
    most = std::max(most, least);
  }
  return most;
}

TEST_CASE("isotonic: worked by hand, one violation pooled, linear between the points, flat beyond them") {
  // .1: 0/2, .3: 2/2, .5: 1/2, .9: 2/2  ->  0, 3/4, 3/4, 1
  const auto map = fit_isotonic(table_of({{0.1, 0, 2}, {0.3, 2, 2}, {0.5, 1, 2}, {0.9, 2, 2}})).value();
  CHECK(map(0.1) == 0);
  CHECK(map(0.3) == 0.75);
  CHECK(map(0.4) == 0.75);
  CHECK(map(0.5) == 0.75);
  CHECK(map(0.9) == 1);
  CHECK(map(0.2) == Approx(0.375));
  CHECK(map(0.7) == Approx(0.875));
  CHECK(map(0) == 0);
  CHECK(map(1) == 1);
  CHECK(fit_isotonic(ScoreTable{}).error() == Undefined::no_data);
}

TEST_CASE("isotonic: pooling gives the least-squares fit of the max-min formula, and never falls") {
  const auto seed = testing::seed_of("isotonic");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    std::vector<Point> points(1 + rng() % 9);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto m = static_cast<std::int64_t>(1 + rng() % 4);
      points[i] = {static_cast<double>(i) + 0.5, static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(m + 1)),
                   m};
    }
    const auto map = fit_isotonic(table_of(points)).value();
    double positives = 0, fitted = 0, before = -1;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double value = map(points[i].score);
      REQUIRE(value == Approx(max_min(points, i)).margin(1e-15));
      REQUIRE(value >= before);
      REQUIRE(map(points[i].score - 0.5) <= value);
      before = value;
      positives += static_cast<double>(points[i].p);
      fitted += value * static_cast<double>(points[i].m);
    }
    REQUIRE(fitted == Approx(positives).margin(1e-12));  // calibrated on the whole
  }
}

TEST_CASE("calibrator: calibrates where the scores are wrong, leaves them alone where they are right") {
  const auto seed = testing::seed_of("calibrator");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  ScoreState wrong, right;
  for (int i = 0; i < 20'000; ++i) {
    const double p = uniform(rng);
    wrong.add(p, uniform(rng) < p * p);
  }
  const auto fit = Calibrator::fit(wrong.table()).value();
  CHECK(fit.isotonic());
  CHECK(fit.ece_after() < fit.ece_before());
  CHECK(fit(0.5) == Approx(0.25).margin(0.05));

  // 1000 cases at each of .05, .15, ... with exactly that share of positives: nothing to mend
  for (int i = 0; i < 10; ++i) {
    right.add(0.05 + 0.1 * i, true, 50 + 100 * i);
    right.add(0.05 + 0.1 * i, false, 950 - 100 * i);
  }
  const auto raw = Calibrator::fit(right.table()).value();
  CHECK_FALSE(raw.isotonic());
  CHECK(raw(0.123) == 0.123);
}

TEST_CASE("calibrator: chance makes it calibrate scores that are right in a minority of samples") {
  const auto seed = testing::seed_of("calibrator and chance");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  int calibrated = 0;
  for (int round = 0; round < 300; ++round) {
    ScoreState reference;
    for (int i = 0; i < 500; ++i) {
      const double p = uniform(rng);
      reference.add(p, uniform(rng) < p);
    }
    calibrated += Calibrator::fit(reference.table()).value().isotonic() ? 1 : 0;
  }
  CAPTURE(calibrated);
  CHECK(calibrated < 150);  // about a third; sd 8
}

TEST_CASE("calibrator: the decision and the map depend on the counts, not on the order of the cases") {
  const auto seed = testing::seed_of("calibrator order");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::pair<double, bool>> cases(400);
    for (auto& [score, positive] : cases) {
      score = static_cast<double>(rng() % 50) / 50;
      positive = rng() % 50 < static_cast<std::uint64_t>(30 * score) + 10;
    }
    ScoreState one, other;
    for (const auto& [score, positive] : cases) one.add(score, positive);
    std::shuffle(cases.begin(), cases.end(), rng);
    for (const auto& [score, positive] : cases) other.add(score, positive);
    const auto a = Calibrator::fit(one.table()).value(), b = Calibrator::fit(other.table()).value();
    REQUIRE(a.isotonic() == b.isotonic());
    REQUIRE(a.ece_before() == b.ece_before());
    REQUIRE(a.ece_after() == b.ece_after());
    for (double x = 0; x <= 1; x += 0.01) REQUIRE(a(x) == b(x));
  }
}

TEST_CASE("calibrator: undefined without enough of either class or without probabilities") {
  CHECK(Calibrator::fit(ScoreTable{}).error() == Undefined::no_data);
  CHECK(Calibrator::fit(table_of({{0.3, 0, 50}})).error() == Undefined::no_positives);
  CHECK(Calibrator::fit(table_of({{0.3, 50, 50}})).error() == Undefined::no_negatives);
  CHECK(Calibrator::fit(table_of({{0.3, 9, 50}})).error() == Undefined::too_few);
  CHECK(Calibrator::fit(table_of({{0.3, 41, 50}})).error() == Undefined::too_few);
  CHECK(Calibrator::fit(table_of({{0.3, 20, 50}, {1.3, 20, 50}})).error() == Undefined::out_of_domain);
  CHECK(Calibrator::fit(table_of({{-0.3, 20, 50}, {0.3, 20, 50}})).error() == Undefined::out_of_domain);
  const auto separated = Calibrator::fit(table_of({{0.3, 0, 50}, {0.4, 50, 50}})).value();
  CHECK_FALSE(separated.isotonic());  // AUC 1: not tried
  CHECK(separated(0.35) == 0.35);
}

}  // namespace
}  // namespace pilotwatch::stats
