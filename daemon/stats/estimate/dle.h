// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "stats/answer.h"
#include "stats/estimate/estimated.h"

namespace pilotwatch::stats {

inline constexpr const char* dle_mae_formula = "dle-binned-mae/v1";
inline constexpr const char* dle_rmse_formula = "dle-binned-rmse/v1";

/// How large the errors of a regression were on the reference, by bins of its prediction f: bin j holds f in
/// (e_{j-1}, e_j], the first all f <= e_1, the last all above the last edge. Mergeable, taken back exactly; the edges
/// (quantile_edges of the reference predictions, say) are the caller's and fixed.
class DleReference {
 public:
  static constexpr double max_error = 0x1p27;  ///< 1.3e8: fourth powers of errors have to fit a FixedSum
  static constexpr std::size_t max_edges = 1000;

  /// Strictly ascending, finite, at most max_edges (PW_ASSERT). None = one bin.
  explicit DleReference(std::vector<double> edges);

  /// Finite and |f - y| <= max_error; others are the caller's to count.
  [[nodiscard]] static bool fits(double actual, double predicted);
  void add(double actual, double predicted, std::int64_t times = 1);  ///< a case that fits (PW_ASSERT)
  DleReference& operator+=(const DleReference& other);                ///< the same edges
  DleReference& operator-=(const DleReference& other);

  [[nodiscard]] std::size_t bins() const { return bins_.size(); }
  /// Where a live prediction is counted. Not NaN. O(log bins).
  [[nodiscard]] std::size_t bin_of(double predicted) const;

  /// Reference cases of a bin, means and sample variances of |f - y| and of (f - y)^2.
  struct Bin {
    std::int64_t n;
    double mean_absolute, variance_absolute;
    double mean_square, variance_square;
  };
  /// Errors: no_reference (n = 0), too_few (n = 1: no variance).
  [[nodiscard]] Answer<Bin> bin(std::size_t i) const;

  bool operator==(const DleReference&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< edges as written

 private:
  struct Sums {
    std::int64_t n = 0;
    FixedSum absolute, squares, fourths;
    bool operator==(const Sums&) const = default;
  };
  std::vector<double> edges_;
  std::vector<Sums> bins_;
};

// `live`: predictions counted by DleReference::bin_of, one number a bin; no outcomes. With w_j = live_j / n, and m_j,
// s_j^2, N_j mean, variance and number of the reference errors of bin j:
//
//   MAE  = sum_j w_j m_j,        var = sum_j w_j s_j^2 / n + sum_j w_j^2 s_j^2 / N_j
//   RMSE = sqrt( sum_j w_j m_j ) over squared errors, SE = SE(MSE) / (2 RMSE), 0 where the RMSE is
//
// the first part of the variance for the live errors that will be measured, the second for the means of the reference.
// (To first order: live errors also scatter between the bins only as far as predictions do, and those are known.)
//
//   Assumes  the error at a given prediction is as large as it was on the reference: shift of predictions is followed,
//            shift of what they mean is not. Whatever besides the prediction drives the error is averaged over.
//   Errors   no_data: no live prediction; no_reference or too_few: a bin with live predictions has fewer than 2
//   reference
//            cases. Another number of bins is a bug.
//   Cost     O(bins).
//   Source   the idea of NannyML's DLE (documentation, 2022), with bins of the prediction in the place of its
//            gradient-boosted model.
[[nodiscard]] Answer<Estimated> dle_mae(const DleReference& reference, std::span<const std::uint64_t> live);
[[nodiscard]] Answer<Estimated> dle_rmse(const DleReference& reference, std::span<const std::uint64_t> live);

}  // namespace pilotwatch::stats
