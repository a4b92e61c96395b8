// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/answer.h"
#include "stats/estimate/estimated.h"
#include "stats/estimate/isotonic.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

inline constexpr const char* cbpe_roc_auc_formula = "cbpe-roc-auc/v1";
inline constexpr const char* cbpe_accuracy_formula = "cbpe-accuracy/v1";
inline constexpr const char* cbpe_precision_formula = "cbpe-precision/v1";
inline constexpr const char* cbpe_recall_formula = "cbpe-recall/v1";
inline constexpr const char* cbpe_f1_formula = "cbpe-f1/v1";

// Performance of a yes/no classifier before its outcomes are known, from its own probabilities: a case with calibrated
// probability q counts as q of a positive and 1 - q of a negative.
//
// `live` is the table of a ScoreState to which each case was added with its score and whether it was PREDICTED
// positive. Notation: n cases; S = sum q; S1, n1 = sum q and number of the predicted; V1, V0 = sum q (1 - q) of the
// predicted and of the others.
//
//   Assumes   q is right for the live cases: the inputs may shift, what an input means may not. When that fails
//   (concept
//             shift) nothing here shows it. Outcomes independent given the scores.
//   SE        of the figure that the outcomes will give: variance of a sum of independent Bernoulli(q), by the delta
//             method for ratios. No term for the error of the calibration itself.
//   Errors    no_data; out_of_domain: scores outside [0, 1]; others are named.
//   Cost      O(groups). Where the table is not exact a group stands at its middle.
//   Source    NannyML's CBPE (documentation, 2022); its standard error is another one, from reference samples.

/// What is expected in each cell of the confusion table; they add up to n.
struct ExpectedConfusion {
  double tp, fp, fn, tn;
};
[[nodiscard]] Answer<ExpectedConfusion> cbpe_confusion(const Calibrator& calibrator, const ScoreTable& live);

/// Area under the curve through (expected false, expected true positives), raw scores descending; ties of the raw score
/// are one step. [0, 1]. Errors: no_positives (S = 0), no_negatives (S = n).
[[nodiscard]] Answer<Estimated> cbpe_roc_auc(const Calibrator& calibrator, const ScoreTable& live);

/// (S1 + sum of 1 - q over the others) / n; SE sqrt(V1 + V0) / n.
[[nodiscard]] Answer<Estimated> cbpe_accuracy(const Calibrator& calibrator, const ScoreTable& live);

/// S1 / n1; SE sqrt(V1) / n1. Errors: none_predicted.
[[nodiscard]] Answer<Estimated> cbpe_precision(const Calibrator& calibrator, const ScoreTable& live);

/// S1 / S; SE sqrt( (S - S1)^2 V1 + S1^2 V0 ) / S^2. Errors: no_positives (S = 0).
[[nodiscard]] Answer<Estimated> cbpe_recall(const Calibrator& calibrator, const ScoreTable& live);

/// 2 S1 / (n1 + S); SE sqrt( (n1 + S - S1)^2 V1 + S1^2 V0 ) * 2 / (n1 + S)^2. Errors: no_positives (n1 = S = 0).
[[nodiscard]] Answer<Estimated> cbpe_f1(const Calibrator& calibrator, const ScoreTable& live);

}  // namespace pilotwatch::stats
