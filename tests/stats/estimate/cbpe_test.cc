// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/cbpe.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "stats/performance/confusion.h"
#include "stats/performance/csv.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

// An estimate is no figure: nothing converts it into one.
static_assert(!std::is_convertible_v<Estimated, double>);
static_assert(!std::is_constructible_v<double, Estimated>);
static_assert(!std::is_convertible_v<Answer<Estimated>, Answer<double>>);

/// Leaves scores as they are: the reference is right to the last case.
Calibrator identity() {
  ScoreState reference;
  for (int i = 0; i < 10; ++i) {
    reference.add(0.05 + 0.1 * i, true, 50 + 100 * i);
    reference.add(0.05 + 0.1 * i, false, 950 - 100 * i);
  }
  const auto out = Calibrator::fit(reference.table()).value();
  REQUIRE_FALSE(out.isotonic());
  return out;
}

ScoreTable live_of(const std::vector<std::pair<double, bool>>& cases) {
  ScoreState out;
  for (const auto& [score, predicted] : cases) out.add(score, predicted);
  return out.table();
}

TEST_CASE("cbpe: every estimate worked by hand, scores .9 .6 predicted, .3 not") {
  const auto calibrator = identity();
  const auto live = live_of({{0.9, true}, {0.6, true}, {0.3, false}});  // S1 = 1.5, S = 1.8, V1 = .33, V0 = .21
  const auto cells = cbpe_confusion(calibrator, live).value();
  CHECK(cells.tp == Approx(1.5));
  CHECK(cells.fp == Approx(0.5));
  CHECK(cells.fn == Approx(0.3));
  CHECK(cells.tn == Approx(0.7));
  const auto accuracy = cbpe_accuracy(calibrator, live).value();
  CHECK(accuracy.estimate() == Approx(2.2 / 3));
  CHECK(accuracy.standard_error() == Approx(std::sqrt(0.54) / 3));
  const auto precision = cbpe_precision(calibrator, live).value();
  CHECK(precision.estimate() == Approx(0.75));
  CHECK(precision.standard_error() == Approx(std::sqrt(0.33) / 2));
  const auto recall = cbpe_recall(calibrator, live).value();
  CHECK(recall.estimate() == Approx(1.5 / 1.8));
  CHECK(recall.standard_error() == Approx(std::sqrt(0.09 * 0.33 + 2.25 * 0.21) / 3.24));
  const auto f1 = cbpe_f1(calibrator, live).value();
  CHECK(f1.estimate() == Approx(3 / 3.8));
  CHECK(f1.standard_error() == Approx(2 * std::sqrt(2.3 * 2.3 * 0.33 + 2.25 * 0.21) / (3.8 * 3.8)));
  // tps 0 .9 1.5 1.8, fps 0 .1 .5 1.2: area .1 .45 + .4 1.2 + .7 1.65
  CHECK(cbpe_roc_auc(calibrator, live).value().estimate() == Approx((0.045 + 0.48 + 1.155) / (1.8 * 1.2)));
}

TEST_CASE("cbpe: undefined where a figure would have no denominator") {
  const auto calibrator = identity();
  const ScoreTable none;
  CHECK(cbpe_confusion(calibrator, none).error() == Undefined::no_data);
  for (const auto f : {cbpe_roc_auc, cbpe_accuracy, cbpe_precision, cbpe_recall, cbpe_f1}) {
    CHECK(f(calibrator, none).error() == Undefined::no_data);
    CHECK(f(calibrator, live_of({{1.5, true}})).error() == Undefined::out_of_domain);
  }
  const auto hopeless = live_of({{0.0, false}}), sure = live_of({{1.0, true}});
  CHECK(cbpe_precision(calibrator, hopeless).error() == Undefined::none_predicted);
  CHECK(cbpe_recall(calibrator, hopeless).error() == Undefined::no_positives);
  CHECK(cbpe_f1(calibrator, hopeless).error() == Undefined::no_positives);
  CHECK(cbpe_roc_auc(calibrator, hopeless).error() == Undefined::no_positives);
  CHECK(cbpe_roc_auc(calibrator, sure).error() == Undefined::no_negatives);
  CHECK(cbpe_accuracy(calibrator, hopeless).value().standard_error() == 0);
}

