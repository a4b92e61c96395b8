// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fixed_sum.h"
#include "stats/answer.h"
#include "stats/performance/keyed_counts.h"
#include "stats/performance/scores.h"

namespace pilotwatch::stats {

inline constexpr const char* auc_one_vs_rest_macro_formula = "roc-auc-one-vs-rest-macro/v1";
inline constexpr const char* auc_one_vs_rest_weighted_formula = "roc-auc-one-vs-rest-weighted/v1";
inline constexpr const char* auc_hand_till_formula = "roc-auc-hand-till/v1";
inline constexpr const char* auc_hand_till_bracket_formula = "roc-auc-hand-till-bracket/v1";
inline constexpr const char* multiclass_log_loss_formula = "multiclass-log-loss-1e-15/v1";

/// Scores of K classes: for each class its score, counted by value and by the class that came out. Mergeable,
/// order-free; the table of a pair (i, j) or of one class against the rest is a sum of columns, so one state serves all
/// AUCs.
///
/// Size   (8 + 8 K) bytes a distinct score and class: at most K cap (8 + 8 K), 1.6 MB for K = 4 at the default cap.
class MulticlassScores {
 public:
  /// classes in [2, 256].
  explicit MulticlassScores(std::size_t classes, std::size_t cap = KeyedCounts::default_cap);

  /// One score a class, none of them NaN; `truth` < classes. Allocates nothing but as KeyedCounts does.
  void add(std::span<const double> scores, std::size_t truth, std::int64_t times = 1);
  MulticlassScores& operator+=(const MulticlassScores& other);
  MulticlassScores& operator-=(const MulticlassScores& other);

  [[nodiscard]] std::size_t classes() const { return by_class_.size(); }
  [[nodiscard]] std::int64_t count(std::size_t truth) const { return truths_[truth]; }
  /// Scores of class i, cases of class i as positives and of class j as negatives.
  [[nodiscard]] ScoreTable pair(std::size_t i, std::size_t j) const;
  /// Scores of class i, all other classes as negatives.
  [[nodiscard]] ScoreTable one_vs_rest(std::size_t i) const;

  /// Mean of -ln(score of the class that came out), clipped to [1e-15, 1 - 1e-15]; rows are not renormalised.
  /// Nats, [0, 34.54]. Errors: no_data; out_of_domain: some such score lay outside [0, 1].
  [[nodiscard]] Answer<double> log_loss() const;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< classes as written

 private:
  std::vector<KeyedCounts> by_class_;
  std::vector<std::int64_t> truths_;
  FixedSum log_loss_;
  std::int64_t no_probability_ = 0;
};

/// Mean over the classes of the AUC of class against the rest. [0, 1].
/// Errors  no_data; no_positives: a class has no case, and a mean over the others would be another figure.
///         no_negatives: all cases are of one class. The bracket is the mean of the brackets.
/// Source  Provost, Domingos 2003, Machine Learning 52.
[[nodiscard]] Answer<Bracketed> auc_one_vs_rest_macro(const MulticlassScores& scores);

/// The same weighted by the share of each class; a class without a case has no weight. Errors: no_data, no_negatives.
[[nodiscard]] Answer<Bracketed> auc_one_vs_rest_weighted(const MulticlassScores& scores);

/// Hand and Till's M: the mean over pairs i < j of ( A(i|j) + A(j|i) ) / 2, A(i|j) = P(score i of a case of i > score i
/// of a case of j), ties half. Does not depend on how frequent the classes are. [0, 1].
/// Errors  no_data; no_positives: a class has no case.
/// Cost    O(K^2) tables.
/// Source  Hand, Till 2001, Machine Learning 45.
[[nodiscard]] Answer<Bracketed> auc_hand_till(const MulticlassScores& scores);

}  // namespace pilotwatch::stats
