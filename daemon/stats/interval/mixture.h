// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "stats/interval/one_sample.h"

// The arithmetic under the confidence sequences. A mixture's evidence against a parameter is split in two parts that
// keep their digits up to 1e9 cases, where the textbook form is a difference of numbers of that size:
//
//   ln e(theta) = ln e(theta^) + n KL(theta^, theta),   theta^ the observed shares (or rate),
//
// the first part <= 0 and of order ln n, the second >= 0 and 0 at theta^. So { theta : ln e(theta) < t } is
// { theta : n KL < t - ln e(theta^) }: never empty, and the root of one convex function on either side.

namespace pilotwatch::stats {

/// ln Gamma(x) - ( (x - 1/2) ln x - x + ln(2 pi)/2 ), x > 0. Series above 16, so that it stays exact for large x.
[[nodiscard]] double stirling_error(double x);

/// x - ln(1 + x), x >= -1, without cancellation near 0; infinite at -1.
[[nodiscard]] double excess(double x);

/// ln e(theta^) of a Dirichlet(prior) mixture of multinomials: ln B(prior + counts) - ln B(prior) - sum_i counts_i ln
/// theta^_i. `counts` >= 0, not all 0; `prior` > 0; same length. 0 ln 0 = 0.
[[nodiscard]] double dirichlet_at_best(std::span<const double> counts, std::span<const double> prior);

/// n KL(k/n, p) of a binary share: k ln(k / (n p)) + (n - k) ln((n - k) / (n (1 - p))). 0 <= k <= n, n > 0, p in [0,
/// 1].
[[nodiscard]] double binary_deviance(double k, double n, double p);

/// { p : binary_deviance(k, n, p) < level }, level > 0. 0 below at k = 0, 1 above at k = n.
[[nodiscard]] Interval binary_deviance_interval(double k, double n, double level);

/// ln e(rate^) of a Gamma(shape a, rate b) mixture of Poisson rates, events over exposure > 0.
[[nodiscard]] double gamma_at_best(double events, double exposure, double a, double b);

/// rate exposure - events - events ln(rate exposure / events).
[[nodiscard]] double poisson_deviance(double events, double exposure, double rate);

/// { rate : poisson_deviance(events, exposure, rate) < level }, level > 0.
[[nodiscard]] Interval poisson_deviance_interval(double events, double exposure, double level);

}  // namespace pilotwatch::stats
