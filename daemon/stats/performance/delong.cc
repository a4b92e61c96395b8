// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/delong.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

double real(std::int64_t count) { return static_cast<double>(count); }

double z_of(double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  return normal_upper_quantile((1 - confidence) / 2);
}

}  // namespace

Answer<DeLong> delong(const ScoreTable& scores) {
  const auto auc = roc_auc(scores);
  if (!auc) return auc.error();
  if (scores.positives < 2 || scores.negatives < 2) return Undefined::too_few;
  const double p = real(scores.positives), n = real(scores.negatives), area = auc->estimate;
  double s10 = 0, s01 = 0;
  std::int64_t negatives_below = 0, positives_below = 0;
  for (const auto& g : scores.groups) {
    const double v10 = (real(negatives_below) + real(g.n) / 2) / n;
    const double v01 = (real(scores.positives - positives_below - g.p) + real(g.p) / 2) / p;
    s10 += real(g.p) * (v10 - area) * (v10 - area);
    s01 += real(g.n) * (v01 - area) * (v01 - area);
    negatives_below += g.n;
    positives_below += g.p;
  }
  const double positive_part = s10 / (p - 1) / p, negative_part = s01 / (n - 1) / n;
  return DeLong{area, std::sqrt(positive_part + negative_part), positive_part, negative_part};
}

Answer<Interval> delong_interval(const ScoreTable& scores, double confidence) {
  const double z = z_of(confidence);
  const auto fit = delong(scores);
  if (!fit) return fit.error();
  const double half = z * fit->standard_error;
  return Interval{std::max(0.0, fit->auc - half), std::min(1.0, fit->auc + half)};
}

Answer<Interval> delong_logit_interval(const ScoreTable& scores, double confidence) {
  const double z = z_of(confidence);
  const auto fit = delong(scores);
  if (!fit) return fit.error();
  const double a = fit->auc;
  if (a <= 0 || a >= 1) return Undefined::constant;
  const double middle = std::log(a / (1 - a)), half = z * fit->standard_error / (a * (1 - a));
  const auto expit = [](double x) { return 1 / (1 + std::exp(-x)); };
  return Interval{expit(middle - half), expit(middle + half)};
}

}  // namespace pilotwatch::stats
