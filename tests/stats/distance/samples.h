// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "stats/distance/ks.h"

namespace pilotwatch::stats::testing {

using Sample = std::vector<double>;
using Positions = std::vector<PositionCount>;
using BinVector = std::vector<std::uint64_t>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

inline Positions positions_of(const FrozenSample& reference, const Sample& live) {
  std::map<std::uint32_t, std::uint64_t> counts;
  for (const double x : live) {
    if (!std::isnan(x)) ++counts[static_cast<std::uint32_t>(reference.position(x))];
  }
  return {counts.begin(), counts.end()};
}

/// Values of many kinds: continuous, rounded (ties), two heavy values, few integers.
inline Sample random_sample(std::mt19937_64& rng, std::size_t most, int kind) {
  std::normal_distribution<> normal{0.0, 1.0 + static_cast<double>(rng() % 3)};
  const double shift = static_cast<double>(rng() % 5) / 4;
  Sample out(1 + rng() % most);
  for (double& x : out) {
    x = normal(rng) + shift;
    if (kind == 1) x = std::round(x * 4) / 4;
    if (kind == 2 && rng() % 10 < 6) x = rng() % 4 == 0 ? 1.0 : 0.5;
    if (kind == 3) x = static_cast<double>(rng() % 4);
  }
  return out;
}

/// Counts of two sides in the same bins, neither of them empty: small and large, sparse, nearly equal.
inline std::pair<BinVector, BinVector> random_counts(std::mt19937_64& rng, int round) {
  BinVector a(1 + rng() % 30), b(a.size());
  const std::uint64_t most = 1 + rng() % (round % 3 == 0 ? 3 : 1'000'000'000);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = rng() % most;
    b[i] = round % 5 == 0 ? a[i] + rng() % 2 : rng() % most;
  }
  ++a[rng() % a.size()];
  ++b[rng() % b.size()];
  return {a, b};
}

/// The portable random stream of vectors/README.md.
inline Sample lcg(std::uint64_t x, std::size_t n) {
  Sample out;
  while (out.size() < n) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    out.push_back(static_cast<double>(x >> 11) * 0x1p-53);
  }
  return out;
}

/// A sample as distances_samples.json writes it.
inline Sample sample_of(const nlohmann::json& input) {
  if (input == "lcg(101,5000)") return lcg(101, 5000);
  if (input == "lcg(102,1000)**1.1") {
    auto out = lcg(102, 1000);
    for (double& x : out) x = std::pow(x, 1.1);
    return out;
  }
  Sample out;
  for (const auto& value : input) out.push_back(value.is_null() ? missing : value.get<double>());
  return out;
}

}  // namespace pilotwatch::stats::testing
