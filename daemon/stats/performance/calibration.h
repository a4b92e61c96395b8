// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "stats/answer.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

// Calibration of probabilities from the table of a ScoreState. Scores are probabilities: a group outside [0, 1] makes
// all of these out_of_domain. Where the table is not exact a group stands for its middle.

/// One row: a probability and whether it came true.
struct ScoredCase {
  double score;
  bool positive;
};

/// Errors of calibration over bins of equal mass.
struct CalibrationError {
  double ece;  ///< sum n_b / n |mean y - mean p|, [0, 1]
  double mce;  ///< the largest |mean y - mean p|, [0, 1]
};

inline constexpr const char* equal_mass_rows_formula = "ece-equal-mass-rows/v1";
inline constexpr const char* equal_mass_formula = "ece-equal-mass-proportional/v1";

/// Equal-mass bins of rows: sorted by p (stable), cut into `bins` parts of which the first n mod bins have one row
/// more. Where the cut falls among equal p the answer depends on the ORDER of the rows: for comparison with others, not
/// for a state that merges. Fewer rows than bins: empty parts are skipped. Errors  no_data, out_of_domain. `bins` >= 1.
/// Cost O(n log n) and a copy. Source  Nguyen, O'Connor 2015, EMNLP; the cuts are those of numpy.array_split.
[[nodiscard]] Answer<CalibrationError> equal_mass_error_of_rows(std::span<const ScoredCase> rows,
                                                                std::size_t bins = 10);

/// The same cuts without an order of rows: a bin that takes k of the m cases of one score takes k/m of their positives,
/// the mean over all orders. Equal to the rows' answer where no cut falls among equal scores of different outcome.
/// Errors  no_data, out_of_domain. `bins` >= 1. Cost O(groups + bins).
[[nodiscard]] Answer<CalibrationError> equal_mass_error(const ScoreTable& scores, std::size_t bins = 10);

inline constexpr const char* recalibration_formula = "logistic-recalibration-1e-6/v1";
inline constexpr const char* calibration_in_the_large_formula = "calibration-in-the-large-1e-6/v1";
/// Probabilities are clipped to [1e-6, 1 - 1e-6] before their logit: a 0 or 1 is "surer than one in a million".
inline constexpr double recalibration_clip = 1e-6;

/// logit P(y = 1) = intercept + slope logit(p). Perfect calibration: intercept 0, slope 1. Slope < 1: scores too
/// extreme.
struct Recalibration {
  double intercept, slope;
  double intercept_se, slope_se;  ///< from the inverse Fisher information
};

/// Maximum likelihood by Newton steps, halved while they do not raise the likelihood (it is concave).
/// Errors   no_data, no_positives, no_negatives, out_of_domain; constant: all (clipped) scores are equal; one_class:
/// the
///          scores separate the classes, perfectly or up to ties at one score, so no finite maximum exists.
/// Cost     O(groups) a step, about 8 steps.
/// Source   Cox 1958, Biometrika 45; Miller, Hui, Tierney 1991, Statistics in Medicine 10.
[[nodiscard]] Answer<Recalibration> recalibration(const ScoreTable& scores);

/// The intercept alone, slope held at 1: how much the log odds are too low (> 0) or too high on the whole.
/// Errors   no_data, no_positives, no_negatives, out_of_domain.
/// Source   Steyerberg 2019, Clinical Prediction Models, 15.3.
[[nodiscard]] Answer<double> calibration_in_the_large(const ScoreTable& scores);

}  // namespace pilotwatch::stats
