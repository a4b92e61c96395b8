// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

// Is the mean of losses x in [0, 1] above a limit m? Null: E[x | past] <= m at every observation.
// Every metric with a linear form reduces to this one: sequential/reductions.h.

/// Which side of the limit is wrong.
enum class Side : std::uint8_t { above, below };

/// Consecutive observations that are looked at together. Merges exactly: counts and fixed-point sums are integers.
/// x counts in units of 2^-40, rounded down (at most 9e-13 too little: on the safe side of an upper limit).
struct Block {
  std::uint64_t n = 0, sum = 0;  ///< observations; sum of x in units of 2^-40
  double weight = 0;             ///< their start weights together

  void add(double x, double w) {
    ++n;
    sum += static_cast<std::uint64_t>(static_cast<std::int64_t>(x * 0x1p40));  // signed: one instruction
    weight += w;
  }
  Block& operator+=(const Block& other) {
    n += other.n;
    sum += other.sum;
    weight += other.weight;
    return *this;
  }
  [[nodiscard]] double mean() const { return static_cast<double>(sum) * 0x1p-40 / static_cast<double>(n); }
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
  bool operator==(const Block&) const = default;
};

/// The default detector of a bounded mean: bets on the means of blocks,
///
///   e_f = 1 + f (mean/m - 1),   f in fraction_grid,   w = the start weights of the block together.
///
/// Assumes     the null above. ANY dependence inside a block is allowed; across blocks the past may be anything as long
/// as
///             the null holds given it. Outcomes that come in clusters need blocks of >= 10 design effects (plan.h).
/// Units       x in [0, 1] (others are a bug: PW_ASSERT); m in (0, 1).
/// Guarantee   evidence.h. Merging: add up the Blocks of one tick at one owner and call step_block.
/// State       about 240 bytes. Cost: an addition an observation, 14 multiplications a block.
/// Measured    false alarms 0.71 per 100,000 at N = 1e5, m = .05; median delay to .08/.10/.20: 700/360/140
/// observations.
class BlockMean {
 public:
  static constexpr const char* formula = "e-sr-block-mean/v1";
  BlockMean(double limit, std::uint32_t block, Thresholds at, Side wrong = Side::above);

  /// One observation; speaks at the end of a block. w: start weight, >= 0.
  Signal step(double x, double w) {
    PW_ASSERT(x >= 0 && x <= 1 && w >= 0);
    open_.add(wrong_ == Side::above ? x : 1 - x, w);
    return open_.n < block_ ? watch_.now() : close_block();
  }
  Signal step(double x) { return step(x, 1.0); }
  /// A whole block at once, whatever its size; what step() had begun is left as it is.
  Signal step_block(const Block& block);

  [[nodiscard]] const Watch<7>& watch() const { return watch_; }  ///< counts in blocks
  [[nodiscard]] const Block& open_block() const { return open_; }
  [[nodiscard]] std::uint32_t block_size() const { return block_; }
  /// Starts anew: another limit, another version. The evidence is gone, the open block too.
  void reset();

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  Signal close_block();

  double mean_limit_;  ///< of x, or of 1 - x
  std::uint32_t block_;
  Side wrong_;
  Watch<7> watch_;
  Block open_;
};

/// The same question one observation at a time: bets with the odds of odds_grid.
///
/// Assumes     the null above, and that given the past each observation really has its mean <= m: clusters break it
///             (a Markov persistence of .3 alone turns a mean time between false alarms of 100,000 into 3,409).
///             Use it where observations are independent; it sees large changes sooner (59 instead of 140 at .05 ->
///             .20).
/// State       about 210 bytes. Cost: 12 multiplications an observation.
class EventMean {
 public:
  static constexpr const char* formula = "e-sr-event-mean/v1";
  EventMean(double limit, Thresholds at, Side wrong = Side::above);

  Signal step(double x, double w);
  Signal step(double x) { return step(x, 1.0); }

  [[nodiscard]] const Watch<6>& watch() const { return watch_; }
  void reset() { watch_.reset(); }

  void write(ByteWriter& out) const { watch_.write(out); }
  void read(ByteReader& in) { watch_.read(in); }

 private:
  std::array<double, 6> lambda_{};
  double mean_limit_;
  Side wrong_;
  Watch<6> watch_;
};

/// Has a breach ended? The mirrored question, asked from the breach on: null E[x | past] >= m_rec ("still in breach"),
/// bets with odds {.8, .6, .4, .2}, each e-value to the power 1/design_effect (still an e-value, by Jensen).
///
/// Says     Signal::alarm when recovery is shown: S >= N_rec, by default N/100 of the monitor.
/// Guarantee while the mean is really at or over m_rec the expected number of false recoveries is <= time/N_rec.
/// Assumes   as EventMean, with design_effect > 1 for clusters.
class Recovery {
 public:
  static constexpr const char* formula = "e-sr-recovery/v1";
  Recovery(double recovered_below, double proven_at, double design_effect = 1, Side wrong = Side::above);

  Signal step(double x, double w);
  Signal step(double x) { return step(x, 1.0); }
  [[nodiscard]] const Watch<4>& watch() const { return watch_; }
  void reset() { watch_.reset(); }

  void write(ByteWriter& out) const { watch_.write(out); }
  void read(ByteReader& in) { watch_.read(in); }

 private:
  std::array<double, 4> lambda_{};
  double mean_limit_, power_;
  Side wrong_;
  Watch<4> watch_;
};
}  // namespace pilotwatch::stats
