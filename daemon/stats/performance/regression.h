// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "stats/answer.h"
#include "stats/performance/keyed_counts.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

inline constexpr const char* mae_formula = "mae/v1";
inline constexpr const char* mse_formula = "mse/v1";
inline constexpr const char* rmse_formula = "rmse/v1";
inline constexpr const char* bias_formula = "bias-predicted-minus-actual/v1";
inline constexpr const char* mape_formula = "mape-nonzero-targets/v1";
inline constexpr const char* mape_machine_formula = "mape-machine-epsilon/v1";
inline constexpr const char* smape_formula = "smape-0-to-2/v1";
inline constexpr const char* r2_formula = "r2/v1";
inline constexpr const char* rmsle_formula = "rmsle/v1";
inline constexpr const char* pinball_formula = "pinball/v1";
inline constexpr const char* median_ae_formula = "median-ae/v1";
inline constexpr const char* median_ae_bracket_formula = "median-ae-bracket/v1";
inline constexpr const char* max_error_formula = "max-error/v1";

/// Sums over cases (actual y, prediction f): mergeable, taken back exactly, no dependence on order. About 0.4 kB.
///
/// All figures: in the units of y unless said otherwise; no_data without a case; O(1).
class RegressionState {
 public:
  /// Whether a case can be added: both numbers finite and at most 2^55 (3.6e16) in size. Others are the caller's to
  /// count.
  [[nodiscard]] static bool fits(double actual, double predicted) {
    return FixedSum::fits(actual) && FixedSum::fits(predicted);
  }
  /// A case that fits (PW_ASSERT). O(1), two logarithms.
  void add(double actual, double predicted, std::int64_t times = 1);
  RegressionState& operator+=(const RegressionState& other);
  RegressionState& operator-=(const RegressionState& other);

  [[nodiscard]] std::int64_t n() const { return n_; }

  [[nodiscard]] Answer<double> mae() const;   ///< mean |f - y|, >= 0
  [[nodiscard]] Answer<double> mse() const;   ///< mean (f - y)^2, >= 0, units squared
  [[nodiscard]] Answer<double> rmse() const;  ///< sqrt(mse)
  [[nodiscard]] Answer<double> bias() const;  ///< mean (f - y): > 0 where predictions are too high

  /// Mean |f - y| / |y| over the `mape_n()` cases with y != 0. A fraction, not percent, [0, inf).
  /// Errors  zero_denominator: y = 0 throughout; out_of_domain: a case with |f - y| / |y| > 2^112 (5e33).
  /// Bias    favours predictions that are too low, and is ruled by the smallest |y|.
  [[nodiscard]] Answer<double> mape() const;
  [[nodiscard]] std::int64_t mape_n() const { return mape_n_; }

  /// Mean |f - y| / max(|y|, 2^-52) over all cases: what scikit-learn prints; enormous once a wrong y is 0.
  [[nodiscard]] Answer<double> mape_machine() const;

  /// Mean 2 |f - y| / (|y| + |f|), 0/0 = 0. [0, 2]; treats too high and too low unequally in spite of its name.
  /// Source: Makridakis 1993, Int. J. Forecasting 9 (without percent).
  [[nodiscard]] Answer<double> smape() const;

  /// 1 - sum (f - y)^2 / sum (y - mean y)^2. (-inf, 1], 0 for the mean of y. No units.
  /// Errors  constant: y does not vary (one case, too): a variance of at most 2^-78 or 2^-98 of the mean square
  ///         counts as none, which is what the sums can tell.
  /// Digits  sums of squares have 106 bits: an offset of 1e9 times the spread leaves full precision.
  [[nodiscard]] Answer<double> r2() const;

  /// sqrt( mean (ln(1 + f) - ln(1 + y))^2 ). >= 0; no units.
  /// Errors  out_of_domain: some y or f is <= -1.
  [[nodiscard]] Answer<double> rmsle() const;

  /// Mean of max( q (y - f), (q - 1)(y - f) ), the loss of f as forecast of the q-quantile. >= 0; half the MAE for 1/2.
  /// `q` in (0, 1). Any q from the same state. Source: Koenker, Bassett 1978, Econometrica 46.
  [[nodiscard]] Answer<double> pinball(double q) const;

  bool operator==(const RegressionState&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::int64_t n_ = 0, mape_n_ = 0;
  std::int64_t ratio_too_large_ = 0, no_logarithm_ = 0;
  FixedSum over_, under_;  ///< sums of max(f - y, 0) and max(y - f, 0)
  FixedSum squares_, actual_, actual_squares_;
  FixedSum ratios_, ratios_machine_, symmetric_, log_squares_;
};

/// |f - y| by value: the median, any quantile and the maximum, exact up to `cap` distinct errors and bracketed beyond;
/// mergeable and taken back as keyed_counts.h says. 16 bytes a distinct error.
class AbsoluteErrors {
 public:
  explicit AbsoluteErrors(std::size_t cap = KeyedCounts::default_cap) : counts_(1, cap) {}
  /// A case that RegressionState::fits (PW_ASSERT on NaN).
  void add(double actual, double predicted, std::int64_t times = 1);
  AbsoluteErrors& operator+=(const AbsoluteErrors& other);
  AbsoluteErrors& operator-=(const AbsoluteErrors& other);

  /// The middle error, for an even number the mean of the two middle ones. Units of y, >= 0. no_data. O(distinct).
  [[nodiscard]] Answer<Bracketed> median() const;
  /// The largest error. Unlike MaxError it can be taken back.
  [[nodiscard]] Answer<Bracketed> max() const;

  void write(ByteWriter& out) const { counts_.write(out); }
  void read(ByteReader& in) { counts_.read(in); }

 private:
  KeyedCounts counts_;
};

/// The largest |f - y| ever added, exactly, in 16 bytes. Merges; CANNOT take back: who has to correct outcomes uses
/// AbsoluteErrors::max.
class MaxError {
 public:
  void add(double actual, double predicted);  ///< finite (PW_ASSERT on NaN)
  MaxError& operator+=(const MaxError& other);
  [[nodiscard]] Answer<double> value() const;  ///< units of y, >= 0. no_data
  bool operator==(const MaxError&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  bool any_ = false;
  double most_ = 0;
};

}  // namespace pilotwatch::stats
