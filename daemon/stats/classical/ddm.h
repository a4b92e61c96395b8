// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

enum class DdmVariant : std::uint8_t {
  river,             ///< River's drift.binary module: first looks at observation warm_start + 1
  river_0_7,         ///< River 0.7, creme: first looks at observation warm_start
  scikit_multiflow,  ///< first looks at observation warm_start - 1
};

inline constexpr const char* ddm_river_formula = "ddm-river/v1";
inline constexpr const char* ddm_river_0_7_formula = "ddm-river-0.7/v1";
inline constexpr const char* ddm_scikit_multiflow_formula = "ddm-scikit-multiflow/v1";

struct DdmOptions {
  std::uint64_t warm_start = 30;  ///< observations; min_num_instances in scikit-multiflow; >= 1
  double warning = 2;             ///< in standard deviations; > 1
  double drift = 3;               ///< likewise; >= warning
};

/// DDM: has the error rate risen from where it was lowest?
///
///   p = errors / n,   s = sqrt(p (1 - p) / n);
///   p_min, s_min = those at the n with the smallest p + s so far (a later tie wins);
///   warning:  p + s > p_min + 2 s_min,   alarm:  p + s > p_min + 3 s_min
///
/// Variant       `variant`, above: only the first observation looked at differs. All have a strict >, where the paper
///               has >=; with >= a stream without errors would alarm.
/// After alarm   starts anew.
/// One-sided     increases only.
/// Units         x in [0, 1], 1 an error. s is that of errors in {0, 1}; for other losses it is too large.
/// Assumes       independent errors. Starts at p = 0 with a run of correct answers: then p_min = s_min = 0 and the
///               first error after the warm-up alarms, which is why it is worst at low rates.
/// Guarantee     none (parts.h): the minimum is taken over all of the past, so 3 sd are not 3 sd.
/// Measured      errors at rate p, false alarms per 100,000: .5 % 13.7, 5 % 1.8, 20 % .35, 50 % .18.
///               Median delay at 5 % -> 8 / 10 / 20 %: 7644 / 4233 / 1330; 18 % of the changes to 8 % are missed within
///               50,000. The longer the past, the slower.
/// State         40 bytes. Cost: a square root and two divisions a step.
/// Source        Gama, Medas, Castillo, Rodrigues 2004, SBIA, LNCS 3171, 286-295.
template <DdmVariant variant>
class Ddm {
 public:
  using Options = DdmOptions;
  static constexpr const char* formula = variant == DdmVariant::river       ? ddm_river_formula
                                         : variant == DdmVariant::river_0_7 ? ddm_river_0_7_formula
                                                                            : ddm_scikit_multiflow_formula;
  explicit Ddm(const Options& options = {}) : options_(options) {
    PW_ASSERT(options.warm_start >= 1 && options.warning > 1 && options.drift >= options.warning);
  }

  Signal step(double x);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  [[nodiscard]] bool is_warm() const {
    return variant == DdmVariant::river ? n_ > options_.warm_start
                                        : n_ + (variant == DdmVariant::river_0_7 ? 0 : 1) >= options_.warm_start;
  }
  Options options_;
  std::uint64_t n_ = 0;
  double p_ = 0;
  bool has_least_ = false;
  double least_p_ = 0, least_s_ = 0;
};

using DdmRiver = Ddm<DdmVariant::river>;
using DdmRiver07 = Ddm<DdmVariant::river_0_7>;
using DdmScikitMultiflow = Ddm<DdmVariant::scikit_multiflow>;

extern template class Ddm<DdmVariant::river>;
extern template class Ddm<DdmVariant::river_0_7>;
extern template class Ddm<DdmVariant::scikit_multiflow>;

static_assert(Detector<DdmRiver> && Detector<DdmRiver07> && Detector<DdmScikitMultiflow>);

}  // namespace pilotwatch::stats
