// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "base/result.h"
#include "stats/detector.h"

namespace pilotwatch::stats {

// What all detectors of classical/ have in common
//
//   Guarantee  none: no false-alarm rate or run length is promised, and what is measured depends on the stream (its
//              rate, its spread, its dependence). Their types cannot enter a budget; alarms with a budget are
//              those of sequential/.
//   Order      they look at observations in the order given; states do not merge.
//   Options    are not part of the state: read() into a detector built with the options of the one that wrote.
//   step(x)    x outside of the stated domain is a bug (PW_ASSERT); NaN is outside of every domain.
//   read       throws CorruptBytes on a state that step() cannot reach by type or count; the detector is then
//              unusable.

/// Which changes of the mean are looked for.
enum class Direction : std::uint8_t { up, down, both };

/// Whether a pair of one-sided statistics exceeds `limit` on a side that is looked at.
[[nodiscard]] inline bool exceeds(Direction looked_at, double up, double down, double limit) {
  return (looked_at != Direction::down && up > limit) || (looked_at != Direction::up && down > limit);
}

[[nodiscard]] inline double read_finite(ByteReader& in) {
  const double value = in.f64();
  if (!std::isfinite(value)) throw CorruptBytes("not a finite number");
  return value;
}

/// Mean and variance of all values so far, one at a time; a constant stream has exactly its value and 0.
///
///   m_n = m_(n-1) + (x - m_(n-1)) / n,   S_n = S_(n-1) + (x - m_(n-1)) (x - m_n),   variance = S_n / (n - ddof)
///
/// Source  Welford 1962, Technometrics 4(3).
class RunningMoments {
 public:
  void add(double x) {
    ++n_;
    const double off = x - mean_;
    mean_ += off / static_cast<double>(n_);
    squares_ += off * (x - mean_);
  }
  [[nodiscard]] std::uint64_t n() const { return n_; }
  [[nodiscard]] double mean() const { return mean_; }
  /// 0 as long as n <= ddof.
  [[nodiscard]] double sd(unsigned ddof) const {
    return n_ > ddof ? std::sqrt(squares_ / static_cast<double>(n_ - ddof)) : 0.0;
  }

  void write(ByteWriter& out) const {
    out.u64(n_);
    out.f64(mean_);
    out.f64(squares_);
  }
  void read(ByteReader& in) {
    n_ = in.u64();
    mean_ = read_finite(in);
    squares_ = read_finite(in);
    if (squares_ < 0) throw CorruptBytes("negative sum of squares");
  }

 private:
  std::uint64_t n_ = 0;
  double mean_ = 0, squares_ = 0;
};

}  // namespace pilotwatch::stats
