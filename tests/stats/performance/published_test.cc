// SPDX-License-Identifier: Apache-2.0
// Figures that others published, from their data, to the digits they printed.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "stats/performance/confusion.h"
#include "stats/performance/csv.h"
#include "stats/performance/multiclass.h"
#include "stats/performance/multiclass_scores.h"
#include "stats/performance/probability.h"
#include "stats/performance/quantile_forecast.h"
#include "stats/performance/scores.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::csv;
using testing::number;

nlohmann::json expected(const std::string& folder) {
  std::ifstream in(std::string(PILOTWATCH_SHARED) + "/data/" + folder + "/expected.json");
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

/// x as printed with some significant digits.
std::string digits(double x, int count) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", count, x);
  return text;
}

double rounded(double x, int places) { return std::round(x * std::pow(10, places)) / std::pow(10, places); }

TEST_CASE("published: accuracy, kappa and AUC of yardstick's two_class_example") {
  const auto rows = csv("yardstick/two_class_example.csv");
  if (!rows) return;
  ConfusionCounts counts;
  ScoreState scores;
  for (const auto& row : *rows) {
    const bool positive = row.at("truth") == "Class1";
    counts.add(row.at("predicted") == "Class1", positive);
    scores.add(number(row, "Class1"), positive);
  }
  CHECK(counts == ConfusionCounts{227, 50, 31, 192});
  CHECK(rounded(accuracy(counts).value(), 3) == 0.838);
  CHECK(rounded(cohen_kappa(counts).value(), 3) == 0.675);
  CHECK(rounded(roc_auc(scores.table()).value().estimate, 3) == 0.939);
}

TEST_CASE("published: macro and micro precision and Hand-Till AUC by fold of yardstick's hpc_cv") {
  const auto rows = csv("yardstick/hpc_cv.csv");
  if (!rows) return;
  const std::map<std::string, std::size_t> classes{{"VF", 0}, {"F", 1}, {"M", 2}, {"L", 3}};
  ClassMatrix matrix(4);
  std::map<std::string, MulticlassScores> folds;
  for (const auto& row : *rows) {
    const auto truth = classes.at(row.at("obs"));
    matrix.add(truth, classes.at(row.at("pred")));
    const std::vector<double> scores{number(row, "VF"), number(row, "F"), number(row, "M"), number(row, "L")};
    folds.try_emplace(row.at("Resample"), 4).first->second.add(scores, truth);
  }
  CHECK(rounded(macro_precision(matrix).value(), 3) == 0.631);
  CHECK(rounded(micro_precision(matrix).value(), 3) == 0.709);
  const auto published = expected("yardstick")["hpc_cv"]["roc_auc_hand_till_by_fold"];
  REQUIRE(published.size() == folds.size());
  std::size_t i = 0;
  for (const auto& [fold, scores] : folds) {
    CAPTURE(fold);
    const auto auc = auc_hand_till(scores).value();
    CHECK(rounded(auc.estimate, 3) == published[i++].get<double>());
    CHECK(auc.lower == auc.upper);
  }
}

