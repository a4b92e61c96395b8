// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "stats/sequential/mean.h"

namespace pilotwatch::stats {

/// Are scores still what they say? Ten bins of the score, both sides of each:
///
///   null  -tau <= E[y - s | s in bin b, past] <= tau for every b
///   (y - s + 1)/2 against (1 + tau)/2, and its mirror image, by block means;   S = mean of all 20
///
/// Each bin's blocks are its own: a bin speaks when it has `block` values. The start weight of an observation counts in
/// every bin's open block, whichever bin it falls into, so that S is an e-detector on the common clock.
/// Units  score in [0, 1] (probability of the positive class), positive: what turned out; tau in (0, 1).
/// State  about 5 KB. Cost: an addition an observation and bin.
class CalibrationDrift {
 public:
  static constexpr const char* formula = "e-sr-calibration/v1";
  static constexpr std::size_t bins = 10;
  CalibrationDrift(double tolerance, std::uint32_t block, Thresholds at);

  Signal step(double score, bool positive, double w);

  [[nodiscard]] double s() const { return s_; }
  [[nodiscard]] Signal now() const { return gate_.now(); }
  [[nodiscard]] const Thresholds& thresholds() const { return gate_.thresholds(); }
  [[nodiscard]] const Alarmed& alarmed() const { return alarmed_; }
  /// S by bin: [too low, too high] (scores lower than what turns out, and higher).
  [[nodiscard]] std::array<std::array<double, 2>, bins> by_bin() const;
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  double limit_;
  std::uint32_t block_;
  struct Bin {
    Block open;                           ///< of (y - s + 1)/2; its weight is the common clock's
    std::array<Evidence<7>, 2> evidence;  ///< mean above, mean below
  };
  std::vector<Bin> bins_;
  double s_ = 0;
  Gate gate_;
  Alarmed alarmed_;
};

}  // namespace pilotwatch::stats
