// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by .cc files only.

#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

#include "stats/special.h"

namespace pilotwatch::stats {

/// Root of a continuous f with f(a), f(b) of different sign, to the last bits; f finite on [a, b]. Where the signs are
/// equal rounding has moved the root past an end: b, the end the caller names as the limit.
template <class F>
[[nodiscard]] double root_between(F f, double a, double b) {
  const double fa = f(a), fb = f(b);
  if (fa == 0) return a;
  if (fb == 0 || std::signbit(fa) == std::signbit(fb)) return b;
  std::uintmax_t steps = 200;
  const auto tolerance = boost::math::tools::eps_tolerance<double>(52);
  const auto [lower, upper] = a < b ? boost::math::tools::toms748_solve(f, a, b, fa, fb, tolerance, steps, Quiet{})
                                    : boost::math::tools::toms748_solve(f, b, a, fb, fa, tolerance, steps, Quiet{});
  return lower + (upper - lower) / 2;
}

}  // namespace pilotwatch::stats
