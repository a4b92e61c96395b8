// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/reductions.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {

std::optional<double> loss(BinaryMetric metric, const BinaryCase& seen) {
  const double wrong = seen.predicted != seen.actual ? 1 : 0;
  bool looked_at = true;
  switch (metric) {
    case BinaryMetric::accuracy:
    case BinaryMetric::error_rate:
      break;
    case BinaryMetric::precision:
    case BinaryMetric::false_discovery_rate:
      looked_at = seen.predicted;
      break;
    case BinaryMetric::false_omission_rate:
      looked_at = !seen.predicted;
      break;
    case BinaryMetric::recall:
    case BinaryMetric::false_negative_rate:
      looked_at = seen.actual;
      break;
    case BinaryMetric::specificity:
    case BinaryMetric::false_positive_rate:
      looked_at = !seen.actual;
      break;
    case BinaryMetric::f1:
      looked_at = seen.predicted || seen.actual;
      break;
  }
  return looked_at ? std::optional(wrong) : std::nullopt;
}

Answer<MeanLimit> mean_limit(BinaryMetric metric, double limit) {
  if (!(limit > 0 && limit < 1)) return Undefined::out_of_domain;
  switch (metric) {
    case BinaryMetric::accuracy:
    case BinaryMetric::precision:
    case BinaryMetric::recall:
    case BinaryMetric::specificity:
      return MeanLimit{1 - limit};
    case BinaryMetric::f1:
      return MeanLimit{2 * (1 - limit) / (2 - limit)};
    default:
      return MeanLimit{limit};
  }
}

LinearLoss f_beta_loss(double f, double beta) {
  PW_ASSERT(f > 0 && f < 1 && beta > 0);
  const double b = beta * beta;
  const double shift = (1 - f) * (1 + b);
  const double range = shift + f * std::max(b, 1.0);
  return {0, (shift + f * b) / range, (shift + f) / range, shift / range};
}

ClippedLoss clipped_loss(double loss, double range) {
  PW_ASSERT(loss >= 0 && range > 0);
  return {std::min(loss, range) / range, loss > range};
}

Answer<MeanLimit> clipped_limit(double limit, double range) {
  if (!(limit > 0 && limit < range)) return Undefined::out_of_domain;
  return MeanLimit{limit / range};
}

std::optional<double> AucPairs::pair(double score, bool positive) {
  if (!waiting_.empty() && waiting_positive_ != positive) {
    const double other = waiting_.back();
    waiting_.pop_back();
    const double high = positive ? score : other, low = positive ? other : score;
    return high < low ? 1.0 : high == low ? 0.5 : 0.0;
  }
  waiting_positive_ = positive;
  if (waiting_.capacity() < capacity) waiting_.reserve(capacity);
  if (waiting_.size() == capacity) waiting_.erase(waiting_.begin());
  waiting_.push_back(score);
  return std::nullopt;
}

void AucPairs::write(ByteWriter& out) const {
  out.flag(waiting_positive_);
  out.u64(waiting_.size());
  for (const double score : waiting_) out.f64(score);
}

void AucPairs::read(ByteReader& in) {
  waiting_positive_ = in.flag();
  waiting_.resize(in.count(8));
  for (double& score : waiting_) score = in.f64();
}

}  // namespace pilotwatch::stats
