// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/category.h"
#include "stats/sequential/evidence.h"
#include "stats/sequential/ranks.h"

namespace pilotwatch::stats {

// Has a distribution moved enough to matter? Shares of a reference with a tolerance tau on either side of each. A shift
// within tau is never an alarm (but with the stated risk delta); exchangeability is not needed; block counts merge.

/// By how much the shares of a reference of m rows may be off, all at once, with probability 1 - delta:
/// epsilon = sqrt(ln(2/delta)/(2 m)). Exact for a distribution function (Dvoretzky, Kiefer, Wolfowitz 1956, with
/// Massart's constant 1990); for k separate shares pass delta/k (Hoeffding 1963).
[[nodiscard]] double reference_error(std::uint64_t m, double delta);

/// Block-mean bets on both sides of every share p_i of a reference:
///
///   null  |P(hit i) - p_i| <= slack for all i
///   1{hit i} against the limit p_i + slack,  1{no hit i} against 1 - p_i + slack;   e = 1 + f (mean/limit - 1)
///   S = mean over shares, sides and f in `fractions`; a side whose limit reaches 1 cannot be exceeded and is left out
///
/// State  64 bytes a share (and 80). Cost 16 multiplications a share and block.
class ToleranceBets {
 public:
  static constexpr std::array<double, 4> fractions{.05, .15, .4, .8};
  ToleranceBets(std::vector<double> shares, double slack, Thresholds at);

  /// hits[i] of n observations; weight: their start weights together.
  Signal step(std::span<const std::uint32_t> hits, std::uint32_t n, double weight);

  [[nodiscard]] double s() const { return s_; }
  [[nodiscard]] Signal now() const { return verdict_.now(); }
  [[nodiscard]] const Thresholds& thresholds() const { return verdict_.thresholds(); }
  [[nodiscard]] const Alarmed& alarmed() const { return alarmed_; }  ///< in blocks; no change point
  [[nodiscard]] std::size_t size() const { return shares_.size(); }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  using Bets = std::array<double, fractions.size()>;
  std::vector<double> shares_;
  double slack_;
  std::vector<std::array<Bets, 2>> r_;  ///< [share][hit, no hit]
  std::uint64_t steps_ = 0;
  double s_ = 0;
  Verdict verdict_;
  Alarmed alarmed_;
};

/// Check points of CdfDrift: up to 19 edges of the bins, those nearest to the quantiles .05, .10 ... .95 of the
/// reference.
struct CdfReference {
  std::vector<double> at_or_below;          ///< reference share at or below each check point, ascending, each in (0, 1)
  std::vector<std::uint8_t> points_before;  ///< by bin: check points below all its values
  std::uint64_t n = 0;                      ///< reference rows

  static constexpr std::size_t max_points = 19;
  [[nodiscard]] static CdfReference of(const RankReference& bins);
};

/// ToleranceBets on a distribution function: an alarm says that the distance of Kolmogorov and Smirnov exceeds tau.
///
/// delta (by default 1e-3 over all features) adds to the chance of a false alarm. Blocks are short: the limits lie
/// around one half, where one block can at most double the evidence. Measured, ten features, N = 1e5, tau .05: a shift
/// of .5 sd (distance .2) seen after 429/495/1,280 observations in the median with blocks of 1/5/20, one of .2 sd
/// (distance .08) never. State  about 1.4 KB at 19 check points. Cost: an addition an observation, 304 multiplications
/// a block.
class CdfDrift {
 public:
  static constexpr const char* formula = "e-sr-cdf/v1";
  static constexpr double default_tolerance = 0.1;
  static constexpr std::uint32_t default_block = 5;
  /// `reference` must outlive the detector. tolerance in (0, 1); delta: this feature's part; block <= 65,535.
  CdfDrift(const CdfReference& reference, double tolerance, double delta, std::uint32_t block, Thresholds at);

  Signal step(std::size_t bin, double w);
  /// Values by number of check points below them: at_or_below.size() + 1 counts; their start weights together.
  using Counts = std::array<std::uint16_t, CdfReference::max_points + 1>;
  Signal step_block(const Counts& counts, double weight);

  [[nodiscard]] const ToleranceBets& watch() const { return bets_; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  const CdfReference* reference_;
  std::uint32_t block_, in_block_ = 0;
  Counts counts_{};
  double weight_ = 0;
  ToleranceBets bets_;
};

/// ToleranceBets on the shares of categories; epsilon = reference_error(n, delta/categories).
class CategoryTolerance {
 public:
  static constexpr const char* formula = "e-sr-category-tolerance/v1";
  CategoryTolerance(const CategoryReference& reference, double tolerance, double delta, std::uint32_t block,
                    Thresholds at);

  Signal step(std::size_t category, double w);

  [[nodiscard]] const ToleranceBets& watch() const { return bets_; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::uint32_t block_, in_block_ = 0;
  std::vector<std::uint32_t> counts_;
  double weight_ = 0;
  ToleranceBets bets_;
};

/// Is the distribution within tau of the reference again? The union null "some check point is still off by tau or more,
/// on one side or the other" is given up when the LEAST of the one-sided recovery detectors reaches proven_at. One
/// observation at a time, as Recovery of sequential/mean.h; that holds for the assumptions too.
class CdfRecovery {
 public:
  static constexpr const char* formula = "e-sr-cdf-recovery/v1";
  CdfRecovery(const CdfReference& reference, double tolerance, double proven_at);

  /// Signal::alarm: recovery is shown.
  Signal step(std::size_t bin, double w);
  [[nodiscard]] double s() const { return s_; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  const CdfReference* reference_;
  double proven_at_, s_ = 0;
  struct Side {
    double limit;  ///< null: mean >= limit
    std::array<double, 4> lambda;
    Evidence<4> evidence;
  };
  std::vector<std::array<Side, 2>> sides_;
};

}  // namespace pilotwatch::stats
