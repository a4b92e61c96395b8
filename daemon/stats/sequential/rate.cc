// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/rate.h"

#include <cmath>

#include "base/result.h"
#include "stats/sequential/bets.h"

namespace pilotwatch::stats {

PoissonRate::PoissonRate(double null_rate, Thresholds at) : null_rate_(null_rate), watch_(at) {
  PW_ASSERT(null_rate > 0);
}

Signal PoissonRate::step(double events, double exposure, double w) {
  PW_ASSERT(events >= 0 && exposure > 0 && w >= 0);
  std::array<double, 6> e;
  for (std::size_t k = 0; k < e.size(); ++k) {
    e[k] = std::exp(poisson_log_e(events, exposure, null_rate_, rate_multipliers[k]));
  }
  return watch_.step(e, w);
}

}  // namespace pilotwatch::stats
