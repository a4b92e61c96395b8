// SPDX-License-Identifier: Apache-2.0
#include "stats/intervals.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace pilotwatch::stats {
namespace {

namespace policies = boost::math::policies;
/// Out of range is NaN, never an exception: arguments have been checked.
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>, policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>>;

double normal_quantile_of_upper_tail(double tail) { return std::sqrt(2.0) * boost::math::erfc_inv(2 * tail, Quiet{}); }

}  // namespace

std::optional<Interval> wilson(std::uint64_t k, std::uint64_t n, double confidence) {
  if (n == 0) return std::nullopt;
  const double z = normal_quantile_of_upper_tail((1 - confidence) / 2);
  const auto cases = static_cast<double>(n), hits = static_cast<double>(k);
  const double share = hits / cases, z2 = z * z;
  const double middle = (share + z2 / (2 * cases)) / (1 + z2 / cases);
  const double half = z / (1 + z2 / cases) * std::sqrt(share * (1 - share) / cases + z2 / (4 * cases * cases));
  // At the ends the closed form is exactly 0 or 1; rounding must not move it past them.
  return Interval{k == 0 ? 0.0 : std::max(0.0, middle - half), k == n ? 1.0 : std::min(1.0, middle + half)};
}

std::optional<Interval> clopper_pearson(std::uint64_t k, std::uint64_t n, double confidence) {
  if (n == 0) return std::nullopt;
  const double tail = (1 - confidence) / 2;
  const auto hits = static_cast<double>(k), misses = static_cast<double>(n - k);
  return Interval{k == 0 ? 0.0 : boost::math::ibeta_inv(hits, misses + 1, tail, Quiet{}),
                  k == n ? 1.0 : boost::math::ibetac_inv(hits + 1, misses, tail, Quiet{})};
}

std::optional<Interval> garwood(std::uint64_t events, double exposure, double confidence) {
  if (!(exposure > 0)) return std::nullopt;
  const double tail = (1 - confidence) / 2;
  const auto count = static_cast<double>(events);
  const double lower = events == 0 ? 0.0 : boost::math::gamma_p_inv(count, tail, Quiet{});
  return Interval{lower / exposure, boost::math::gamma_q_inv(count + 1, tail, Quiet{}) / exposure};
}

}  // namespace pilotwatch::stats
