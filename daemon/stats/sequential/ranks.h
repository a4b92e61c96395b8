// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

inline constexpr std::size_t rank_cells = 1024;   ///< G: a rank u in [0, 1) falls into cell floor(G u)
inline constexpr std::size_t max_rank_bins = 72;  ///< 64 quantile bins, those below and above them, and room

// Bets on a rank that is uniform while nothing changes: non-negative functions of the cell that average exactly 1.

/// Location d: G (Phi(z_{g+1} - d) - Phi(z_g - d)), z_g = Phi^-1(g/G): what a normal value shifted by d sd would show.
[[nodiscard]] double location_bet(std::size_t cell, double d);
/// Scale s: G (Phi(z_{g+1}/s) - Phi(z_g/s)).
[[nodiscard]] double scale_bet(std::size_t cell, double s);
enum class Tail : std::uint8_t { high, low, both };
/// Tails: (1 - epsilon) + epsilon 1{cell in the tail}/P(tail), 20 cells (2 %) a tail.
[[nodiscard]] double tail_bet(std::size_t cell, Tail tail, double epsilon);

/// A table of K bets: values by cell, rounded down to single precision (so that no bet averages more than 1), and the
/// weights of the bets: half of the weight on locations, .3 on scales, .2 on tails. 80 to 100 KB, shared by all
/// monitors.
template <std::size_t K>
struct RankTable {
  std::vector<std::array<float, K>> by_cell;
  std::array<double, K> weights{};
};
/// Per event: d = +-.1, .2, .4, .8, 1.5; s = .5, .7, .85, 1.15, 1.3, 1.6, 2.2; tails with epsilon .1, .3.
[[nodiscard]] const RankTable<23>& event_rank_table();
/// For means over blocks, bolder: d = +-.5, 1, 1.5, 2; s = .3, .5, .7, 1.4, 1.8, 2.5; tails with epsilon .3, .8.
[[nodiscard]] const RankTable<20>& block_rank_table();

/// The reference's counts in at most max_rank_bins bins of one feature; frozen, shared by all monitors on it.
struct RankReference {
  std::vector<std::uint32_t> counts;  ///< at least one bin; sum > 0
};

/// The same by stratum: parts of a known season (hours of the day, say), each with rows and bins of its own, in the
/// order of the values in every one. Frozen, shared.
struct StrataReference {
  std::vector<RankReference> strata;  ///< at least one
  [[nodiscard]] std::uint64_t n() const;
};

/// Ranks of new values among all before them, the reference first: for a value in bin b, after counting it,
///
///   u = (sum_{j<b} c_j + U c_b) / n,   U uniform and independent (tie_breaker in bets.h)
///
/// If reference and stream are exchangeable the u's are independent and uniform: no error of a finite reference is
/// left. (Ranks against the reference alone are not: 14 false alarms per 100,000 instead of 0.5 with 500 reference
/// rows. Averaging U out is not either.) Ranks depend on the order: one owner, in decision order. Do not merge; average
/// the detectors of shards instead. State  4 bytes a bin (and 44). Cost: about 5 ns. Source Vovk, Gammerman, Shafer
/// 2005, Algorithmic Learning in a Random World, ch. 2 and 7.
class ConformalRanks {
 public:
  /// `reference` must outlive the ranks.
  explicit ConformalRanks(const RankReference& reference) : reference_(&reference) { restart(); }

  /// Counts a value of `bin` (below the number of bins) and answers its rank in (0, 1).
  [[nodiscard]] double rank(std::size_t bin, double tie);
  /// Forgets the stream: the reference alone is the past again. After an alarm.
  void restart();
  [[nodiscard]] std::uint64_t seen() const { return n_ - reference_n_; }  ///< values since the restart

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  static constexpr std::size_t group = 8, groups = max_rank_bins / group;
  void count(std::size_t bin, std::uint32_t times);

  const RankReference* reference_;
  std::array<std::uint32_t, max_rank_bins> counts_{};
  std::array<std::uint32_t, max_rank_bins> within_{};         ///< sum of the lower bins of the same group of 8
  std::array<std::uint32_t, (groups + 3) / 4 * 4> before_{};  ///< by group: sum of all lower groups
  std::uint64_t n_ = 0, reference_n_ = 0;
};

/// Ranks within the stratum of each value: among the values before it in that stratum, the reference's first.
///
/// Null    Given the times, no permutation of values within strata changes the joint law of reference and stream
///         (partial exchangeability; the strata may differ as they like, and depend on each other). Then all u's
///         together are independent and uniform, as without strata: let G_n be what is known when the contents of each
///         stratum after n values are, without their order, and all that came later, ties included. Given G_n every
///         order within strata is equally likely, so the n-th value is equally likely each one of its stratum's
///         content: u_n is uniform given G_n. All later u's are functions of G_n. Hence u_n is independent of them, for
///         every n. So whatever bets on one sequence of u's bets on these, one evidence for all strata.
/// Size    650 bytes a stratum in memory, 1 to 3 a bin and stratum written. One stratum: ConformalRanks, bit for bit.
class StrataRanks {
 public:
  /// `reference` must outlive the ranks.
  explicit StrataRanks(const StrataReference& reference);
  explicit StrataRanks(const RankReference& reference) : ranks_{ConformalRanks(reference)} {}

  [[nodiscard]] double rank(std::size_t stratum, std::size_t bin, double tie) { return ranks_[stratum].rank(bin, tie); }
  [[nodiscard]] std::size_t strata() const { return ranks_.size(); }
  void restart();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::vector<ConformalRanks> ranks_;
};

}  // namespace pilotwatch::stats
