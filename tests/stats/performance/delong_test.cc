// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/delong.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

ScoreTable table_of(const std::vector<double>& positives, const std::vector<double>& negatives) {
  ScoreState out;
  for (const double score : positives) out.add(score, true);
  for (const double score : negatives) out.add(score, false);
  return out.table();
}

/// From the P x N matrix of comparisons, as the paper defines it.
double variance_of_pairs(const std::vector<double>& x, const std::vector<double>& y) {
  const auto m = static_cast<double>(x.size()), n = static_cast<double>(y.size());
  const auto psi = [](double a, double b) { return a > b ? 1.0 : a == b ? 0.5 : 0.0; };
  std::vector<double> v10, v01;
  double auc = 0;
  for (const double a : x) {
    double sum = 0;
    for (const double b : y) sum += psi(a, b);
    v10.push_back(sum / n);
    auc += sum / (m * n);
  }
  for (const double b : y) {
    double sum = 0;
    for (const double a : x) sum += psi(a, b);
    v01.push_back(sum / m);
  }
  double s10 = 0, s01 = 0;
  for (const double v : v10) s10 += (v - auc) * (v - auc) / (m - 1);
  for (const double v : v01) s01 += (v - auc) * (v - auc) / (n - 1);
  return s10 / m + s01 / n;
}

TEST_CASE("delong: worked by hand, positives 3 1 and negatives 2 0") {
  // V10 = 1, 1/2; V01 = 1/2, 1; AUC = 3/4; S10 = S01 = 2 (1/4)^2 = 1/8; variance = 1/16 + 1/16
  const auto fit = delong(table_of({3, 1}, {2, 0})).value();
  CHECK(fit.auc == 0.75);
  CHECK(fit.standard_error == Approx(std::sqrt(0.125)).epsilon(1e-15));
  CHECK(fit.positive_part == Approx(0.0625));
  CHECK(fit.negative_part == Approx(0.0625));
  const auto plain = delong_interval(table_of({3, 1}, {2, 0}), 0.95).value();
  CHECK(plain.lower == Approx(0.75 - 1.959963984540054 * std::sqrt(0.125)));
  CHECK(plain.upper == 1);
  const auto logit = delong_logit_interval(table_of({3, 1}, {2, 0}), 0.95).value();
  const double half = 1.959963984540054 * std::sqrt(0.125) / (0.75 * 0.25);
  CHECK(std::log(logit.lower / (1 - logit.lower)) == Approx(std::log(3.) - half));
  CHECK(std::log(logit.upper / (1 - logit.upper)) == Approx(std::log(3.) + half));
}

TEST_CASE("delong: undefined where the variance cannot be known") {
  CHECK(delong(ScoreTable{}).error() == Undefined::no_data);
  CHECK(delong(table_of({1}, {})).error() == Undefined::no_negatives);
  CHECK(delong(table_of({1}, {1, 2})).error() == Undefined::too_few);
  CHECK(delong(table_of({1, 2}, {1})).error() == Undefined::too_few);
  CHECK(delong_interval(table_of({1, 2}, {1}), 0.95).error() == Undefined::too_few);
  const auto separated = table_of({3, 4}, {1, 2});
  CHECK(delong(separated).value().standard_error == 0);
  CHECK(delong_logit_interval(separated, 0.95).error() == Undefined::constant);
}

TEST_CASE("delong: the variance from counts is the one from all pairs") {
  const auto seed = testing::seed_of("delong");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    std::vector<double> x(2 + rng() % 15), y(2 + rng() % 15);
    const std::uint64_t distinct = 1 + rng() % 20;
    for (auto& v : x) v = static_cast<double>(rng() % distinct + rng() % 3);
    for (auto& v : y) v = static_cast<double>(rng() % distinct);
    const auto table = table_of(x, y);
    const auto fit = delong(table).value();
    REQUIRE(fit.standard_error * fit.standard_error == Approx(variance_of_pairs(x, y)).epsilon(1e-12).margin(1e-18));
    const auto plain = delong_interval(table, 0.9).value(), wider = delong_interval(table, 0.99).value();
    REQUIRE((0 <= plain.lower && plain.lower <= fit.auc && fit.auc <= plain.upper && plain.upper <= 1));
    REQUIRE((wider.lower <= plain.lower && plain.upper <= wider.upper));
    if (const auto logit = delong_logit_interval(table, 0.9)) {
      REQUIRE((0 <= logit->lower && logit->lower <= fit.auc + 1e-15 && fit.auc - 1e-15 <= logit->upper));
      REQUIRE(logit->upper <= 1);
    }
  }
}

TEST_CASE("delong: about 95 of 100 intervals hold the true AUC") {
  const auto seed = testing::seed_of("delong coverage");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<double> normal;
  const double truth = std::erfc(-0.5) / 2;  // P(N(1,1) > N(0,1)) = Phi(1/sqrt 2)
  constexpr int rounds = 4000;
  int plain = 0, logit = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> x(60), y(90);
    for (auto& v : x) v = normal(rng) + 1;
    for (auto& v : y) v = normal(rng);
    const auto table = table_of(x, y);
    const auto a = delong_interval(table, 0.95).value(), b = delong_logit_interval(table, 0.95).value();
    plain += a.lower <= truth && truth <= a.upper ? 1 : 0;
    logit += b.lower <= truth && truth <= b.upper ? 1 : 0;
  }
  // sd of the share is .0035: these are 5 sd around .95, and .015 more below for so few cases
  CHECK(plain > 0.917 * rounds);
  CHECK(plain < 0.968 * rounds);
  CHECK(logit > 0.917 * rounds);
  CHECK(logit < 0.968 * rounds);
}

}  // namespace
}  // namespace pilotwatch::stats
