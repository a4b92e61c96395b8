// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/group_calibration.h"

#include <cmath>
#include <numbers>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double cases(ScoreBins bins) {
  std::uint64_t n = 0;
  for (const auto& bin : bins) n += bin.n;
  return static_cast<double>(n);
}

}  // namespace

Answer<double> group_ece(ScoreBins bins) {
  const double n = cases(bins);
  if (n == 0) return Undefined::no_data;
  double sum = 0;  // n_b |mean score - share positive| = |sum of scores - positives|
  for (const auto& bin : bins) sum += std::abs(bin.scores.value() - static_cast<double>(bin.positives));
  return sum / n;
}

Answer<double> ece_noise_floor(ScoreBins bins) {
  const double n = cases(bins);
  if (n == 0) return Undefined::no_data;
  double sum = 0;
  for (const auto& bin : bins) {
    if (bin.n == 0) continue;
    const double size = static_cast<double>(bin.n), mean = bin.scores.value() / size;
    if (!(mean >= 0 && mean <= 1)) return Undefined::out_of_domain;
    sum += std::sqrt(2 * mean * (1 - mean) * size / std::numbers::pi);
  }
  return sum / n;
}

Answer<double> group_ece_gap(ScoreBins group, ScoreBins reference) {
  PW_ASSERT(group.size() == reference.size());
  const auto a = group_ece(group), b = group_ece(reference);
  if (!a) return a.error();
  if (!b) return b.error();
  return *a - *b;
}

}  // namespace pilotwatch::stats
