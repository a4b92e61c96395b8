// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/median.h"

#include <boost/math/special_functions/beta.hpp>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

/// P(Binomial(n, 1/2) < l), 1 <= l <= n.
double below(std::uint64_t l, std::uint64_t n) {
  return boost::math::ibetac(static_cast<double>(l), static_cast<double>(n - l) + 1, 0.5, Quiet{});
}

}  // namespace

Answer<Ranks> median_ranks(std::uint64_t n, double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  if (n == 0) return Undefined::no_data;
  const double outside = (1 - confidence) / 2;
  if (below(1, n) > outside) return Undefined::too_few;
  std::uint64_t fits = 1, beyond = n / 2 + 1;  // the middle holds nothing for certain
  while (beyond - fits > 1) {
    const auto middle = fits + (beyond - fits) / 2;
    (below(middle, n) <= outside ? fits : beyond) = middle;
  }
  return Ranks{fits, n + 1 - fits};
}

}  // namespace pilotwatch::stats
