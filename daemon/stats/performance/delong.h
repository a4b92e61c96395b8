// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/answer.h"
#include "stats/interval/one_sample.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

inline constexpr const char* delong_formula = "delong/v1";
inline constexpr const char* delong_logit_formula = "delong-logit/v1";

/// AUC with its standard error. `positive_part` and `negative_part` are the two terms of the variance.
struct DeLong {
  double auc;
  double standard_error;
  double positive_part;  ///< S10 / P
  double negative_part;  ///< S01 / N
};

/// DeLong's variance of the AUC of one score:
///
///   V10(x) = ( negatives below x + half of those at x ) / N, V01(y) = ( positives above y + half of those at y ) / P,
///   var = S10 / P + S01 / N,   S10 = sum over positives (V10 - AUC)^2 / (P - 1), S01 likewise over negatives.
///
/// Errors   no_data, no_positives, no_negatives; too_few: fewer than 2 positives or 2 negatives.
/// Bias     unbiased up to O(1/n^2). 0 when the classes are separated: then it says nothing (a sample without overlap).
/// Assumes  independent cases. Where the table is not exact it is the answer for the score rounded to the table's
/// groups;
///          the bracket of `roc_auc` says how far that AUC can be from the raw one.
/// Cost     O(groups).
/// Source   DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44; midranks: Sun, Xu 2014, IEEE Signal Proc. Letters 21.
[[nodiscard]] Answer<DeLong> delong(const ScoreTable& scores);

/// AUC -+ z SE cut to [0, 1], for one look. Coverage falls short near 1 and for few of either class.
/// `confidence` in (0, 1). Errors as delong.
[[nodiscard]] Answer<Interval> delong_interval(const ScoreTable& scores, double confidence);

/// The same on the logit scale, expit( logit AUC -+ z SE / (AUC (1 - AUC)) ): never leaves (0, 1), better near its
/// ends. Errors as delong; constant: AUC is 0 or 1, where the logit has no value. Source: Pepe 2003, The Statistical
/// Evaluation of Medical Tests, 5.2.
[[nodiscard]] Answer<Interval> delong_logit_interval(const ScoreTable& scores, double confidence);

}  // namespace pilotwatch::stats
