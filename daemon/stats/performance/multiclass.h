// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

/// Cases by outcome and prediction among K classes: K^2 counts, mergeable, taken back exactly.
class ClassMatrix {
 public:
  static constexpr std::size_t max_classes = 1024;

  /// classes in [2, max_classes].
  explicit ClassMatrix(std::size_t classes);
  void add(std::size_t truth, std::size_t predicted, std::int64_t times = 1);
  ClassMatrix& operator+=(const ClassMatrix& other);  ///< the same number of classes
  ClassMatrix& operator-=(const ClassMatrix& other);
  bool operator==(const ClassMatrix&) const = default;

  [[nodiscard]] std::size_t classes() const { return classes_; }
  [[nodiscard]] std::uint64_t count(std::size_t truth, std::size_t predicted) const;
  [[nodiscard]] std::uint64_t truths(std::size_t c) const;       ///< cases of class c
  [[nodiscard]] std::uint64_t predictions(std::size_t c) const;  ///< cases predicted as c
  [[nodiscard]] std::uint64_t total() const;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);  ///< classes as written

 private:
  std::size_t classes_;
  std::vector<std::uint64_t> counts_;
};

inline constexpr const char* multiclass_accuracy_formula = "multiclass-accuracy/v1";
inline constexpr const char* macro_precision_formula = "macro-precision-absent-0/v1";
inline constexpr const char* macro_recall_formula = "macro-recall-absent-0/v1";
inline constexpr const char* macro_f1_formula = "macro-f1-absent-0/v1";
inline constexpr const char* micro_formula = "micro-precision-recall-f1/v1";
inline constexpr const char* weighted_precision_formula = "weighted-precision-absent-0/v1";
inline constexpr const char* weighted_recall_formula = "weighted-recall/v1";
inline constexpr const char* weighted_f1_formula = "weighted-f1-absent-0/v1";
inline constexpr const char* multiclass_balanced_accuracy_formula = "multiclass-balanced-accuracy/v1";
inline constexpr const char* multiclass_mcc_formula = "mcc-gorodkin/v1";
inline constexpr const char* multiclass_kappa_formula = "multiclass-kappa/v1";

// Notation: n cases, t_k of class k, p_k predicted as k, c_k of both. Per class: precision c_k / p_k, recall c_k / t_k,
// F1 2 c_k / (t_k + p_k). Where a class has no case to divide by its term is 0 and it still counts in K: an average
// that left it out would jump the moment the class appears. So macro figures over a window without some class are low;
// compare windows that hold all classes, or use the weighted ones. All: [0, 1] unless said otherwise; no_data for n =
// 0; O(K^2).

[[nodiscard]] Answer<double> accuracy(const ClassMatrix& m);  ///< sum c_k / n

[[nodiscard]] Answer<double> macro_precision(const ClassMatrix& m);  ///< mean over the K classes of precision
[[nodiscard]] Answer<double> macro_recall(const ClassMatrix& m);     ///< mean over the K classes of recall
[[nodiscard]] Answer<double> macro_f1(const ClassMatrix& m);         ///< mean over the K classes of F1

/// Counts summed over classes before dividing. Every case has one class and one prediction, so precision, recall and F1
/// are all the accuracy.
[[nodiscard]] Answer<double> micro_precision(const ClassMatrix& m);
[[nodiscard]] Answer<double> micro_recall(const ClassMatrix& m);
[[nodiscard]] Answer<double> micro_f1(const ClassMatrix& m);

[[nodiscard]] Answer<double> weighted_precision(const ClassMatrix& m);  ///< sum t_k / n times precision
[[nodiscard]] Answer<double> weighted_recall(const ClassMatrix& m);     ///< sum t_k / n times recall: the accuracy
[[nodiscard]] Answer<double> weighted_f1(const ClassMatrix& m);         ///< sum t_k / n times F1

/// Mean recall over the classes that occur (t_k > 0): absent classes are left out here, unlike in macro_recall.
/// Source: Mosley 2013 (diss., Iowa State).
[[nodiscard]] Answer<double> balanced_accuracy(const ClassMatrix& m);

/// Correlation of outcome and prediction as indicator vectors:
///
///   ( n sum c_k - sum t_k p_k ) / sqrt( (n^2 - sum p_k^2) (n^2 - sum t_k^2) )
///
/// Range   [-1, 1] for K = 2, where it is `mcc`; above -1 for K > 2.
/// Errors  one_class: outcomes or predictions are all of one class. Exact in 128 bits before one division.
/// Source  Gorodkin 2004, Computational Biology and Chemistry 28.
[[nodiscard]] Answer<double> mcc(const ClassMatrix& m);

/// Cohen's kappa, unweighted: (n sum c_k - sum t_k p_k) / (n^2 - sum t_k p_k). [-1, 1].
/// Errors  one_class: all outcomes and predictions are of the same one class.
/// Source  Cohen 1960, Educational and Psychological Measurement 20.
[[nodiscard]] Answer<double> cohen_kappa(const ClassMatrix& m);

}  // namespace pilotwatch::stats
