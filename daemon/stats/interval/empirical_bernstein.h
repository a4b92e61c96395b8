// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "stats/answer.h"
#include "stats/interval/one_sample.h"

namespace pilotwatch::stats {

inline constexpr const char* empirical_bernstein_formula = "cs-empirical-bernstein/v1";

/// Confidence sequence of the mean of values in [0, 1]: with probability at least 1 - alpha it holds the mean at every
/// look (see sequence.h). For losses that are not 0 or 1; for those the beta-binomial one is tighter, and merges.
///
///   ( sum l_i x_i  -+  [ ln(2/alpha) + sum (x_i - m_{i-1})^2 (-ln(1 - l_i) - l_i) ] ) / sum l_i,   cut to [0, 1],
///   l_i = min(1/2, sqrt( 2 ln(2/alpha) / (s_{i-1} i ln(1 + i)) )),
///   m_i = (1/2 + sum_{j<=i} x_j) / (i + 1),   s_i = (1/4 + sum_{j<=i} (x_j - m_j)^2) / (i + 1),
///
/// l_i is known before x_i. The width adapts to the variance.
///
/// Assumes the same mean given the past for each value; where it moves, read the interval as of the l-weighted average
/// of
///         the means so far.
/// Cost    O(1) a value, one logarithm pair and one root; 5 doubles and a count. Depends on the order of values, so
/// states
///         do not merge: feed it in decision order.
/// Source  Waudby-Smith, Ramdas 2024, JRSS B 86(1), theorem 2 (predictable plug-in).
class EmpiricalBernstein {
 public:
  /// alpha in (0, 1), else a bug.
  explicit EmpiricalBernstein(double alpha);

  /// x in [0, 1]; anything else, NaN too, is a bug (PW_ASSERT): clip first, and report what was clipped.
  void add(double x);

  [[nodiscard]] std::uint64_t n() const { return n_; }
  /// The centre of the interval before it is cut: the l-weighted mean. no_data: nothing added.
  [[nodiscard]] Answer<double> centre() const;
  /// no_data: nothing added.
  [[nodiscard]] Answer<Interval> interval() const;

  bool operator==(const EmpiricalBernstein&) const = default;
  /// alpha and the exact state. read: CorruptBytes on values no state can have.
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  double alpha_;
  std::uint64_t n_ = 0;
  double weights_ = 0;   ///< sum l
  double weighted_ = 0;  ///< sum l x
  double paid_ = 0;      ///< sum (x - m)^2 psi(l)
  double sum_ = 0;       ///< sum x
  double squares_ = 0;   ///< sum (x - m)^2, m with x in it
};

}  // namespace pilotwatch::stats
