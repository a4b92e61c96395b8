// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one-sample Kolmogorov-Smirnov law with n values, P(D_n >= d): what scipy's "asymptotic" two-sample p is made of,
// with n = round(nm/(n+m)). pilotwatch has the exact two-sample p instead; this is here only to compare with the
// published vectors.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace pilotwatch::stats::testing {

using Matrix = std::vector<std::vector<double>>;

inline Matrix times(const Matrix& a, const Matrix& b) {
  Matrix out(a.size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < a.size(); ++k) {
      for (std::size_t j = 0; j < a.size(); ++j) out[i][j] += a[i][k] * b[k][j];
    }
  }
  return out;
}

/// Durbin's matrix in the form of Marsaglia, Tsang, Wang 2003 (J. Stat. Softw. 8(18)); 0 < d < 1, small n.
inline double kstwo_matrix(double d, int n) {
  const int k = static_cast<int>(n * d) + 1, size = 2 * k - 1;
  const double h = k - n * d;
  Matrix base(static_cast<std::size_t>(size), std::vector<double>(static_cast<std::size_t>(size)));
  const auto at = [&](int i, int j) -> double& {
    return base[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  };
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size && j <= i + 1; ++j) at(i, j) = 1;
  }
  for (int i = 0; i < size; ++i) {
    at(i, 0) -= std::pow(h, i + 1);
    at(size - 1, i) -= std::pow(h, size - i);
  }
  if (2 * h > 1) at(size - 1, 0) += std::pow(2 * h - 1, size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size && j <= i; ++j) at(i, j) /= std::tgamma(i - j + 2);
  }
  Matrix power = base;
  for (int i = 1; i < n; ++i) power = times(power, base);
  double cdf = power[static_cast<std::size_t>(k - 1)][static_cast<std::size_t>(k - 1)];
  for (int i = 1; i <= n; ++i) cdf *= static_cast<double>(i) / n;
  return 1 - cdf;
}

/// The expansion to order n^(-3/2) of Pelz, Good 1976 (J. R. Stat. Soc. B 38), which scipy takes for large n.
inline double kstwo_expansion(double d, int n) {
  const double z = std::sqrt(n) * d, z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
  const double pi2 = std::numbers::pi * std::numbers::pi, half_root = std::sqrt(std::numbers::pi / 2);
  double k0 = 0, k1 = 0, k2 = 0, k3 = 0, whole2 = 0, whole3 = 0;
  for (int k = 0; k < 60; ++k) {
    const double u = pi2 * (k + 0.5) * (k + 0.5), e = std::exp(-u / (2 * z2));  // k and -k-1 are the same term
    k0 += 2 * e;
    k1 += 2 * (u - z2) * e;
    k2 += 2 * (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * u + (1 - 2 * z2) * u * u) * e;
    k3 +=
        2 * e *
        ((5 - 30 * z2) * u * u * u + (-60 * z2 + 212 * z4) * u * u + (135 * z4 - 96 * z6) * u - 30 * z6 - 90 * z4 * z4);
    const double w = pi2 * k * k, f = std::exp(-w / (2 * z2));
    whole2 += 2 * w * f;
    whole3 += 2 * (-w * w + 3 * w * z2) * f;
  }
  const double root = std::sqrt(n);
  const double cdf = half_root * (k0 / z + k1 / (6 * z4) / root + (k2 / (72 * z6 * z) - whole2 / (36 * z2 * z)) / n +
                                  (k3 / (6480 * z6 * z4) + whole3 / (216 * z6)) / (n * root));
  return std::clamp(1 - cdf, 0.0, 1.0);
}

inline double kstwo(double d, int n) {
  if (d * n <= 0.5) return 1;
  if (d >= 1) return 0;
  return n <= 140 ? kstwo_matrix(d, n) : kstwo_expansion(d, n);
}

}  // namespace pilotwatch::stats::testing
