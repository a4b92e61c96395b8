// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "stats/answer.h"
#include "stats/performance/keyed_counts.h"

namespace pilotwatch::stats {

/// Positives and negatives with scores in [low, high], of which nothing is known but their number. low == high: they
/// tie.
struct ScoreGroup {
  double low, high;   ///< ascending and disjoint from group to group
  double score;       ///< stands for the group: itself where known, else the middle
  std::int64_t p, n;  ///< >= 0, not both 0
};

/// What the figures of scores are computed from: groups by ascending score.
struct ScoreTable {
  std::vector<ScoreGroup> groups;
  std::int64_t positives = 0, negatives = 0;
  bool exact = true;  ///< every group is one score
};

/// Cases counted by score and outcome: mergeable, order-free, exact up to `cap` distinct scores and with certified
/// brackets beyond (keyed_counts.h). Serves ROC AUC, average precision, DeLong, calibration and, with "predicted" in
/// the place of "positive", the live side of CBPE.
///
/// Size   24 bytes a distinct score, at most 240 kB at the default cap.
class ScoreState {
 public:
  explicit ScoreState(std::size_t cap = KeyedCounts::default_cap) : counts_(2, cap) {}
  /// `score` is not NaN; `times` < 0 takes back.
  void add(double score, bool positive, std::int64_t times = 1) { counts_.add(score, positive ? 0 : 1, times); }
  ScoreState& operator+=(const ScoreState& other);
  ScoreState& operator-=(const ScoreState& other);
  /// O(distinct scores).
  [[nodiscard]] ScoreTable table() const;
  void write(ByteWriter& out) const { counts_.write(out); }
  void read(ByteReader& in) { counts_.read(in); }

 private:
  KeyedCounts counts_;
};

/// An estimate and what is certain: the figure of the raw scores lies in [lower, upper]. All three agree where the
/// state is exact.
struct Bracketed {
  double estimate, lower, upper;
};

inline constexpr const char* roc_auc_formula = "roc-auc/v1";
inline constexpr const char* roc_auc_bracket_formula = "roc-auc-bracket/v1";  ///< some groups are not one score
inline constexpr const char* gini_formula = "gini/v1";
inline constexpr const char* average_precision_formula = "average-precision/v1";
inline constexpr const char* average_precision_bracket_formula = "average-precision-bracket/v1";

/// Area under the ROC curve = P(score of a positive > that of a negative) + P(equal)/2 (Mann-Whitney):
///
///   AUC = sum over groups g of ( p_g N_{<g} + p_g n_g / 2 ) / (P N),   N_{<g} = negatives below g.
///
/// Where a group hides the order of its p and n, anything from 0 to p n pairs may be right: upper - lower =
/// sum p_g n_g / (P N) over the groups that are no ties. The estimate counts every group as a tie.
///
/// Range   [0, 1], 1/2 for a score that tells nothing; invariant under increasing maps of the score.
/// Errors  no_data, no_positives, no_negatives.
/// Cost    O(groups), in integers: exact up to the last division. P N < 2^125.
/// Source  Hanley, McNeil 1982, Radiology 143; Bamber 1975, J. Math. Psychology 12.
[[nodiscard]] Answer<Bracketed> roc_auc(const ScoreTable& scores);

/// 2 AUC - 1 (Somers' D of outcome and score, the accuracy ratio of credit scoring). [-1, 1]. Errors as roc_auc.
[[nodiscard]] Answer<Bracketed> gini(const ScoreTable& scores);

/// Average precision: the precision at each distinct score, weighted by the recall it gains, scores descending:
///
///   AP = sum_i (R_i - R_{i-1}) P_i = sum_g p_g / P * TP_g / (TP_g + FP_g),
///
/// TP_g, FP_g = positives and negatives at or above g. No interpolation. With A and B of them above a group that hides
/// its order, its positives have precision at most (A + p)/(A + B + p), all first and tied, and the j-th of them at
/// least (A + j)/(A + j + B + n), after all negatives; beyond the 256th the sum over j is bounded by its integral.
///
/// Range   (0, 1]; prevalence for a score that tells nothing, so values of different prevalence do not compare.
/// Errors  no_data, no_positives. Without negatives it is 1.
/// Cost    O(groups).
/// Source  Davis, Goadrich 2006, ICML; Boyd, Eng, Page 2013, ECML (this estimator).
[[nodiscard]] Answer<Bracketed> average_precision(const ScoreTable& scores);

}  // namespace pilotwatch::stats
