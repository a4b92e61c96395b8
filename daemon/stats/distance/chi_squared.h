// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"
#include "stats/distance/counts.h"

namespace pilotwatch::stats {

inline constexpr const char* chi2_formula = "chi2/v1";              ///< two samples, no correction
inline constexpr const char* chi2_yates_formula = "chi2-yates/v1";  ///< two samples, Yates' correction on 2 x 2
inline constexpr const char* chi2_gof_formula = "chi2-gof/v1";      ///< live against shares taken as known

/// statistic, degrees of freedom, and p = P(chi-squared with dof >= statistic), [0, 1]; p is undefined (constant) where
/// dof is 0.
struct ChiSquared {
  double statistic;
  std::uint64_t dof;
  Answer<double> p;
};

// Notation: a_i and b_i the counts of reference and live, n and m their totals, c_i = a_i + b_i. Columns that are empty
// on both sides are dropped. The differences b_i n - a_i m are taken in integers, so large equal shares lose no digits.
//   Errors   no_reference, no_data: that side's total is 0; others where stated. Different lengths: a bug (PW_ASSERT).
//   Assumes  independent cases. p follows from the limiting law: fair where the expected counts are 5 or more.
//   Bias     with no drift the statistic is about dof, not 0: chi2_noise_floor of noise_floor.h. With large samples
//            every real difference has a small p: p says whether, not how much.
//   Cost     O(k), one incomplete gamma function. No allocation, pure, any thread.

/// Columns that are not empty, less one. 0 is an answer: there is one column.
[[nodiscard]] Answer<std::uint64_t> chi2_dof(Counts reference, Counts live);

/// Homogeneity of two samples (2 x k contingency table), no continuity correction:
///
///   statistic = sum_i (b_i n - a_i m)^2 / (n m c_i),   dof = columns - 1,
///
/// which is the sum of (observed - expected)^2 / expected over both rows. Symmetric.
/// Errors constant: only one column is not empty. Source: Pearson 1900, Phil. Mag. 50; Fisher 1922 for the dof.
[[nodiscard]] Answer<ChiSquared> chi2(Counts reference, Counts live);

/// The same, but where two columns are left each |observed - expected| is first brought 1/2 nearer to 0, at most to 0:
/// p errs to the large side. With more columns equal to chi2, as several libraries do it.
/// Source: Yates 1934, J. R. Stat. Soc. Suppl. 1(2).
[[nodiscard]] Answer<ChiSquared> chi2_yates(Counts reference, Counts live);

/// Goodness of fit of live to the reference's shares taken as known:
///
///   statistic = sum_i (b_i - m a_i/n)^2 / (m a_i/n),   dof = columns - 1.
///
/// A category the reference has not got makes the statistic +inf and p 0. Not symmetric.
/// Assumes the shares ARE known. Where the reference is a sample its own noise is left out and p is too small (with
/// n = m the statistic is twice what it should be): chi2 is for that.
/// One column: statistic 0, dof 0, p undefined (constant).
[[nodiscard]] Answer<ChiSquared> chi2_gof(Counts reference, Counts live);

}  // namespace pilotwatch::stats
