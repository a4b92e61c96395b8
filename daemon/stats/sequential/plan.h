// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "stats/answer.h"

namespace pilotwatch::stats {

/// How long a monitor with threshold `alarm_at` = N/pi needs, in the median, to see a Bernoulli mean go from p0 (its
/// limit) to p1: ln(alarm_at KL)/KL observations, KL = KL(p1 || p0). 10 to 30 % longer than measured for the per-event
/// form at p0 = 0.05; add about a block for block means. Start weight 1 an observation.
/// out_of_domain: p0, p1 not in (0, 1), p1 <= p0, or evidence that never reaches the threshold in this approximation.
[[nodiscard]] Answer<double> planned_delay(double p0, double p1, double alarm_at);

/// Fewest observations after which an alarm is possible at all, in the per-event form: ln(alarm_at)/ln e(1) of the
/// boldest bet, every observation a 1.
[[nodiscard]] std::uint64_t earliest_alarm(double null_mean, double alarm_at);

/// Observations a block for a limit m: max(ceil(1/m), 10 design_effect), within [10, 500].
/// At 10 times the design effect the false alarms of dependent outcomes stay at their budget (approximately: what is
/// left is dependence across the edges of blocks).
[[nodiscard]] std::uint32_t block_size(double null_mean, double design_effect = 1);

/// (1 + rho)/(1 - rho) with rho the lag-1 autocorrelation of `values` in their order, at least 1: by how much
/// dependence widens the variance of a mean, if it fades geometrically. too_few below 30 values, constant without
/// variation.
[[nodiscard]] Answer<double> design_effect(std::span<const double> values);

}  // namespace pilotwatch::stats
