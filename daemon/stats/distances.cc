// SPDX-License-Identifier: Apache-2.0
#include "stats/distances.h"

#include <cmath>
#include <numeric>

namespace pilotwatch::stats {

std::optional<double> psi_jeffreys(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> live) {
  if (reference.size() != live.size() || reference.size() < 2) return std::nullopt;
  const auto total = [](std::span<const std::uint64_t> counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
  const std::uint64_t n = total(reference), m = total(live);
  if (n == 0 || m == 0) return std::nullopt;
  const double half_bins = static_cast<double>(reference.size()) / 2;
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double p = (static_cast<double>(reference[i]) + 0.5) / (static_cast<double>(n) + half_bins);
    const double q = (static_cast<double>(live[i]) + 0.5) / (static_cast<double>(m) + half_bins);
    sum += (q - p) * std::log(q / p);
  }
  return sum;
}

double psi_noise_floor(std::size_t bins, std::uint64_t n_reference, std::uint64_t n_live) {
  if (bins < 2 || n_reference == 0 || n_live == 0) return 0;
  return static_cast<double>(bins - 1) * (1 / static_cast<double>(n_reference) + 1 / static_cast<double>(n_live));
}

}  // namespace pilotwatch::stats
