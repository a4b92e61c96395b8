// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/dle.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double sample_variance(const FixedSum& sum, const FixedSum& squares, double n) {
  const double mean = sum.value() / n;
  const auto s = sum.split(), q = squares.split();
  // sum x^2 - mean sum x, the large parts first: each product with its rounding error.
  const double product = mean * s.high, rest = std::fma(mean, s.high, -product) + mean * s.low;
  return std::max(0.0, ((q.high - product) + (q.low - rest)) / (n - 1));
}

/// Mean and variance of the mean over the live bins.
struct Mixed {
  double mean = 0, variance = 0;
};

template <class Mean, class Variance>
Answer<Mixed> mix(const DleReference& reference, std::span<const std::uint64_t> live, Mean mean, Variance variance) {
  PW_ASSERT(live.size() == reference.bins());
  double n = 0;
  for (const auto count : live) n += static_cast<double>(count);
  if (n == 0) return Undefined::no_data;
  Mixed out;
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (live[i] == 0) continue;
    const auto bin = reference.bin(i);
    if (!bin) return bin.error();
    const double share = static_cast<double>(live[i]) / n;
    out.mean += share * mean(*bin);
    out.variance += variance(*bin) * share * (1 / n + share / static_cast<double>(bin->n));
  }
  return out;
}

}  // namespace

DleReference::DleReference(std::vector<double> edges) : edges_(std::move(edges)), bins_(edges_.size() + 1) {
  PW_ASSERT(edges_.size() <= max_edges);
  PW_ASSERT(std::all_of(edges_.begin(), edges_.end(), [](double e) { return std::isfinite(e); }));
  PW_ASSERT(std::adjacent_find(edges_.begin(), edges_.end(), std::greater_equal<>()) == edges_.end());
}

bool DleReference::fits(double actual, double predicted) {
  return std::isfinite(actual) && std::isfinite(predicted) && std::abs(predicted - actual) <= max_error;
}

std::size_t DleReference::bin_of(double predicted) const {
  PW_ASSERT(!std::isnan(predicted));
  return static_cast<std::size_t>(std::lower_bound(edges_.begin(), edges_.end(), predicted) - edges_.begin());
}

void DleReference::add(double actual, double predicted, std::int64_t times) {
  PW_ASSERT(fits(actual, predicted));
  auto& sums = bins_[bin_of(predicted)];
  const double error = std::abs(predicted - actual), square = error * error;
  sums.n += times;
  sums.absolute.add(error, times);
  sums.squares.add_square(error, times);
  sums.fourths.add_square(square, times);
}

DleReference& DleReference::operator+=(const DleReference& other) {
  PW_ASSERT(edges_ == other.edges_);
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i].n += other.bins_[i].n;
    bins_[i].absolute += other.bins_[i].absolute;
    bins_[i].squares += other.bins_[i].squares;
    bins_[i].fourths += other.bins_[i].fourths;
  }
  return *this;
}

DleReference& DleReference::operator-=(const DleReference& other) {
  PW_ASSERT(edges_ == other.edges_);
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i].n -= other.bins_[i].n;
    bins_[i].absolute -= other.bins_[i].absolute;
    bins_[i].squares -= other.bins_[i].squares;
    bins_[i].fourths -= other.bins_[i].fourths;
  }
  return *this;
}

Answer<DleReference::Bin> DleReference::bin(std::size_t i) const {
  PW_ASSERT(i < bins_.size());
  const auto& sums = bins_[i];
  if (sums.n == 0) return Undefined::no_reference;
  if (sums.n == 1) return Undefined::too_few;
  const auto n = static_cast<double>(sums.n);
  return Bin{sums.n, sums.absolute.value() / n, sample_variance(sums.absolute, sums.squares, n),
             sums.squares.value() / n, sample_variance(sums.squares, sums.fourths, n)};
}

void DleReference::write(ByteWriter& out) const {
  out.u64(edges_.size());
  for (const double edge : edges_) out.f64(edge);
  for (const auto& sums : bins_) {
    out.i64(sums.n);
    for (const auto* sum : {&sums.absolute, &sums.squares, &sums.fourths}) sum->write(out);
  }
}

void DleReference::read(ByteReader& in) {
  if (in.count(8) != edges_.size()) throw CorruptBytes("another number of edges");
  for (const double edge : edges_) {
    if (in.f64() != edge) throw CorruptBytes("other edges");
  }
  for (auto& sums : bins_) {
    sums.n = in.i64();
    if (sums.n < 0) throw CorruptBytes("negative count");
    for (auto* sum : {&sums.absolute, &sums.squares, &sums.fourths}) sum->read(in);
  }
}

Answer<Estimated> dle_mae(const DleReference& reference, std::span<const std::uint64_t> live) {
  const auto mixed = mix(
      reference, live, [](const DleReference::Bin& bin) { return bin.mean_absolute; },
      [](const DleReference::Bin& bin) { return bin.variance_absolute; });
  if (!mixed) return mixed.error();
  return Estimated(mixed->mean, std::sqrt(mixed->variance));
}

Answer<Estimated> dle_rmse(const DleReference& reference, std::span<const std::uint64_t> live) {
  const auto mixed = mix(
      reference, live, [](const DleReference::Bin& bin) { return bin.mean_square; },
      [](const DleReference::Bin& bin) { return bin.variance_square; });
  if (!mixed) return mixed.error();
  const double rmse = std::sqrt(mixed->mean);
  return Estimated(rmse, rmse == 0 ? 0 : std::sqrt(mixed->variance) / (2 * rmse));
}

}  // namespace pilotwatch::stats