TEST_CASE("cbpe: with sure scores it is the figure itself") {
  const auto calibrator = identity();
  const auto seed = testing::seed_of("cbpe of sure scores");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    ScoreState live;
    ConfusionCounts counts;
    for (std::uint64_t i = 0, n = 1 + rng() % 20; i < n; ++i) {
      const bool predicted = rng() % 2 == 0, positive = rng() % 2 == 0;
      live.add(positive ? 1.0 : 0.0, predicted);
      counts.add(predicted, positive);
    }
    const auto table = live.table();
    const auto same = [](const Answer<Estimated>& estimate, const Answer<double>& figure) {
      REQUIRE(estimate.has_value() == figure.has_value());
      if (!figure) return;
      REQUIRE(estimate->estimate() == Approx(*figure));
      REQUIRE(estimate->standard_error() == 0);
    };
    same(cbpe_accuracy(calibrator, table), accuracy(counts));
    same(cbpe_precision(calibrator, table), precision(counts));
    same(cbpe_recall(calibrator, table), recall(counts));
    same(cbpe_f1(calibrator, table), f1(counts));
  }
}

TEST_CASE("cbpe: outcomes drawn from the scores give the estimates on average, scattered as the standard errors say") {
  const auto calibrator = identity();
  const auto seed = testing::seed_of("cbpe against outcomes");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<double> uniform;
  std::vector<std::pair<double, bool>> cases(400);
  for (auto& [score, predicted] : cases) {
    score = std::round(std::pow(uniform(rng), 3) * 100) / 100;  // a quarter positive
    predicted = score >= 0.4;
  }
  const auto live = live_of(cases);
  const std::vector<Estimated> estimates{cbpe_roc_auc(calibrator, live).value(),
                                         cbpe_accuracy(calibrator, live).value(),
                                         cbpe_precision(calibrator, live).value(),
                                         cbpe_recall(calibrator, live).value(), cbpe_f1(calibrator, live).value()};
  constexpr int rounds = 4000;
  std::vector<double> sums(5), squares(5);
  for (int round = 0; round < rounds; ++round) {
    ScoreState scores;
    ConfusionCounts counts;
    for (const auto& [score, predicted] : cases) {
      const bool positive = uniform(rng) < score;
      scores.add(score, positive);
      counts.add(predicted, positive);
    }
    const double figures[] = {roc_auc(scores.table()).value().estimate, accuracy(counts).value(),
                              precision(counts).value(), recall(counts).value(), f1(counts).value()};
    for (std::size_t i = 0; i < 5; ++i) {
      const double d = figures[i] - estimates[i].estimate();
      sums[i] += d;
      squares[i] += d * d;
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    const double se = estimates[i].standard_error();
    CHECK(std::abs(sums[i] / rounds) < 5 * se / std::sqrt(rounds) + 0.002);  // ratios: a bias of order 1/n
    CHECK(std::sqrt(squares[i] / rounds) == Approx(se).epsilon(0.07));       // sd of an sd of 4000: 1.1 %
  }
}

TEST_CASE("cbpe: NannyML's published ROC AUC of the Californian house prices, month by month, to six digits") {
  const auto reference = testing::csv("nannyml_california/california_housing_reference.csv");
  const auto analysis = testing::csv("nannyml_california/california_housing_analysis.csv");
  if (!reference || !analysis) return;
  ScoreState outcomes;
  for (const auto& row : *reference) {
    outcomes.add(testing::number(row, "y_pred_proba"), testing::number(row, "clf_target") == 1);
  }
  const auto calibrator = Calibrator::fit(outcomes.table()).value();
  CHECK(calibrator.isotonic());  // as NannyML decides: without it 2022-03 would be .811688
  CHECK(calibrator.ece_before() == Approx(0.095).margin(5e-3));
  CHECK(calibrator.ece_after() < 0.04);
  std::map<std::string, ScoreState> months;
  for (const auto& row : *analysis) {
    months[row.at("timestamp").substr(0, 7)].add(testing::number(row, "y_pred_proba"),
                                                 testing::number(row, "y_pred") == 1);
  }
  const std::map<std::string, double> published{{"2021-06", 0.859318}, {"2021-07", 0.750976}, {"2021-08", 0.709284},
                                                {"2021-09", 0.664344}, {"2021-10", 0.824291}, {"2021-11", 0.870254},
                                                {"2021-12", 0.898273}, {"2022-01", 0.851573}, {"2022-02", 0.911054},
                                                {"2022-03", 0.829077}, {"2022-04", 0.910661}, {"2022-05", 0.939883}};
  REQUIRE(months.size() == published.size());
  for (const auto& [month, auc] : published) {
    CAPTURE(month);
    const auto got = cbpe_roc_auc(calibrator, months.at(month).table()).value();
    CHECK(std::abs(got.estimate() - auc) <= 1e-6);
    CHECK((got.standard_error() > 0.002 && got.standard_error() < 0.05));
  }
}

}  // namespace
}  // namespace pilotwatch::stats
