// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

enum class HddmAVariant : std::uint8_t {
  river,             ///< River: two-sided means that a decrease alarms
  scikit_multiflow,  ///< also River 0.7, creme: two-sided means that a decrease starts anew and says nothing
};

inline constexpr const char* hddm_a_river_formula = "hddm-a-river/v1";
inline constexpr const char* hddm_a_scikit_multiflow_formula = "hddm-a-scikit-multiflow/v1";

struct HddmOptions {
  double drift_confidence = 0.001;    ///< in (0, 1)
  double warning_confidence = 0.005;  ///< in [drift_confidence, 1)
};

/// HDDM_A: the mean up to a cut against the mean of all, by Hoeffding's bound.
///
///   z = mean of x_1 ... x_n,   h(n) = sqrt(ln(1 / drift_confidence) / (2 n));
///   cut c for increases: the latest n at which z + h(n) was no larger than at the cut before;
///   e(conf) = sqrt((n - c) / (2 c n) ln(2 / conf));
///   alarm:  z - z_c >= e(drift_confidence),   warning:  z - z_c >= e(warning_confidence);
///   for decreases the cut is where z - h(n) was no smaller, and z_c - z is compared
///
/// Variant       `variant`, above; without two_sided they are the same detector.
/// After alarm   starts anew.
/// Symmetry      variant river with two_sided: x -> 1 - x says the same.
/// Units         x in [0, 1].
/// Assumes       independent values in [0, 1] for each single bound; the cut is chosen by looking at the data and the
///               look is repeated at every n, for which nothing is paid.
/// Guarantee     none (parts.h).
/// Measured      (one-sided) errors at rate p, false alarms per 100,000: .5 % 0, 5 % .006, 20 % .41, 50 % .88.
///               Median delay at 5 % -> 8 / 10 / 20 %: 4792 / 1806 / 324.
/// State         48 bytes. Cost: about five square roots a step.
/// Source        Frias-Blanco et al. 2015, IEEE TKDE 27(3), 810-823.
template <HddmAVariant variant>
class HddmA {
 public:
  using Options = HddmOptions;
  static constexpr const char* formula =
      variant == HddmAVariant::river ? hddm_a_river_formula : hddm_a_scikit_multiflow_formula;
  /// The defaults of River (one-sided); scikit-multiflow's is two_sided = true.
  explicit HddmA(const Options& options = {}, bool two_sided = variant == HddmAVariant::scikit_multiflow);

  Signal step(double x);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct Start {
    std::uint64_t n = 0;
    double sum = 0;
    [[nodiscard]] double mean() const { return sum / static_cast<double>(n); }
  };
  void move_cuts();
  [[nodiscard]] double bound(std::uint64_t n) const;
  /// Whether all has left the mean at the cut behind by at least e, to the side of `sign`.
  [[nodiscard]] bool left(const Start& cut, double sign, double log_confidence) const;
  void restart() { all_ = up_ = down_ = {}; }

  double log_drift_, log_drift2_, log_warning2_;  ///< ln(1 / conf), ln(2 / conf)
  bool two_sided_;
  Start all_, up_, down_;
};

using HddmARiver = HddmA<HddmAVariant::river>;
using HddmAScikitMultiflow = HddmA<HddmAVariant::scikit_multiflow>;

extern template class HddmA<HddmAVariant::river>;
extern template class HddmA<HddmAVariant::scikit_multiflow>;

static_assert(Detector<HddmARiver> && Detector<HddmAScikitMultiflow>);

}  // namespace pilotwatch::stats
