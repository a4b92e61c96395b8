// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/embedding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/result.h"
#include "stats/sequential/bets.h"

namespace pilotwatch::stats {
namespace {

constexpr double half_life = 300;

double dot(const EmbeddingReference::Features& a, const EmbeddingReference::Features& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

EmbeddingReference::EmbeddingReference(std::span<const float> rows, std::size_t dimension, double bandwidth,
                                       std::uint64_t seed)
    : dimension_(dimension), n_(rows.size() / std::max<std::size_t>(dimension, 1)) {
  PW_ASSERT(dimension > 0 && n_ >= 2 && rows.size() == n_ * dimension && bandwidth > 0);
  frequencies_.resize(frequencies * dimension);
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {  // Box and Muller
    const double radius = std::sqrt(-2 * std::log(tie_breaker(seed, 2 * i)));
    const double angle = 2 * std::numbers::pi * tie_breaker(seed, 2 * i + 1);
    frequencies_[i] = static_cast<float>(radius * std::cos(angle) / bandwidth);
  }
  Features row;
  for (std::size_t i = 0; i < n_; ++i) {
    features_of(rows.subspan(i * dimension, dimension), row);
    for (std::size_t j = 0; j < features; ++j) mean_[j] += row[j];
  }
  for (double& value : mean_) value /= static_cast<double>(n_);
  mean_norm_ = std::sqrt(dot(mean_, mean_));
}

void EmbeddingReference::features_of(std::span<const float> x, Features& out) const {
  PW_ASSERT(x.size() == dimension_);
  const double scale = 1 / std::sqrt(static_cast<double>(frequencies));
  for (std::size_t i = 0; i < frequencies; ++i) {
    const float* frequency = frequencies_.data() + i * dimension_;
    double angle = 0;
    for (std::size_t j = 0; j < dimension_; ++j) angle += static_cast<double>(frequency[j]) * static_cast<double>(x[j]);
    out[2 * i] = scale * std::cos(angle);
    out[2 * i + 1] = scale * std::sin(angle);
  }
}

double median_distance(std::span<const float> rows, std::size_t dimension) {
  std::vector<double> distances;
  for (std::size_t i = 0; i + 2 * dimension <= rows.size(); i += 2 * dimension) {
    double square = 0;
    for (std::size_t j = 0; j < dimension; ++j) {
      const double d = static_cast<double>(rows[i + j]) - static_cast<double>(rows[i + dimension + j]);
      square += d * d;
    }
    distances.push_back(std::sqrt(square));
  }
  PW_ASSERT(!distances.empty());
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}

EmbeddingDrift::EmbeddingDrift(const EmbeddingReference& reference, double tolerance, double delta, Thresholds at)
    : reference_(&reference),
      slack_(tolerance + (1 + std::sqrt(2 * std::log(1 / delta))) / std::sqrt(static_cast<double>(reference.n()))),
      watch_(at) {
  PW_ASSERT(tolerance >= 0 && delta > 0 && delta < 1);
}

Signal EmbeddingDrift::step(std::span<const float> x, double w) {
  auto& difference = scratch_;
  reference_->features_of(x, difference);
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= reference_->mean()[i];
  const double norm = std::sqrt(dot(witness_, witness_));
  std::array<double, 5> e;
  e.fill(1);  // no past, no bet
  if (norm > 0) {
    const double excess = (dot(witness_, difference) / norm - slack_) / (1 + reference_->mean_norm() + slack_);
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = 1 + fractions[k] * excess;
  }
  const auto signal = watch_.step(e, w);
  const double keep = std::exp2(-1 / half_life);
  for (std::size_t i = 0; i < witness_.size(); ++i) witness_[i] = keep * witness_[i] + (1 - keep) * difference[i];
  return signal;
}

void EmbeddingDrift::reset() {
  witness_.fill(0);
  watch_.reset();
}

void EmbeddingDrift::write(ByteWriter& out) const {
  for (const double value : witness_) out.f64(value);
  watch_.write(out);
}

void EmbeddingDrift::read(ByteReader& in) {
  for (double& value : witness_) value = in.f64();
  watch_.read(in);
}

}  // namespace pilotwatch::stats
