// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/reductions.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

struct Counts {
  double tp, fp, fn, tn;
};

/// Mean loss over the cases that the metric looks at.
double mean_loss(BinaryMetric metric, const Counts& c) {
  double sum = 0, n = 0;
  const auto add = [&](bool predicted, bool actual, double count) {
    if (const auto x = loss(metric, {predicted, actual})) {
      sum += *x * count;
      n += count;
    }
  };
  add(true, true, c.tp);
  add(true, false, c.fp);
  add(false, true, c.fn);
  add(false, false, c.tn);
  return sum / n;
}

double f_beta(const Counts& c, double beta) {
  const double b = beta * beta;
  return (1 + b) * c.tp / ((1 + b) * c.tp + b * c.fn + c.fp);
}

TEST_CASE("reductions: the mean loss is within the reduced limit exactly where the metric is within its own") {
  const auto seed = testing::seed_of("reductions");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto count = [&] { return 1 + static_cast<double>(rng() % 100); };
  std::uniform_real_distribution<double> unit(.01, .99);
  for (int round = 0; round < 10'000; ++round) {
    const Counts c{count(), count(), count(), count()};
    const double limit = unit(rng), n = c.tp + c.fp + c.fn + c.tn;
    const auto agrees = [&](BinaryMetric metric, double value, bool at_least) {
      const double m = mean_limit(metric, limit).value().m;
      if (std::abs(value - limit) < 1e-9) return true;  // on the limit both sides are right
      return (mean_loss(metric, c) <= m) == (at_least ? value >= limit : value <= limit);
    };
    REQUIRE(agrees(BinaryMetric::accuracy, (c.tp + c.tn) / n, true));
    REQUIRE(agrees(BinaryMetric::error_rate, (c.fp + c.fn) / n, false));
    REQUIRE(agrees(BinaryMetric::precision, c.tp / (c.tp + c.fp), true));
    REQUIRE(agrees(BinaryMetric::recall, c.tp / (c.tp + c.fn), true));
    REQUIRE(agrees(BinaryMetric::specificity, c.tn / (c.tn + c.fp), true));
    REQUIRE(agrees(BinaryMetric::false_positive_rate, c.fp / (c.fp + c.tn), false));
    REQUIRE(agrees(BinaryMetric::false_negative_rate, c.fn / (c.fn + c.tp), false));
    REQUIRE(agrees(BinaryMetric::false_discovery_rate, c.fp / (c.fp + c.tp), false));
    REQUIRE(agrees(BinaryMetric::false_omission_rate, c.fn / (c.fn + c.tn), false));
    REQUIRE(agrees(BinaryMetric::f1, f_beta(c, 1), true));
    for (const double beta : {.5, 1., 2.}) {
      const auto l = f_beta_loss(limit, beta);
      for (const double x : {l.hit, l.miss, l.false_alarm, l.m}) REQUIRE((x >= 0 && x <= 1));
      const double mean = (c.tp * l.hit + c.fn * l.miss + c.fp * l.false_alarm) / (c.tp + c.fn + c.fp);
      if (std::abs(f_beta(c, beta) - limit) > 1e-9) REQUIRE((mean <= l.m) == (f_beta(c, beta) >= limit));
    }
  }
}

TEST_CASE("reductions: worked by hand") {
  CHECK(mean_limit(BinaryMetric::f1, .8).value().m == Approx(1. / 3));
  CHECK(mean_limit(BinaryMetric::precision, .9).value().m == Approx(.1));
  CHECK(mean_limit(BinaryMetric::precision, 1).error() == Undefined::out_of_domain);
  const auto clipped = clipped_loss(7, 5);
  CHECK(clipped.x == 1);
  CHECK(clipped.clipped);
  CHECK(clipped_loss(1, 4).x == .25);
  CHECK(clipped_limit(2, 4).value().m == .5);
  CHECK(clipped_limit(4, 4).error() == Undefined::out_of_domain);
}

TEST_CASE("AUC pairs: each case is used at most once and the mean is 1 - AUC") {
  AucPairs pairs;
  CHECK_FALSE(pairs.pair(.2, false));
  CHECK_FALSE(pairs.pair(.4, false));
  CHECK(pairs.pair(.3, true) == 1.0);  // against the latest negative, .4
  CHECK(pairs.pair(.3, true) == 0.0);  // against .2
  CHECK_FALSE(pairs.pair(.5, true));
  CHECK(pairs.pair(.5, false) == 0.5);
  std::mt19937_64 rng{31};
  std::normal_distribution<double> normal;
  double sum = 0, n = 0;
  for (int t = 0; t < 200'000; ++t) {
    const bool positive = rng() % 4 == 0;
    if (const auto x = pairs.pair(normal(rng) + (positive ? 1 : 0), positive)) {
      sum += *x;
      ++n;
    }
  }
  CHECK(n == Approx(50'000).epsilon(.05));
  CHECK(sum / n == Approx(1 - .7602).margin(.01));  // AUC of two normals one sd apart: Phi(1/sqrt 2)
}

}  // namespace
}  // namespace pilotwatch::stats
