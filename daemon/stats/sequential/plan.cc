// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/plan.h"

#include <algorithm>
#include <cmath>

#include "stats/sequential/bets.h"

namespace pilotwatch::stats {

Answer<double> planned_delay(double p0, double p1, double alarm_at) {
  if (!(p0 > 0 && p1 > p0 && p1 < 1)) return Undefined::out_of_domain;
  const double divergence = bernoulli_divergence(p1, p0);
  const double log_ratio = std::log(alarm_at * divergence);
  if (!(log_ratio > 0)) return Undefined::out_of_domain;
  return log_ratio / divergence;
}

std::uint64_t earliest_alarm(double null_mean, double alarm_at) {
  return static_cast<std::uint64_t>(
      std::max(1.0, std::ceil(std::log(alarm_at) / std::log(mean_bet(null_mean, odds_grid.back()).e(1)))));
}

std::uint32_t block_size(double null_mean, double design_effect) {
  const double wanted = std::max(std::ceil(1 / null_mean), std::ceil(10 * design_effect));
  return static_cast<std::uint32_t>(std::clamp(wanted, 10.0, 500.0));
}

Answer<double> design_effect(std::span<const double> values) {
  if (values.size() < 30) return Undefined::too_few;
  double mean = 0;
  for (const double x : values) mean += x;
  mean /= static_cast<double>(values.size());
  double square = 0, product = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    square += (values[i] - mean) * (values[i] - mean);
    if (i > 0) product += (values[i] - mean) * (values[i - 1] - mean);
  }
  if (square == 0) return Undefined::constant;
  const double rho = std::clamp(product / square, 0.0, 0.99);
  return (1 + rho) / (1 - rho);
}

}  // namespace pilotwatch::stats
