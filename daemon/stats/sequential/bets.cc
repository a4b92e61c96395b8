// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/bets.h"

#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {

double MeanBet::growth_at_alternative() const { return bernoulli_divergence(alternative, null_mean); }

MeanBet mean_bet(double null_mean, double odds) {
  PW_ASSERT(null_mean > 0 && null_mean < 1 && odds > 0);
  const double m = null_mean;
  const double o = odds * m / (1 - m);
  const double q = o / (1 + o);
  return {m, q, (q - m) / (m * (1 - m))};
}

double bernoulli_divergence(double p1, double p0) {
  PW_ASSERT(p0 > 0 && p0 < 1 && p1 > 0 && p1 < 1);
  return p1 * std::log(p1 / p0) + (1 - p1) * std::log((1 - p1) / (1 - p0));
}

double poisson_log_e(double count, double exposure, double null_rate, double multiplier) {
  return -(multiplier - 1) * null_rate * exposure + count * std::log(multiplier);
}

}  // namespace pilotwatch::stats
