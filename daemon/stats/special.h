// SPDX-License-Identifier: Apache-2.0
#pragma once

// Boost.Math under one policy: its default throws on overflow and on a domain error; here arguments are checked before,
// and a best guess beats an exception in the core thread. Included by .cc files only.

#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

namespace pilotwatch::stats {

namespace bmp = boost::math::policies;
using Quiet = bmp::policy<bmp::domain_error<bmp::ignore_error>, bmp::pole_error<bmp::ignore_error>,
                          bmp::overflow_error<bmp::ignore_error>, bmp::underflow_error<bmp::ignore_error>,
                          bmp::denorm_error<bmp::ignore_error>, bmp::rounding_error<bmp::ignore_error>,
                          bmp::evaluation_error<bmp::ignore_error>, bmp::indeterminate_result_error<bmp::ignore_error>>;

/// z with P(Z > z) = p for a standard normal Z; p in (0, 1). No digits are lost in small p.
[[nodiscard]] inline double normal_upper_quantile(double p) {
  return std::sqrt(2.0) * boost::math::erfc_inv(2 * p, Quiet{});
}
/// P(Z <= z) for a standard normal Z.
[[nodiscard]] inline double normal_cdf(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

}  // namespace pilotwatch::stats