TEST_CASE("published: 56 scores of seven COVID-19 forecasters, to three significant digits") {
  const auto rows = csv("covid_forecasts_scoringutils/example_quantile.csv");
  if (!rows) return;
  struct Forecast {
    std::map<double, double> quantiles;
    double observed = 0;
  };
  std::map<std::string, std::map<std::string, Forecast>> forecasters;
  for (const auto& row : *rows) {
    if (row.at("predicted") == "NA" || row.at("observed") == "NA") continue;
    auto& forecast =
        forecasters[row.at("target_type") + "|" + row.at("model")]
                   [row.at("location") + row.at("forecast_date") + row.at("target_end_date") + row.at("horizon")];
    forecast.quantiles[number(row, "quantile_level")] = number(row, "predicted");
    forecast.observed = number(row, "observed");
  }
  const auto published = expected("covid_forecasts_scoringutils")["published_3_significant_digits"];
  REQUIRE(published.size() == forecasters.size());
  int values = 0;
  for (const auto& [forecaster, forecasts] : forecasters) {
    CAPTURE(forecaster);
    std::vector<double> levels;
    for (const auto& [level, value] : forecasts.begin()->second.quantiles) levels.push_back(level);
    REQUIRE(levels.size() == 23);
    QuantileForecastState state(levels);
    for (const auto& [id, forecast] : forecasts) {
      std::vector<double> quantiles;
      for (const auto& [level, value] : forecast.quantiles) quantiles.push_back(value);
      REQUIRE(state.add(quantiles, forecast.observed));
    }
    REQUIRE(state.n() == (forecaster == "Deaths|epiforecasts-EpiNow2" ? 119 : 128));
    const auto mean = state.mean().value();
    const double got[] = {mean.wis,  mean.overprediction,         mean.underprediction,        mean.dispersion,
                          mean.bias, state.coverage(0.5).value(), state.coverage(0.9).value(), mean.ae_median};
    REQUIRE(published[forecaster].size() == std::size(got));
    for (std::size_t i = 0; i < std::size(got); ++i, ++values) {
      CAPTURE(i);
      CHECK(digits(got[i], 3) == digits(published[forecaster][i].get<double>(), 3));
    }
    double pinball = 0;
    for (const double level : levels) pinball += 2 * state.pinball(level).value() / 23;
    CHECK(pinball == Approx(mean.wis).epsilon(1e-12));  // the other definition of the WIS
  }
  CHECK(values == 56);
}

TEST_CASE("published: Brier score and points per season of 538's NFL forecasts") {
  const auto rows = csv("nfl_elo_538/nfl_games.csv");
  if (!rows) return;
  ProbabilityState state;
  std::map<std::string, double> points;
  for (const auto& row : *rows) {
    if (row.at("result1").empty() || number(row, "result1") == 0.5) continue;  // ties are not scored
    const bool won = number(row, "result1") == 1;
    state.add(number(row, "elo_prob1"), won);
    // The rest is the rules of that game, not of this library: rounded forecasts, points for each game by its Brier
    // score.
    ProbabilityState game;
    game.add(std::nearbyint(number(row, "elo_prob1") * 100) / 100, won);
    double score = 25 - 100 * game.brier().value();
    if (score < 0) score += 0.001;
    score = std::nearbyint(score * 10) / 10;
    points[row.at("season")] += number(row, "playoff") == 1 ? 2 * score : score;
  }
  CHECK(state.n() == 16494);
  CHECK(rounded(state.brier().value(), 6) == 0.211705);
  double sum = 0;
  for (const auto& [season, score] : points) sum += score;
  CHECK(rounded(sum / static_cast<double>(points.size()), 2) == 648.24);
}

TEST_CASE("published: realised AUC by month of the Californian house prices, with outcomes that arrive late") {
  const auto reference = csv("nannyml_california/california_housing_reference.csv");
  const auto analysis = csv("nannyml_california/california_housing_analysis.csv");
  const auto outcomes = csv("nannyml_california/california_housing_analysis_gt.csv");
  if (!reference || !analysis || !outcomes) return;
  std::map<std::string, bool> late;
  for (const auto& row : *outcomes) late[row.at("id")] = number(row, "clf_target") == 1;
  std::map<std::string, ScoreState> months;
  for (const auto& row : *reference) {
    months[row.at("timestamp").substr(0, 7)].add(number(row, "y_pred_proba"), number(row, "clf_target") == 1);
  }
  for (const auto& row : *analysis) {
    months[row.at("timestamp").substr(0, 7)].add(number(row, "y_pred_proba"), late.at(row.at("id")));
  }
  const auto published = expected("nannyml_california")["recomputed_realized_roc_auc_by_month_OURS"];
  REQUIRE(published.size() == months.size());
  for (const auto& [month, auc] : published.items()) {
    CAPTURE(month);
    CHECK(rounded(roc_auc(months.at(month).table()).value().estimate, 4) == auc.get<double>());
  }
}

}  // namespace
}  // namespace pilotwatch::stats
