// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "stats/answer.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

inline constexpr const char* isotonic_formula = "isotonic-pav-interpolated/v1";
inline constexpr const char* calibrator_formula = "isotonic-if-ece-falls-10-fold/v1";

/// A non-decreasing map from scores to probabilities: linear between its points, constant beyond them. Immutable.
class IsotonicMap {
 public:
  /// O(log points). A NaN score is a bug.
  [[nodiscard]] double operator()(double score) const;
  [[nodiscard]] std::size_t points() const { return x_.size(); }

 private:
  friend Answer<IsotonicMap> fit_isotonic(const ScoreTable& reference);
  std::vector<double> x_, y_;
};

/// Isotonic regression of the outcome on the score: the non-decreasing m with the least sum of (y - m(score))^2, by
/// pooling adjacent violators. Blocks are compared as fractions in 128 bits, so the fit depends on the counts alone.
///
/// Errors  no_data.
/// Bias    the ends overfit: the lowest block is often 0 and the highest 1. Where the table is not exact a group stands
///         at its middle.
/// Cost    O(groups).
/// Source  Ayer et al. 1955, Annals of Math. Statistics 26; for calibration Zadrozny, Elkan 2002, KDD.
[[nodiscard]] Answer<IsotonicMap> fit_isotonic(const ScoreTable& reference);

/// From scores to probabilities for CBPE: isotonic where that lowers the calibration error out of sample, else the
/// score itself. Immutable.
class Calibrator {
 public:
  /// Rule: a hash of (score, class, number within these) deals the cases to 10 folds: as good as at random, yet the
  /// same for the same counts in any order. For each fold an isotonic map is fitted to the others, and the equal-mass
  /// ECE (10 bins, the same cases in each) of the fold is taken before and after; `isotonic` iff the mean after is
  /// below the mean before. Not tried for an AUC above 0.999: there is nothing left to pool.
  ///
  /// Errors  no_data, no_positives, no_negatives; out_of_domain: scores outside [0, 1]; too_few: fewer than 10 cases of
  ///         either class.
  /// Cost    O(min(cases, 4096 groups) + 10 groups) and 10 copies of the table, once a reference.
  /// Source  the decision (not its folds) as NannyML takes it.
  [[nodiscard]] static Answer<Calibrator> fit(const ScoreTable& reference);

  /// P(positive | score) if the reference still holds. [0, 1] for scores in [0, 1].
  [[nodiscard]] double operator()(double score) const { return isotonic_ ? map_(score) : score; }
  [[nodiscard]] bool isotonic() const { return isotonic_; }
  /// Mean out-of-sample ECE of the scores and of the isotonic map; both 0 where it was not tried.
  [[nodiscard]] double ece_before() const { return ece_before_; }
  [[nodiscard]] double ece_after() const { return ece_after_; }

 private:
  IsotonicMap map_;
  bool isotonic_ = false;
  double ece_before_ = 0, ece_after_ = 0;
};

}  // namespace pilotwatch::stats
