// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/chi_squared.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

#include "stats/distance/shares.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

std::uint64_t columns(Counts reference, Counts live) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) out += reference[i] + live[i] > 0 ? 1 : 0;
  return out;
}

ChiSquared with_p(double statistic, std::uint64_t dof) {
  if (dof == 0) return {statistic, dof, Undefined::constant};
  if (std::isinf(statistic)) return {statistic, dof, 0.0};
  return {statistic, dof, boost::math::gamma_q(static_cast<double>(dof) / 2, statistic / 2, Quiet{})};
}

Answer<ChiSquared> contingency(Counts reference, Counts live, bool yates) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  const auto k = columns(reference, live);
  if (k < 2) return Undefined::constant;
  const double n = static_cast<double>(t->n), m = static_cast<double>(t->m);
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto column = reference[i] + live[i];
    if (column == 0) continue;
    double difference =
        detail::Crossed(reference[i], live[i], *t).difference();  // |observed - expected| (n + m), in either row
    if (yates && k == 2) difference = std::max(0.0, difference - (n + m) / 2);
    sum += difference / n * (difference / m) / static_cast<double>(column);
  }
  return with_p(sum, k - 1);
}

}  // namespace

Answer<std::uint64_t> chi2_dof(Counts reference, Counts live) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  return columns(reference, live) - 1;
}

Answer<ChiSquared> chi2(Counts reference, Counts live) { return contingency(reference, live, false); }
Answer<ChiSquared> chi2_yates(Counts reference, Counts live) { return contingency(reference, live, true); }

Answer<ChiSquared> chi2_gof(Counts reference, Counts live) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  const double n = static_cast<double>(t->n), m = static_cast<double>(t->m);
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] == 0 && live[i] == 0) continue;
    const double difference = detail::Crossed(reference[i], live[i], *t).difference();
    sum += reference[i] == 0 ? std::numeric_limits<double>::infinity()
                             : difference / n * (difference / m) / static_cast<double>(reference[i]);
  }
  return with_p(sum, columns(reference, live) - 1);
}

}  // namespace pilotwatch::stats
