// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/category.h"
#include "stats/sequential/evidence.h"
#include "stats/sequential/lanes.h"
#include "stats/sequential/ranks.h"

namespace pilotwatch::stats {

// Has a distribution moved enough to matter? Shares of a reference with a tolerance tau on either side of each. A shift
// within tau is never an alarm (but with the stated risk delta); exchangeability is not needed; block counts merge.

/// By how much the shares of a reference of m rows may be off, all at once, with probability 1 - delta:
/// epsilon = sqrt(ln(2/delta)/(2 m)). Exact for a distribution function (Dvoretzky, Kiefer, Wolfowitz 1956, with
/// Massart's constant 1990); for k separate shares pass delta/k (Hoeffding 1963).
[[nodiscard]] double reference_error(std::uint64_t m, double delta);

/// The one-sided limits around the shares of a reference; frozen, shared by the detectors on it.
struct ToleranceLimits {
  struct Side {
    std::uint32_t share;  ///< index
    float inverse;        ///< 1/limit, rounded down
  };
  /// Those that can be exceeded (limit < 1): 1{hit} against share + slack first, then 1{no hit} against 1 - share +
  /// slack.
  std::vector<Side> sides;
  std::size_t hit_sides = 0, shares = 0;

  /// slack = tau + epsilon > 0.
  [[nodiscard]] static ToleranceLimits around(const std::vector<double>& shares, double slack);
};

/// Block-mean bets on both sides of every share p_i of a reference:
///
///   null  |P(hit i) - p_i| <= slack for all i
///   1{hit i} against the limit p_i + slack,  1{no hit i} against 1 - p_i + slack;   e = 1 + f (mean/limit - 1)
///   S = mean over sides and f in `fractions`; a side whose limit reaches 1 cannot be exceeded and is left out
///
/// R and e are kept in single precision, four bets to a register; every e is lowered by 2^-21, which is more than
/// rounding can add, so that the guarantee holds for what is computed. State  16 bytes a side (and 100). Cost 3
/// multiplications of four a side and block.
class ToleranceBets {
 public:
  static constexpr Lanes fractions{.05F, .15F, .4F, .8F};
  /// `limits` must outlive the bets.
  ToleranceBets(const ToleranceLimits& limits, Thresholds at);

  /// hits[i] of n observations; weight: their start weights together.
  Signal step(std::span<const std::uint32_t> hits, std::uint32_t n, double weight);

  [[nodiscard]] double s() const { return s_; }
  [[nodiscard]] Signal now() const { return gate_.now(); }
  [[nodiscard]] const Thresholds& thresholds() const { return gate_.thresholds(); }
  [[nodiscard]] const Alarmed& alarmed() const { return alarmed_; }  ///< in blocks; no change point
  [[nodiscard]] std::size_t shares() const { return limits_->shares; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  void calm();

  const ToleranceLimits* limits_;
  std::vector<Lanes> r_;  ///< by side
  std::uint64_t steps_ = 0;
  double s_ = 0;
  Gate gate_;
  Alarmed alarmed_;
};

/// Check points of CdfDrift: up to 19 edges of the bins, those nearest to the quantiles .05, .10 ... .95 of the
/// reference, and the limits around them. Frozen, shared.
struct CdfReference {
  std::vector<double> at_or_below;          ///< reference share at or below each check point, ascending, each in (0, 1)
  std::vector<std::uint8_t> points_before;  ///< by bin: check points below all its values
  ToleranceLimits limits;
  double tolerance = 0;

  static constexpr std::size_t max_points = 19;
  static constexpr double default_tolerance = 0.1;
  /// tolerance tau in (0, 1); delta in (0, 1): this feature's part of the risk (by default 1e-3 over all features).
  [[nodiscard]] static CdfReference of(const RankReference& bins, double tolerance, double delta);
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
  static constexpr std::uint32_t default_block = 5;
  /// `reference` must outlive the detector. block <= 65,535.
  CdfDrift(const CdfReference& reference, std::uint32_t block, Thresholds at);

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

/// The limits around the shares of categories: epsilon = reference_error(n, delta/categories).
[[nodiscard]] ToleranceLimits category_limits(const CategoryReference& reference, double tolerance, double delta);

/// ToleranceBets on the shares of categories.
class CategoryTolerance {
 public:
  static constexpr const char* formula = "e-sr-category-tolerance/v1";
  /// `limits` (of category_limits) must outlive the detector.
  CategoryTolerance(const ToleranceLimits& limits, std::uint32_t block, Thresholds at);

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
  /// Against the tolerance of `reference`, without the reference's error: within tau as far as the reference tells.
  CdfRecovery(const CdfReference& reference, double proven_at);

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
    double limit;                          ///< null: mean >= limit
    std::array<Evidence<4>::Values, 2> e;  ///< of an observation that is 0, and of one that is 1
    Evidence<4> evidence;
  };
  std::vector<std::array<Side, 2>> sides_;
};

}  // namespace pilotwatch::stats
