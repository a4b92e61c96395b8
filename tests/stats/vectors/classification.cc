// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "stats/performance/calibration.h"
#include "stats/performance/confusion.h"
#include "stats/performance/probability.h"
#include "stats/performance/scores.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;
using Value = std::optional<double>;

Value estimate(const Answer<Bracketed>& answer) {
  if (!answer) return std::nullopt;
  CHECK((answer->lower == answer->estimate && answer->estimate == answer->upper));  // the vectors are small: exact
  return answer->estimate;
}

/// Every member of `expected` but the confusion table, from the same states that the engine keeps.
std::map<std::string, Value> figures(const ConfusionCounts& c, const ProbabilityState& p, const ScoreTable& scores,
                                     const std::vector<ScoredCase>& rows) {
  const auto mass = equal_mass_error_of_rows(rows);
  return {{"accuracy", optional(accuracy(c))},
          {"precision", optional(precision(c))},
          {"recall", optional(recall(c))},
          {"specificity", optional(specificity(c))},
          {"f1", optional(f1(c))},
          {"balanced_accuracy", optional(balanced_accuracy(c))},
          {"mcc", optional(mcc(c))},
          {"cohen_kappa", optional(cohen_kappa(c))},
          {"brier", optional(p.brier())},
          {"log_loss_eps_machine", optional(p.log_loss_machine())},
          {"log_loss_eps_1e-15", optional(p.log_loss())},
          {"roc_auc", estimate(roc_auc(scores))},
          {"average_precision", estimate(average_precision(scores))},
          {"roc_auc_minus_gini", estimate(gini(scores))},
          {"ece10_width", optional(p.ece())},
          {"mce10_width", optional(p.mce())},
          {"ece10_mass", mass ? Value(mass->ece) : std::nullopt},
          {"mce10_mass", mass ? Value(mass->mce) : std::nullopt}};
}

}  // namespace

Ran run_classification(const json& file) {
  const auto tolerance = tolerance_of(file);
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    ConfusionCounts confusion;
    ProbabilityState probabilities;
    ScoreState scores;
    std::vector<ScoredCase> rows;
    for (std::size_t i = 0; i < c["input"]["y"].size(); ++i) {
      const bool positive = c["input"]["y"][i] == 1;
      const double p = c["input"]["p"][i];
      confusion.add(p, c["input"]["threshold"].get<double>(), positive);
      probabilities.add(p, positive);
      scores.add(p, positive);
      rows.push_back({p, positive});
    }
    const auto got = figures(confusion, probabilities, scores.table(), rows);
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (member == "confusion") {
        REQUIRE(expected.size() == 4);
        CHECK(ConfusionCounts{expected["tp"], expected["fp"], expected["fn"], expected["tn"]} == confusion);
        ran.values += 4;
        continue;
      }
      if (!got.contains(member)) FAIL("unknown member");
      check_value(got.at(member), expected, tolerance);
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
