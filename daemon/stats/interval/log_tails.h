// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pilotwatch::stats {

// Logarithms of distribution functions that stay finite where the function itself is below 1e-308. Relative error of
// the logarithm about 1e-13. Arguments outside the ranges named are bugs of the caller.

/// ln P(Z <= z), Z standard normal.
[[nodiscard]] double log_normal_cdf(double z);
/// ln P(a, x), the regularised lower incomplete gamma function; a, x > 0.
[[nodiscard]] double log_gamma_p(double a, double x);
/// ln Q(a, x) = ln(1 - P(a, x)).
[[nodiscard]] double log_gamma_q(double a, double x);
/// ln I_x(a, b), the regularised incomplete beta function; a, b > 0, x in (0, 1]. O(sqrt(a + b)) near the
/// mean: 0.1 ms at 1e8.
[[nodiscard]] double log_ibeta(double a, double b, double x);

}  // namespace pilotwatch::stats
