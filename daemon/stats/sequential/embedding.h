// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

/// Random Fourier features of embeddings and their mean over a reference: frozen, shared by all monitors on it.
///
///   phi(x) = sqrt(1/D) (cos <f_1, x>, sin <f_1, x>, ..., cos <f_D, x>, sin <f_D, x>),   |phi| = 1
///   f_i ~ N(0, I/bandwidth^2), from SplitMix64 of `seed`;  D = 256;  kernel exp(-|x - y|^2 / (2 bandwidth^2))
///
/// Source: Rahimi, Recht 2007, NIPS.
class EmbeddingReference {
 public:
  static constexpr std::size_t frequencies = 256, features = 2 * frequencies;
  using Features = std::array<double, features>;

  /// rows: m embeddings of `dimension` numbers, one after the other; m >= 2, dimension >= 1. bandwidth > 0: a median
  /// distance between reference rows is the usual choice (median_distance).
  EmbeddingReference(std::span<const float> rows, std::size_t dimension, double bandwidth, std::uint64_t seed);

  /// Cost: 256 dimension multiplications and 512 trigonometric values (about 10 us at 64 dimensions).
  void features_of(std::span<const float> x, Features& out) const;
  [[nodiscard]] const Features& mean() const { return mean_; }
  [[nodiscard]] double mean_norm() const { return mean_norm_; }
  [[nodiscard]] std::uint64_t n() const { return n_; }
  [[nodiscard]] std::size_t dimension() const { return dimension_; }

 private:
  std::size_t dimension_;
  std::uint64_t n_;
  std::vector<float> frequencies_;  ///< [frequency][coordinate]
  Features mean_{};
  double mean_norm_ = 0;
};

/// Median of the distances between neighbouring rows of a sample (row 0 to 1, 2 to 3 ...).
[[nodiscard]] double median_distance(std::span<const float> rows, std::size_t dimension);

/// Has the cloud of embeddings moved by more than tau in the maximum mean discrepancy of the kernel? Bets along a
/// witness that the past has chosen:
///
///   w = mean of (phi - mu), exponentially weighted with half-life 300, of the PAST only
///   e_f = 1 + f (<w/|w|, phi(x) - mu> - tau - epsilon)/(1 + |mu| + tau + epsilon),   f in `fractions`
///   epsilon = m^(-1/2) (1 + sqrt(2 ln(1/delta)))   the error of the reference mean
///
/// Null   MMD <= tau given the past; delta adds to the chance of a false alarm.
/// State  8 KB. Cost: the features (see above) and 1,500 multiplications an observation.
/// Measured (64 dimensions, m = 5,000, N = 1e5) no false alarm in 80,000; a mean shift of norm 1/2/4 seen after
///        3,008/303/118 observations. Cheaper: RankDrift on fixed projections.
class EmbeddingDrift {
 public:
  static constexpr const char* formula = "e-sr-embedding/v1";
  static constexpr std::array<double, 5> fractions{.1, .25, .5, .75, .95};
  /// `reference` must outlive the detector. tolerance >= 0, delta in (0, 1).
  EmbeddingDrift(const EmbeddingReference& reference, double tolerance, double delta, Thresholds at);

  Signal step(std::span<const float> x, double w);
  [[nodiscard]] const Watch<5>& watch() const { return watch_; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  const EmbeddingReference* reference_;
  double slack_;
  EmbeddingReference::Features witness_{};
  EmbeddingReference::Features scratch_{};  ///< no state
  Watch<5> watch_;
};

}  // namespace pilotwatch::stats
