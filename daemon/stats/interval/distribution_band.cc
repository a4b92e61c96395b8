// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>

#include "stats/interval/boundaries.h"
#include "stats/interval/root.h"

namespace pilotwatch::stats {
namespace {

/// ln of the risk of a band with constants C and A by the peeling ratio eta; large where eta proves nothing.
double log_risk(double C, double A, double eta) {
  constexpr double nothing = 1e3;
  const double distance = A - std::sqrt(2 * (eta - 1) / C);
  const double g = distance <= 0 ? 0.0 : 2 / eta * distance * distance;
  if (g <= 1) return nothing;
  return std::min(nothing, std::log(4.0) - g * C + std::log1p(1 / ((g - 1) * std::log(eta))));
}

/// The least of it over eta. Unimodal where finite; Brent's search needs to start there, so a coarse grid comes first.
double least_log_risk(double C, double A) {
  constexpr int cells = 64;
  const double width = (2 * A * A - 1) / cells;
  int best = 1;
  for (int i = 2; i < cells; ++i) {
    if (log_risk(C, A, 1 + i * width) < log_risk(C, A, 1 + best * width)) best = i;
  }
  const auto risk = [&](double eta) { return log_risk(C, A, eta); };
  return boost::math::tools::brent_find_minima(risk, 1 + (best - 1) * width + 1e-12, 1 + (best + 1) * width, 40).second;
}

}  // namespace

Answer<double> distribution_band_constant(double alpha, double A) {
  if (!(alpha > 0 && alpha < 1) || !(A * A > 0.5) || !std::isfinite(A)) return Undefined::out_of_domain;
  const auto over = [&](double C) { return std::log(alpha) - least_log_risk(C, A); };
  double most = 1;
  while (over(most) < 0 && most < 1e9) most *= 2;
  if (over(most) < 0) return Undefined::out_of_domain;  // A so near its limit that no C in reach will do
  return root_between(over, most / 2 * (most > 1 ? 1.0 : 1e-3), most);
}

Answer<double> distribution_band_with(double C, double t, double t_min, double A) {
  if (!(C > 0) || !(t_min > 0) || !std::isfinite(t) || !std::isfinite(t_min)) return Undefined::out_of_domain;
  if (t < t_min) return Undefined::too_few;
  return A * std::sqrt((std::log1p(std::log(t / t_min)) + C) / t);
}

Answer<double> distribution_band(double t, double alpha, double t_min, double A) {
  const auto C = distribution_band_constant(alpha, A);
  if (!C) return C.error();
  return distribution_band_with(*C, t, t_min, A);
}

}  // namespace pilotwatch::stats
