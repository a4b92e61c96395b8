// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

// Every metric with a linear form as the mean of a loss in [0, 1] that must not exceed m: what BlockMean and EventMean
// (sequential/mean.h) watch. All exact. MCC, kappa, R2 and ECE have no linear form: they can be shown, not budgeted, or
// are watched through one of these.

/// A reduced limit: the null mean m; on which side of it the loss is wrong is always "above".
struct MeanLimit {
  double m;
};

/// One decided case of a binary task.
struct BinaryCase {
  bool predicted, actual;
};

/// The metrics of a binary task that reduce. Limits are lower bounds a ("accuracy >= a"), except for the rates of
/// errors.
enum class BinaryMetric : std::uint8_t {
  accuracy,              ///< all cases: 1{wrong}, m = 1 - a
  error_rate,            ///< all cases: 1{wrong}, m = limit
  precision,             ///< predicted 1: 1{actual 0}, m = 1 - a
  recall,                ///< actual 1: 1{predicted 0}, m = 1 - a
  specificity,           ///< actual 0: 1{predicted 1}, m = 1 - a
  false_positive_rate,   ///< actual 0: 1{predicted 1}, m = limit
  false_negative_rate,   ///< actual 1: 1{predicted 0}, m = limit
  false_discovery_rate,  ///< predicted 1: 1{actual 0}, m = limit
  false_omission_rate,   ///< predicted 0: 1{actual 1}, m = limit
  f1                     ///< all but true negatives: 1{wrong}, m = 2(1 - f)/(2 - f)
};
/// The loss of a case: nullopt where the metric does not look at it.
[[nodiscard]] std::optional<double> loss(BinaryMetric metric, const BinaryCase& seen);
/// m of a limit in (0, 1); out_of_domain where m would not be in (0, 1).
[[nodiscard]] Answer<MeanLimit> mean_limit(BinaryMetric metric, double limit);

/// A loss that is linear in the cells of the confusion table.
struct LinearLoss {
  double hit, miss, false_alarm;  ///< loss of each kind of case, in [0, 1]; true negatives are not looked at
  double m;                       ///< null mean
};
/// The limit F-beta >= f, f in (0, 1), beta > 0, b = beta^2:  (1 + b) TP >= f ((1 + b) TP + b FN + FP)  says
///   E[f b 1{FN} + f 1{FP} - (1 - f)(1 + b) 1{TP}] <= 0  over all cases but true negatives,
/// shifted by (1 - f)(1 + b) and divided by its range. For beta = 1 the same as BinaryMetric::f1.
[[nodiscard]] LinearLoss f_beta_loss(double f, double beta);

/// A loss with a stated range, clipped: share clipped must be shown beside it. x = min(loss, range)/range; m =
/// limit/range. For Brier (range 1), pinball, absolute error, squared error (RMSE <= r: squared error <= r^2), log loss
/// -ln p_y. loss >= 0, range > 0.
struct ClippedLoss {
  double x;
  bool clipped;
};
[[nodiscard]] ClippedLoss clipped_loss(double loss, double range);
/// out_of_domain unless 0 < limit < range.
[[nodiscard]] Answer<MeanLimit> clipped_limit(double limit, double range);

/// AUC >= a as a mean: each positive is paired with the latest negative not yet used (and the other way round);
/// x = 1{s+ < s-} + 1/2 1{s+ = s-}, m = 1 - a. Pairs do not overlap, so they are independent where cases are. Each case
/// is used at most once: the waiting cases of one class are at most `capacity`; beyond it the oldest is forgotten.
class AucPairs {
 public:
  static constexpr std::size_t capacity = 64;
  /// The observation that this case completes, if any. Cases in decision order.
  std::optional<double> pair(double score, bool positive);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::vector<double> waiting_;  ///< scores of one class, oldest first
  bool waiting_positive_ = false;
};

}  // namespace pilotwatch::stats
