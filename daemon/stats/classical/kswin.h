// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

inline constexpr const char* kswin_formula = "kswin-splitmix64/v1";

struct KswinOptions {
  double alpha = 0.005;          ///< level of one test; in (0, 1)
  std::uint32_t window = 100;    ///< values kept; >= 2 stat_size
  std::uint32_t stat_size = 30;  ///< values in either sample of the test; in [1, 10000]
  std::uint64_t seed = 0;        ///< of the subsample
};

/// KSWIN: a two-sample Kolmogorov-Smirnov test of the newest values against some of the older ones, at every step.
///
///   R = the r newest of the w values in the window; S = r of the w - r older ones, drawn without replacement;
///   alarm:  P(D_(r,r) >= D(R, S)) <= alpha (exact, two-sided, no ties assumed)  and  D(R, S) > 0.1
///
/// Variant       River's rule (without replacement, starts anew after an alarm, the random sequence too).
///               scikit-multiflow draws with replacement and goes on with R. The draws of the originals come from
///               their languages' generators, so their alarms CANNOT be reproduced here, with any seed: this one draws
///               with SplitMix64 and is a variant of its own.
/// Seed          two detectors with the same seed and the same stream say the same; other seeds say other things of
///               the same stream. Give each stream its own seed.
/// After alarm   starts anew: an empty window.
/// Units         x that FixedSum::fits, any units: only the order of values matters.
/// Assumes       independent continuous values. Ties make the test conservative.
/// Guarantee     none (parts.h): alpha is for one test, and there is one at every step.
/// Measured      N(0, 1), no change: 135 false alarms per 100,000 (60 streams of 100,000, one feature); 1,395 for any
///               of ten features by a port of River's.
/// Two-sided     x -> -x says the same.
/// State         8 bytes a value of the window, and as much again as scratch, allocated at construction.
/// Cost          O(w + r log r) a step once the window is full, about a microsecond at the defaults: the dearest of
///               this chapter by far.
/// Source        Raab, Heusinger, Schleif 2020, Neurocomputing 416; null: Gnedenko, Korolyuk 1951.
class Kswin {
 public:
  using Options = KswinOptions;
  static constexpr const char* formula = kswin_formula;
  explicit Kswin(const Options& options = {});

  Signal step(double x);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  void draw();
  [[nodiscard]] std::uint64_t next_below(std::uint64_t end);
  void restart();

  Options options_;
  std::uint32_t critical_;    ///< alarm from D = critical_ / r on
  std::vector<double> ring_;  ///< the window; oldest_ is the position of its oldest value once it is full
  std::uint32_t size_ = 0, oldest_ = 0;
  std::uint64_t random_;                ///< state of the generator
  std::vector<double> older_, newest_;  ///< scratch: both samples
};

/// The smallest k with P(D_(r,r) >= k / r) <= alpha, r + 1 if there is none; r >= 1, alpha in (0, 1).
///
///   P(D_(r,r) >= k/r) = 2 sum_(j>=1) (-1)^(j+1) C(2r, r - jk) / C(2r, r),   k >= 1, both samples from one
///   continuous distribution
///
/// Source  Gnedenko, Korolyuk 1951, Doklady 80. Cost O(r^2) at worst.
[[nodiscard]] std::uint32_t ks_equal_sizes_critical(std::uint32_t r, double alpha);

static_assert(Detector<Kswin>);

}  // namespace pilotwatch::stats
