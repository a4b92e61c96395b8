// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

/// Cases of a yes/no decision by what was predicted and what came out: tp = predicted and positive, fp = predicted and
/// negative, fn = not predicted and positive, tn = neither. 32 bytes. Merges and takes back exactly; each
/// stays below 2^61.
struct ConfusionCounts {
  std::uint64_t tp = 0, fp = 0, fn = 0, tn = 0;

  /// `times` < 0 takes back; taking back what was never added is a bug of the caller that shows as a huge count.
  void add(bool predicted, bool positive, std::int64_t times = 1) {
    (predicted ? (positive ? tp : fp) : (positive ? fn : tn)) += static_cast<std::uint64_t>(times);
  }
  /// Predicted iff score >= threshold; a NaN is never predicted.
  void add(double score, double threshold, bool positive, std::int64_t times = 1) {
    add(score >= threshold, positive, times);
  }
  ConfusionCounts& operator+=(const ConfusionCounts& other);
  ConfusionCounts& operator-=(const ConfusionCounts& other);
  bool operator==(const ConfusionCounts&) const = default;

  [[nodiscard]] std::uint64_t positives() const { return tp + fn; }
  [[nodiscard]] std::uint64_t negatives() const { return fp + tn; }
  [[nodiscard]] std::uint64_t predicted() const { return tp + fp; }
  [[nodiscard]] std::uint64_t not_predicted() const { return fn + tn; }
  [[nodiscard]] std::uint64_t total() const { return tp + fp + fn + tn; }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

inline constexpr const char* accuracy_formula = "accuracy/v1";
inline constexpr const char* error_rate_formula = "error-rate/v1";
inline constexpr const char* precision_formula = "precision/v1";
inline constexpr const char* recall_formula = "recall/v1";
inline constexpr const char* specificity_formula = "specificity/v1";
inline constexpr const char* false_positive_rate_formula = "false-positive-rate/v1";
inline constexpr const char* false_negative_rate_formula = "false-negative-rate/v1";
inline constexpr const char* false_discovery_rate_formula = "false-discovery-rate/v1";
inline constexpr const char* false_omission_rate_formula = "false-omission-rate/v1";
inline constexpr const char* negative_predictive_value_formula = "negative-predictive-value/v1";
inline constexpr const char* prevalence_formula = "prevalence/v1";
inline constexpr const char* selection_rate_formula = "selection-rate/v1";
inline constexpr const char* f_beta_formula = "f-beta/v1";
inline constexpr const char* f1_formula = "f1/v1";
inline constexpr const char* balanced_accuracy_formula = "balanced-accuracy/v1";
inline constexpr const char* jaccard_formula = "jaccard/v1";
inline constexpr const char* informedness_formula = "informedness/v1";
inline constexpr const char* markedness_formula = "markedness/v1";
inline constexpr const char* fowlkes_mallows_formula = "fowlkes-mallows/v1";
inline constexpr const char* positive_likelihood_ratio_formula = "positive-likelihood-ratio/v1";
inline constexpr const char* negative_likelihood_ratio_formula = "negative-likelihood-ratio/v1";
inline constexpr const char* diagnostic_odds_ratio_formula = "diagnostic-odds-ratio/v1";
inline constexpr const char* mcc_formula = "mcc/v1";
inline constexpr const char* cohen_kappa_formula = "cohen-kappa/v1";

// Notation: P = tp + fn positives, N = fp + tn negatives, S = tp + fp selected (predicted), n = P + N.
// All functions: pure, O(1), no allocation. With n = 0 they are `no_data`; further errors are named. Products of counts
// are taken in 128 bits, so nothing overflows and no difference of products cancels. precision and
// false_discovery_rate need outcomes of the selected only; everything else needs those of all (`selective_labels` is
// for the caller to say).

// Shares of all cases, [0, 1].
[[nodiscard]] Answer<double> accuracy(const ConfusionCounts& c);        ///< (tp + tn) / n
[[nodiscard]] Answer<double> error_rate(const ConfusionCounts& c);      ///< (fp + fn) / n
[[nodiscard]] Answer<double> prevalence(const ConfusionCounts& c);      ///< P / n
[[nodiscard]] Answer<double> selection_rate(const ConfusionCounts& c);  ///< S / n

// Shares of the positives or of the negatives, [0, 1]. Errors: no_positives (P = 0) or no_negatives (N = 0).
[[nodiscard]] Answer<double> recall(const ConfusionCounts& c);  ///< tp / P: sensitivity, true positive rate
[[nodiscard]] Answer<double> false_negative_rate(const ConfusionCounts& c);  ///< fn / P
[[nodiscard]] Answer<double> specificity(const ConfusionCounts& c);          ///< tn / N: true negative rate
[[nodiscard]] Answer<double> false_positive_rate(const ConfusionCounts& c);  ///< fp / N

// Shares of the selected or of the others, [0, 1]; they move with prevalence. Errors: none_predicted (S = 0) or
// all_predicted (S = n).
[[nodiscard]] Answer<double> precision(const ConfusionCounts& c);             ///< tp / S: positive predictive value
[[nodiscard]] Answer<double> false_discovery_rate(const ConfusionCounts& c);  ///< fp / S
[[nodiscard]] Answer<double> negative_predictive_value(const ConfusionCounts& c);  ///< tn / (n - S)
[[nodiscard]] Answer<double> false_omission_rate(const ConfusionCounts& c);        ///< fn / (n - S)

/// (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp), b = beta > 0: recall counts b times as much as precision. [0, 1].
/// Errors  no_positives: P = S = 0. With P = 0 < S it is 0: every selection was wrong.
/// Source  van Rijsbergen 1979, Information Retrieval, ch. 7.
[[nodiscard]] Answer<double> f_beta(const ConfusionCounts& c, double beta);
/// f_beta with beta = 1, the harmonic mean of precision and recall.
[[nodiscard]] Answer<double> f1(const ConfusionCounts& c);

/// (recall + specificity) / 2. [0, 1], 1/2 by chance. Errors: no_positives, no_negatives.
/// Source: Brodersen et al. 2010, ICPR.
[[nodiscard]] Answer<double> balanced_accuracy(const ConfusionCounts& c);

/// tp / (tp + fp + fn), also threat score or critical success index. [0, 1]. Errors: no_positives (P = S = 0).
/// Source: Jaccard 1912; Schaefer 1990, Weather and Forecasting 5.
[[nodiscard]] Answer<double> jaccard(const ConfusionCounts& c);

/// recall + specificity - 1 (Youden's J). [-1, 1], 0 by chance. Errors: no_positives, no_negatives.
/// Source: Youden 1950, Cancer 3.
[[nodiscard]] Answer<double> informedness(const ConfusionCounts& c);

/// precision + negative predictive value - 1. [-1, 1]. Errors: none_predicted, all_predicted.
/// Source: Powers 2011, J. Machine Learning Technologies 2(1).
[[nodiscard]] Answer<double> markedness(const ConfusionCounts& c);

/// tp / sqrt(P S), the geometric mean of precision and recall. [0, 1]. Errors: no_positives, none_predicted.
/// Source: Fowlkes, Mallows 1983, JASA 78.
[[nodiscard]] Answer<double> fowlkes_mallows(const ConfusionCounts& c);

/// recall / false positive rate = (tp / P) / (fp / N). [0, inf). Errors: no_positives, no_negatives,
/// zero_denominator (fp = 0: any ratio is too small).
[[nodiscard]] Answer<double> positive_likelihood_ratio(const ConfusionCounts& c);

/// false negative rate / specificity = (fn / P) / (tn / N). [0, inf). Errors: as above, zero_denominator at tn = 0.
[[nodiscard]] Answer<double> negative_likelihood_ratio(const ConfusionCounts& c);

/// (tp tn) / (fp fn). [0, inf), 1 by chance. Errors: no_positives, no_negatives, zero_denominator (fp fn = 0); no
/// half is added to the cells. Source: Glas et al. 2003, J. Clinical Epidemiology 56.
[[nodiscard]] Answer<double> diagnostic_odds_ratio(const ConfusionCounts& c);

/// Matthews' correlation coefficient (phi):
///
///   (tp tn - fp fn) / sqrt( P N S (n - S) )
///
/// Range   [-1, 1], 0 by chance.
/// Errors  a margin is 0: no_positives, no_negatives, none_predicted or all_predicted, in this order.
/// Source  Matthews 1975, Biochim. Biophys. Acta 405.
[[nodiscard]] Answer<double> mcc(const ConfusionCounts& c);

/// Cohen's kappa, the agreement of prediction and outcome beyond what their margins give by chance:
///
///   (p_o - p_e) / (1 - p_e) = 2 (tp tn - fp fn) / ( S N + P (n - S) )
///
/// Range   [-1, 1].
/// Errors  one_class: all cases are true positives or all are true negatives, so p_e = 1. One-sided margins alone
///         leave it defined: it is 0 there.
/// Source  Cohen 1960, Educational and Psychological Measurement 20.
[[nodiscard]] Answer<double> cohen_kappa(const ConfusionCounts& c);

}  // namespace pilotwatch::stats
