// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pilotwatch::stats {

inline constexpr std::array<double, 6> odds_grid{1.25, 1.5, 2, 3, 5, 12};
inline constexpr std::array<double, 7> fraction_grid{.02, .05, .1, .2, .4, .7, .95};

/// A bet that a mean is above `null_mean` m, by the alternative with `odds` times its odds:
///
///   e(x) = 1 + lambda (x - m),  lambda = (q - m)/(m(1 - m)),  q = o/(1 + o),  o = odds m/(1 - m)
///
/// an e-value for every x >= 0 with mean <= m; for x in {0, 1} the likelihood ratio of q against m.
/// odds < 1: a bet that the mean is below m, an e-value for x in [0, 1] with mean >= m.
struct MeanBet {
  double null_mean, alternative, lambda;
  [[nodiscard]] double e(double x) const { return 1 + lambda * (x - null_mean); }
  /// E[ln e(x)] for x ~ Bernoulli(alternative): what a well-chosen bet earns an observation, in nats.
  [[nodiscard]] double growth_at_alternative() const;
};
/// null_mean in (0, 1), odds > 0. Source: Waudby-Smith, Ramdas 2024, JRSS B 86(1), section 4 (betting).
[[nodiscard]] MeanBet mean_bet(double null_mean, double odds);

/// Kullback-Leibler divergence of Bernoulli(p1) from Bernoulli(p0), nats; p0, p1 in (0, 1).
[[nodiscard]] double bernoulli_divergence(double p1, double p0);

/// ln of the e-value of `count` events over `exposure` against a Poisson rate <= null_rate, by the alternative
/// multiplier mu > 1:  -(mu - 1) null_rate exposure + count ln mu.
[[nodiscard]] double poisson_log_e(double count, double exposure, double null_rate, double multiplier);

/// A number in (0, 1) that depends on both keys alone: the tie breaker U of a conformal rank, the same in every replay.
/// SplitMix64's finaliser (Steele, Lea, Flood 2014) over both keys.
[[nodiscard]] inline double tie_breaker(std::uint64_t monitor, std::uint64_t event) {
  std::uint64_t z = event + 0x9E37'79B9'7F4A'7C15U * (monitor | 1);
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBU;
  z ^= monitor;  // a second round, so that monitors with neighbouring keys share nothing
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBU;
  z ^= z >> 31;
  return (static_cast<double>(z >> 11) + 0.5) * 0x1p-53;
}

}  // namespace pilotwatch::stats
