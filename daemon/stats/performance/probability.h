// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* brier_formula = "brier/v1";
inline constexpr const char* log_loss_formula = "log-loss-1e-15/v1";
inline constexpr const char* log_loss_machine_formula = "log-loss-machine-epsilon/v1";
inline constexpr const char* ece_width_formula = "ece-equal-width-10/v1";
inline constexpr const char* mce_width_formula = "mce-equal-width-10/v1";

/// Sums over cases (probability p, outcome y in {0, 1}) for Brier score, log loss and equal-width calibration:
/// mergeable, taken back exactly, no dependence on order. About 0.6 kB.
class ProbabilityState {
 public:
  static constexpr std::size_t bins = 10;

  /// `p` in [0, 1]; anything else (NaN too) is a bug: the caller counts it as unusable. O(1), two logarithms.
  void add(double p, bool positive, std::int64_t times = 1);
  ProbabilityState& operator+=(const ProbabilityState& other);
  ProbabilityState& operator-=(const ProbabilityState& other);

  [[nodiscard]] std::int64_t n() const { return n_; }

  /// Mean of (p - y)^2. [0, 1], lower is better; 0.25 for p = 1/2 throughout. no_data.
  /// Source: Brier 1950, Monthly Weather Review 78 (his two-class score is twice this).
  [[nodiscard]] Answer<double> brier() const;

  /// Mean of -ln(probability given to what came out), p clipped to [1e-15, 1 - 1e-15]. Nats, [0, 34.54]; one sure and
  /// wrong case costs 34.5. no_data. Source: Good 1952, J. Royal Statistical Society B 14.
  [[nodiscard]] Answer<double> log_loss() const;
  /// The same with the clip at 2^-52: at most 36.04.
  [[nodiscard]] Answer<double> log_loss_machine() const;

  /// One bar of a reliability diagram: cases with min(floor(10 p), 9) = bin.
  struct Bin {
    std::int64_t n = 0;
    std::int64_t positives = 0;
    double mean_score = 0, positive_rate = 0;  ///< 0 where n = 0
  };
  [[nodiscard]] Bin bin(std::size_t i) const;

  /// Expected calibration error: sum over bins n_b / n |mean y - mean p|. [0, 1]. no_data.
  /// Bias    upward for few cases: with perfect calibration it is about 0.8 sum_b sqrt(n_b v_b) / n, v_b = p (1 - p);
  ///         and blind to errors that cancel inside a bin.
  /// Source  Naeini, Cooper, Hauskrecht 2015, AAAI; Guo et al. 2017, ICML.
  [[nodiscard]] Answer<double> ece() const;
  /// Maximum calibration error: the largest |mean y - mean p| of a bin that is not empty. [0, 1]; ruled by small bins.
  [[nodiscard]] Answer<double> mce() const;

  bool operator==(const ProbabilityState&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct BinSums {
    std::int64_t n = 0, positives = 0;
    FixedSum scores;
    bool operator==(const BinSums&) const = default;
  };
  std::int64_t n_ = 0;
  FixedSum squares_, log_loss_, log_loss_machine_;
  std::array<BinSums, bins> bins_;
};

/// -ln of the probability of what came out, p clipped to [clip, 1 - clip].
[[nodiscard]] double log_loss_of(double p, bool positive, double clip);

}  // namespace pilotwatch::stats
