// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

inline constexpr const char* shewhart_formula = "shewhart-frozen-reference/v1";

struct ShewhartOptions {
  double limit = 3;                  ///< k, in standard deviations of the reference; > 0
  std::uint64_t min_instances = 30;  ///< length of the reference; >= 2
  Direction direction = Direction::both;
};

/// Shewhart's chart for single values, whose reference mean and sd are those of its own first observations.
///
///   m, s = mean and sd (divisor n - 1) of x_1 ... x_min_instances, then frozen;
///   alarm:  |x - m| > k s, from x_min_instances on (it is part of what it is compared with)
///
/// Variant       River's Shewhart (2026). Remembers nothing: small changes are seen only by chance.
/// After alarm   starts anew with another reference.
/// Units         x that FixedSum::fits. Shift and scale invariant. s = 0 (a constant reference) makes the first other
///               value alarm.
/// Assumes       independent normal values, a reference without change. k = 3 leaves 1 value in 370 outside when m and
///               s are known, more when they are estimated.
/// Guarantee     none (parts.h). Measured, N(0, 1), 200 streams of 2,000 without change: 95 % of them alarm, 4.4 times
///               each.
/// Symmetry      x -> -x swaps up and down exactly.
/// State         32 bytes. Cost: a comparison a step (a division while the reference is taken).
/// Source        Shewhart 1931, Economic Control of Quality of Manufactured Product.
class ShewhartChart {
 public:
  using Options = ShewhartOptions;
  static constexpr const char* formula = shewhart_formula;
  explicit ShewhartChart(const Options& options = {});

  Signal step(double x);
  void write(ByteWriter& out) const { reference_.write(out); }
  void read(ByteReader& in);

 private:
  Options options_;
  RunningMoments reference_;
  double sd_ = 0;
};

static_assert(Detector<ShewhartChart>);

}  // namespace pilotwatch::stats
