// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* quantile_sketch_formula = "kll/v1";

/// Quantiles of a stream in bounded memory: for displays, never under an alarm with a budget (its error would have to
/// be part of the null; counts at fixed edges need none).
///
/// Level h holds values that stand for 2^h cases each, up to about k (2/3)^(depth below the top) of them. When all
/// levels together are full, the lowest full one is sorted and every other value moves one level up. Which of each two
/// is decided by a hash of the number of compactions so far: the same stream gives the same sketch, yet the choice
/// knows nothing of the values, which is what the bound on the error rests on.
///
/// Error   of a rank, as a share of n: at most 2.296 / k^0.9723 for one query with probability 99 %, 1.33 % for k =
/// 200;
///         2.446 / k^0.9433 for all at once (1.65 %). Exact until the first compaction (k values). min and max are
///         exact.
/// Merge   the error of a merged sketch is that of one sketch of all; the bits depend on the order of merging.
///         Nothing can be taken back.
/// Size    about 3 k values and 8 more a level: 6 KB at k = 200 and a million values. add: amortised O(log k),
/// allocates
///         only where a level is new.
/// Source  Karnin, Lang, Liberty 2016, FOCS; the error's fit: Apache DataSketches (measured).
class QuantileSketch {
 public:
  /// k in [8, 65535], else a bug.
  explicit QuantileSketch(std::uint32_t k = 200);

  /// x: not NaN (a bug); infinities are values. times >= 0: so many equal cases, at the price of their binary digits;
  /// all together below 2^63.
  void add(double x, std::int64_t times = 1);
  /// The same k, else a bug.
  QuantileSketch& operator+=(const QuantileSketch& other);

  [[nodiscard]] std::uint64_t n() const { return n_; }
  /// Values held.
  [[nodiscard]] std::size_t size() const { return held_; }
  [[nodiscard]] double rank_error() const;  ///< 99 % of single queries err by less, as a share of n

  /// Share of cases <= x, [0, 1]. no_data: empty. O(size).
  [[nodiscard]] Answer<double> rank(double x) const;
  /// Smallest value held whose rank is >= q; the minimum at 0, the maximum at 1. q in [0, 1], else out_of_domain.
  /// no_data: empty. O(size log size), allocates.
  [[nodiscard]] Answer<double> quantile(double q) const;

  bool operator==(const QuantileSketch&) const = default;
  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< k as written. CorruptBytes on bytes no sketch has.

 private:
  [[nodiscard]] std::size_t capacity(std::size_t level) const;
  [[nodiscard]] std::size_t total_capacity() const;
  std::vector<double>& level(std::size_t index);
  void compress();
  void compact(std::size_t index);

  std::uint32_t k_;
  std::uint64_t n_ = 0;
  std::uint64_t compactions_ = 0;
  double min_ = 0, max_ = 0;
  std::size_t held_ = 0, room_ = 0;          ///< values in all levels; how many there may be
  std::vector<std::vector<double>> levels_;  ///< [h]: values of weight 2^h; sorted from level 1 on
};

}  // namespace pilotwatch::stats
