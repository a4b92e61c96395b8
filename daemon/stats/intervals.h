// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace pilotwatch::stats {

struct Interval {
  double lower = 0, upper = 0;
};

/// Wilson's score interval of a binomial share k/n, without continuity correction.
/// Ranges  0 <= k <= n, 0 < confidence < 1. nullopt when n = 0: undefined.
/// Source  Wilson 1927, JASA 22; Brown, Cai, DasGupta 2001, eq. (4).
[[nodiscard]] std::optional<Interval> wilson(std::uint64_t k, std::uint64_t n, double confidence);

/// Clopper and Pearson's exact interval: never covers less often than `confidence`. Ranges as wilson().
/// Source  Clopper, Pearson 1934, Biometrika 26; quantiles of the beta distribution. Cost: about 2 us.
[[nodiscard]] std::optional<Interval> clopper_pearson(std::uint64_t k, std::uint64_t n, double confidence);

/// Garwood's exact interval of a Poisson rate, events per unit of exposure.
/// Ranges  exposure > 0. nullopt otherwise.
/// Source  Garwood 1936, Biometrika 28; quantiles of the gamma distribution.
[[nodiscard]] std::optional<Interval> garwood(std::uint64_t events, double exposure, double confidence);

}  // namespace pilotwatch::stats
