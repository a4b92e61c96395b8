// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "stats/classical/parts.h"

namespace pilotwatch::stats {

/// Programs that are all called ADWIN and alarm at different observations.
enum class AdwinVariant : std::uint8_t {
  river_pr1613,      ///< River after pull request 1613 (2024): every cut is looked at, starts anew after an alarm
  river,             ///< River 0.15 until then: the newest bucket of every size is left out of the cuts; starts anew
  river_0_7,         ///< River 0.7, creme: the same cuts; after an alarm goes on with the shrunk window
  scikit_multiflow,  ///< as river_0_7, and a merged bucket forgets the spread of its older half
};

inline constexpr const char* adwin_pr1613_formula = "adwin-river-pr1613/v1";
inline constexpr const char* adwin_river_formula = "adwin-river-0.15/v1";
inline constexpr const char* adwin_river_0_7_formula = "adwin-river-0.7/v1";
inline constexpr const char* adwin_scikit_multiflow_formula = "adwin-scikit-multiflow/v1";

struct AdwinOptions {
  double delta = 0.002;           ///< in (0, 1); a bound only in the paper's proof, see Guarantee
  std::uint64_t clock = 32;       ///< looks at every clock-th observation; >= 1
  std::uint64_t grace = 10;       ///< looks at no window of this length or less
  std::uint64_t min_window = 5;   ///< shortest part on either side of a cut; >= 1
  std::uint32_t max_buckets = 5;  ///< buckets of one size before two are merged; in [2, 100]
};

/// ADWIN2: a window over the recent past that drops its oldest part while two parts of it have different means.
///
/// The window is kept as buckets of 1, 2, 4, ... values, at most max_buckets of each size, each with the sum and the
/// sum of squared deviations of its values. With W values and variance v (divisor W) in the window and a cut into the
/// n0 oldest and the n1 newest (only between buckets),
///
///   change:  |mean_0 - mean_1| > sqrt(2 m v d) + 2/3 m d,
///   d = ln(2 ln(W) / delta),   m = 1/(n0 - min_window + 1) + 1/(n1 - min_window + 1),
///
/// looked at from the oldest cut on. At a change the oldest bucket goes, and the look is repeated. One or more changes
/// at one look are one alarm.
///
/// Variant       `variant`, above. All of them take v of the whole window, and count n0 and n1 from min_window - 1 on.
/// Arithmetic    values are kept as differences to the first one after a start: the same figures with less
///               cancellation, and a constant stream is exactly constant.
/// Units         x that FixedSum::fits. The term 2/3 m d is for x in [0, 1]: the detector is shift but not scale
///               invariant; for values of another size that term weighs too much or too little.
/// Assumes       independent values.
/// Guarantee     none (parts.h): the paper's theorem is for a wider bound (Hoeffding, delta / W for each cut); this is
///               the form that it takes for practice (normal approximation, delta / ln W).
/// Measured      errors at rate p, false alarms per 100,000 at .5 / 5 / 20 / 50 %, and median delay at
///               5 % -> 8 / 10 / 20 %. Variant river: 0 / .03 / 0 / .02 (at 5 %, .5 % of 2,000 streams of 100,000
///               alarm); 6000 / 3248 / 1104. Variant river_pr1613 (200 streams): .005 / 0 / .01 / .06;
///               1424 / 496 / 144. The cuts left out are why the others are four to eight times slower: there the
///               newest bucket of the largest sizes counts as part of the new values.
/// Two-sided     a smaller mean alarms too; x -> -x changes nothing.
/// State         16 bytes times max_buckets + 1 times 48 sizes (4.6 kB), allocated at construction; enough for 10^15
///               observations. Written: only buckets in use.
/// Cost          amortised two bucket merges a step; each clock-th step a look at all cuts, O(max_buckets log W).
/// Source        Bifet, Gavalda 2007, SIAM SDM, 443-448; variance: Babcock et al. 2003, PODS, 234-243.
template <AdwinVariant variant>
class Adwin {
 public:
  using Options = AdwinOptions;
  static constexpr const char* formula = variant == AdwinVariant::river_pr1613 ? adwin_pr1613_formula
                                         : variant == AdwinVariant::river      ? adwin_river_formula
                                         : variant == AdwinVariant::river_0_7  ? adwin_river_0_7_formula
                                                                               : adwin_scikit_multiflow_formula;
  explicit Adwin(const Options& options = {});

  Signal step(double x);
  [[nodiscard]] std::uint64_t width() const { return width_; }  ///< values in the window
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct Bucket {
    double sum, squares;  ///< squares: of deviations from the bucket's mean
  };
  static constexpr std::size_t max_sizes = 48;
  static constexpr bool starts_anew = variant == AdwinVariant::river_pr1613 || variant == AdwinVariant::river;
  static constexpr bool skips_newest = variant != AdwinVariant::river_pr1613;

  [[nodiscard]] Bucket* row(std::size_t size) { return &buckets_[size * (options_.max_buckets + 1)]; }
  [[nodiscard]] const Bucket* row(std::size_t size) const { return &buckets_[size * (options_.max_buckets + 1)]; }
  void insert(double x);
  void merge_full_rows();
  void remove_front(std::size_t size, std::uint32_t count);
  void drop_oldest();
  [[nodiscard]] bool has_cut() const;
  [[nodiscard]] bool is_change(double n0, double sum0, double bound_d) const;
  void restart();

  Options options_;
  std::vector<Bucket> buckets_;       ///< row of each size, oldest first within a row
  std::vector<std::uint32_t> count_;  ///< buckets in use of each size
  std::size_t sizes_ = 1;             ///< rows in use
  std::uint64_t width_ = 0, ticks_ = 0;
  double origin_ = 0, sum_ = 0, squares_ = 0;
};

using AdwinRiver = Adwin<AdwinVariant::river>;
using AdwinRiverPr1613 = Adwin<AdwinVariant::river_pr1613>;
using AdwinRiver07 = Adwin<AdwinVariant::river_0_7>;
using AdwinScikitMultiflow = Adwin<AdwinVariant::scikit_multiflow>;

extern template class Adwin<AdwinVariant::river>;
extern template class Adwin<AdwinVariant::river_pr1613>;
extern template class Adwin<AdwinVariant::river_0_7>;
extern template class Adwin<AdwinVariant::scikit_multiflow>;

static_assert(Detector<AdwinRiver> && Detector<AdwinRiverPr1613> && Detector<AdwinRiver07> &&
              Detector<AdwinScikitMultiflow>);

}  // namespace pilotwatch::stats
