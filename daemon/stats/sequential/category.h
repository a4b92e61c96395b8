// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

/// Two-sided; the two boldest are for categories that the reference hardly knows.
inline constexpr std::array<double, 8> category_odds{1.0 / 3, .6, .8, 1.25, 1.6, 3, 12, 100};

/// The reference's counts by category: the frequent ones, "other", "unseen". Frozen, shared.
/// The categories must be fixed before the counted rows: exchangeable with the stream are only rows that had no part in
/// the choice. Counted by the rows that chose them, the frequent ones are too frequent and "unseen" has none, whatever
/// its true share: with a long tail a false alarm is certain (Zipf(1.3), 5,000 rows, N = 1e4: in each of 200 streams
/// within 420 values).
struct CategoryReference {
  std::vector<std::uint64_t> counts;  ///< 2 .. max_categories of them; sum > 0
  static constexpr std::size_t max_categories = 32;
  [[nodiscard]] std::uint64_t n() const;
};

/// The same categories by stratum (see StrataRanks of sequential/ranks.h: what they are and why one evidence holds for
/// all). Frozen, shared.
struct CategoryStrata {
  std::vector<CategoryReference> strata;  ///< at least one, each with the same categories
  [[nodiscard]] std::uint64_t n() const;
};

/// One category's part of a conformal test of shares: with c of n values (the reference first) in the category,
///
///   q = (c + 1/2)/(n + 1) before the value, p = c/n after it;
///   u = 1 - p + p U if the value is of the category, else (1 - p) U;   z = 1{u > 1 - q};
///   e = q1/q if z, else (1 - q1)/(1 - q);   q1 the share with odds times the odds of q
///
/// u is uniform if reference and stream are exchangeable, so z is Bernoulli(q) exactly: no reference error is left.
[[nodiscard]] bool category_hit(bool of_category, double q, double p, double tie);
/// e for z and one of category_odds: odds/(1 - q + odds q) or 1/(1 - q + odds q).
[[nodiscard]] double category_e(bool hit, double q, double odds);

/// Have the shares of the categories changed at all? (Known shares of a designed split need no reference:
/// multinomial_log_bayes_factor of interval/sequence.h.)
/// The mean over categories of two-sided bets on category_hit, blocks
/// of `block` values: q stands still within a block (it is known before it), the e-values of its values are averaged.
/// block = 1 is the per-event form: exact for independent values.
///
/// Null, reference, alarms   as RankDrift (sequential/numeric.h); the categories do not depend on the counted rows.
/// Units   category: index into the reference's counts; tie: from tie_breaker(monitor, event).
/// Strata  c, n, q and p are those of the value's stratum; the e-values of a block are averaged over all its values.
/// State   250 bytes a category (and 100), 24 a category and stratum. Cost: about 1.5 ns a category and value, 16
///         multiplications a category, block and stratum that it holds.
class CategoryDrift {
 public:
  static constexpr const char* formula = "e-sr-conformal-category/v1";
  /// `reference` must outlive the detector; at least 200 rows.
  CategoryDrift(const CategoryReference& reference, std::uint32_t block, Thresholds at);
  /// By stratum; at least 200 rows together.
  CategoryDrift(const CategoryStrata& reference, std::uint32_t block, Thresholds at);

  Signal step(std::size_t category, double tie, double w, std::size_t stratum = 0);

  [[nodiscard]] double s() const { return s_; }
  [[nodiscard]] Signal now() const { return gate_.now(); }
  [[nodiscard]] const Thresholds& thresholds() const { return gate_.thresholds(); }
  [[nodiscard]] const Alarmed& alarmed() const { return alarmed_; }  ///< in blocks
  /// S of each category: which one moved.
  [[nodiscard]] std::vector<double> by_category() const;
  /// The first of those with the greatest.
  [[nodiscard]] std::size_t loudest() const;
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  struct Category {
    std::uint64_t c = 0;     ///< of the category so far, the reference included
    double q = 0;            ///< at the start of the block
    std::uint32_t hits = 0;  ///< z in the open block
  };
  struct Stratum {
    const CategoryReference* reference;
    std::vector<Category> categories;
    std::uint64_t n = 0;
    std::uint32_t in_block = 0;  ///< values in the open block; q is as of the block before while there is none
    double quiet_tie = 0;  ///< ties up to here are no hit of any category but the value's own, in this block; derived
  };
  CategoryDrift(std::vector<const CategoryReference*> references, std::uint32_t block, Thresholds at);
  void restart();
  void begin_block(Stratum& own) const;
  void e_values(std::size_t category, std::array<double, category_odds.size()>& e) const;
  Signal look();

  std::uint32_t block_, in_block_ = 0;
  double weight_ = 0, s_ = 0;
  std::vector<Stratum> strata_;
  std::vector<Evidence<category_odds.size()>> evidence_;
  Gate gate_;
  Alarmed alarmed_;
};

/// Is a rate above the one of a finite set of reference labels? One category (hits) of the conformal test above, bets
/// on its rise with the odds of odds_grid: exact for every reference size, without a known rate and without an error
/// bound.
///
/// Null      reference and stream are exchangeable: the rate is what it was. A fall of the rate is no alarm.
/// Block     as CategoryDrift: 1 for independent observations, >= 10 design effects for clustered ones.
/// Units     reference_hits of reference_n, at least 200; tie: from tie_breaker(monitor, event).
/// State     about 260 bytes. Cost: two divisions an observation, 12 multiplications a block.
/// Measured  against 5,000 labels at 5 %, block 1, N = 1e5: .74 false alarms per 100,000, delays 658/295/59 for a
/// change to
///           8/10/20 %: no loss against a known rate.
class ReferenceRate {
 public:
  static constexpr const char* formula = "e-sr-conformal-rate/v1";
  ReferenceRate(std::uint64_t reference_hits, std::uint64_t reference_n, std::uint32_t block, Thresholds at);

  Signal step(bool hit, double tie, double w);
  [[nodiscard]] const Watch<6>& watch() const { return watch_; }  ///< counts in blocks
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  void restart();

  std::uint64_t reference_hits_, reference_n_, c_ = 0, n_ = 0;
  std::uint32_t block_, in_block_ = 0, hits_ = 0;
  double q_ = 0, weight_ = 0;
  Watch<6> watch_;
};

}  // namespace pilotwatch::stats
