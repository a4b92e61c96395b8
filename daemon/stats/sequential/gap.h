// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

/// A limit on the rates of two groups: p_b <= ratio p_a + difference. A gap limit has ratio 1; "b is flagged at most
/// 1.25 times as often as a" has ratio 1.25 and difference 0; "b is granted at least 0.8 times as often as a" is
/// "a at most 1/0.8 times as often as b": the groups change places.
struct GapLimit {
  double ratio = 1, difference = 0;
  [[nodiscard]] double bound(double p_a) const { return ratio * p_a + difference; }
};

/// The bet against all pairs of rates within the limit, for a block of n_a and n_b observations and the alternative
/// (theta_a, theta_b):
///
///   e = prod (1 + u (x_i - m)) prod (1 + v (y_j - m_b)),   m_b = bound(m),
///   u = (theta_a - m)/(m(1 - m)),  v = (theta_b - m_b)/(m_b(1 - m_b)),   m solves  n_a u + ratio n_b v = 0
///
/// Valid for every pair of levels within the limit, if both stay what they are within the block: along the boundary the
/// log of the expectation is concave with slope 0 at (m, m_b), and a smaller p_b lowers it further. Holds for outcomes
/// in [0, 1] too, not only {0, 1}. Source: Turner, Ly, Gruenwald 2024, J. Stat. Plan. Inference (2106.02693), restated.
struct GapBet {
  double m_a = 0, m_b = 0, u = 0, v = 0;
  /// ln e of x_a ones of n_a and x_b ones of n_b.
  [[nodiscard]] double log_e(double x_a, double n_a, double x_b, double n_b) const;
  /// E[e] if the true rates are p_a and p_b: <= 1 within the limit.
  [[nodiscard]] double expectation(double p_a, double n_a, double p_b, double n_b) const;
};
/// n_a, n_b > 0; theta_a, theta_b in (0, 1) with theta_b > bound(theta_a). Cost: a dozen steps of TOMS 748.
[[nodiscard]] GapBet gap_bet(double n_a, double theta_a, double n_b, double theta_b, const GapLimit& limit);

/// Which excess is wrong: that of b over a, or of either over the other (the limit then holds both ways).
enum class Excess : std::uint8_t { of_b, of_either };

/// Is group b's rate further above group a's than the limit allows? The level itself is unknown and may move from block
/// to block.
///
///   a block closes when both groups are present and n >= block      (looks at group labels and counts, never outcomes)
///   theta_a = past mean of a, clipped;  theta_b = bound(theta_a) + g,  g in gap_grid;   w = start weights of the block
///
/// Equal opportunity: feed it the observations with outcome 1 only. Equalised odds: two monitors. Several groups: each
/// against the pooled others. Excess::of_either bets on both directions; S is the mean over both.
/// Assumes     within one block the levels stand still and observations are independent given the past (keep blocks
/// short
///             in time).
/// State       about 400 bytes. Cost: an addition an observation, 4 or 8 root searches a block (about 2 or 4 us).
/// Measured    80/20 groups, limit .05 either way: true gap at the limit .32 false alarms per 100,000 (N = 1e5);
///             .05 -> .15 found after 1,100, 0 -> .20 after 700, 0 -> .10 after 3,650 observations in the median.
class GroupGap {
 public:
  static constexpr const char* formula = "e-sr-gap/v1";
  static constexpr std::array<double, 4> gap_grid{.03, .07, .15, .3};
  GroupGap(GapLimit limit, std::uint32_t block, Thresholds at, Excess wrong = Excess::of_either);

  /// One observation of group a or b; hit: 0 or 1 happened. w: start weight.
  Signal step(bool group_b, bool hit, double w);
  /// 0, 1: group a without and with a hit; 2, 3: group b likewise.
  Signal step(double code) { return step(code >= 2, code == 1 || code == 3, 1.0); }

  /// Counts of one block; merge exactly.
  struct Counts {
    std::uint64_t n_a = 0, x_a = 0, n_b = 0, x_b = 0;
    double weight = 0;
    void write(ByteWriter& out) const;
    void read(ByteReader& in);
    bool operator==(const Counts&) const = default;
  };
  /// A whole block; both groups present.
  Signal step_block(const Counts& block);

  [[nodiscard]] const Watch<8>& watch() const { return watch_; }  ///< counts in blocks
  [[nodiscard]] const Counts& open_block() const { return open_; }
  void reset();

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  GapLimit limit_;
  std::uint32_t block_;
  std::array<double, 8> weights_{};  ///< of the bets: excess of b, then excess of a
  Watch<8> watch_;
  Counts open_, past_;  ///< past: before the open block
};

}  // namespace pilotwatch::stats
