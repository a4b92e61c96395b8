// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

inline constexpr const char* ewma_formula = "ewma-running-reference/v1";

struct EwmaOptions {
  double alpha = 0.1;                ///< weight of the newest value; in (0, 1]
  double threshold = 4;              ///< L, in standard errors of the chart; > 0
  std::uint64_t min_instances = 30;  ///< first looks at this observation; >= 1
  Direction direction = Direction::both;
};

/// EWMA chart against the mean of all values so far.
///
///   z_n = z_(n-1) + alpha (x_n - z_(n-1)),   z_1 = x_1;   m_n = mean of x_1 ... x_n;
///   v_n = (1 - alpha) (v_(n-1) + alpha (x_n - z_(n-1))^2),   v_1 = 0: the exponentially weighted variance;
///   alarm:  |z_n - m_n| > L sqrt(v_n) sqrt(alpha / (2 - alpha) (1 - (1 - alpha)^(2n)))
///
/// Variant       River's EWMA (2026). Textbook EWMA knows mean and sd; here the mean follows the change slowly, and v,
///               over the last 1/alpha values or so, follows it quickly: a large jump widens its own limits.
/// Arithmetic    v by its recursion, where River takes EW(x^2) - EW(x)^2: the same number, but a constant stream has
///               exactly v = 0 and z = m.
/// After alarm   starts anew.
/// Units         x that FixedSum::fits. Shift and scale invariant. After a constant past (v = 0) a jump of any size
///               alarms at its sixth value with the defaults.
/// Assumes       independent values; near normal for the meaning of L.
/// Guarantee     none (parts.h). Measured, N(0, 1), 200 streams of 2,000 without change: 22 % of them alarm.
/// Symmetry      x -> -x swaps up and down exactly.
/// State         32 bytes. Cost: a power, two square roots and a division a step.
/// Source        Roberts 1959, Technometrics 1(3); variance: Finch 2009, University of Cambridge.
class EwmaChart {
 public:
  using Options = EwmaOptions;
  static constexpr const char* formula = ewma_formula;
  explicit EwmaChart(const Options& options = {});

  Signal step(double x);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  Options options_;
  std::uint64_t n_ = 0;
  double mean_ = 0, z_ = 0, variance_ = 0;
};

static_assert(Detector<EwmaChart>);

}  // namespace pilotwatch::stats
