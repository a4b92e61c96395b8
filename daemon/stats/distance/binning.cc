// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binning.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double just_below(double x) { return std::nextafter(x, -infinity); }

std::vector<double> sorted_without_missing(std::span<const double> sample) {
  std::vector<double> out(sample.begin(), sample.end());
  std::erase_if(out, [](double x) { return std::isnan(x); });
  std::sort(out.begin(), out.end());
  return out;
}

/// Upper bounds of [e_0, e_1) .. [e_{k-1}, e_k] and of what lies below.
std::vector<double> half_open(std::vector<double> edges) {
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) edges[i] = just_below(edges[i]);
  return edges;
}

/// |g| / s of the header, for n > 2; 0 where the values do not vary. `sorted` makes the sums the same for every order
/// of arrival.
double skewness_in_sd(const std::vector<double>& sorted) {
  const auto n = static_cast<double>(sorted.size());
  const double scale = std::max(std::abs(sorted.front()), std::abs(sorted.back()));  // cubes must not overflow
  long double sum = 0, squares = 0, cubes = 0;
  for (const double x : sorted) sum += x / scale;
  const long double mean = sum / n;
  for (const double x : sorted) {
    const long double d = x / scale - mean;
    squares += d * d;
    cubes += d * d * d;
  }
  const double variance = static_cast<double>(squares / n);
  if (!(variance > 0)) return 0;
  const double g = static_cast<double>(cubes / n) / (variance * std::sqrt(variance));
  return std::abs(g) / std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3)));
}

/// numpy.linspace(first, last, k + 1)
std::vector<double> linspace(double first, double last, std::size_t k) {
  std::vector<double> out;
  const double step = (last - first) / static_cast<double>(k);
  for (std::size_t i = 0; i < k; ++i) out.push_back(static_cast<double>(i) * step + first);
  out.push_back(last);
  return out;
}

double sturges_parts(const std::vector<double>& sorted) { return std::log2(static_cast<double>(sorted.size())) + 1; }

/// Upper bounds of ceil(range / (range / parts)) equal bins.
Answer<std::vector<double>> equal_width(const std::vector<double>& sorted, double parts) {
  if (sorted.empty()) return Undefined::no_reference;
  const double first = sorted.front(), last = sorted.back(), range = last - first;
  if (!std::isfinite(range)) return Undefined::out_of_domain;
  if (range == 0) return half_open({first - 0.5, last + 0.5});
  const double width = range / parts;  // and not ceil(parts): numpy's rounding is part of its definition
  auto edges = linspace(first, last, width > 0 ? static_cast<std::size_t>(std::ceil(range / width)) : 1);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());  // a few neighbouring doubles: less room than bins
  return half_open(std::move(edges));
}

}  // namespace

Bins::Bins(std::vector<double> bounds, const char* formula)
    : inner_(bounds.size() - 1), bounds_(std::move(bounds)), formula_(formula) {
  PW_ASSERT(inner_ >= 1 && inner_ <= max_inner);
  bounds_.resize(std::bit_ceil(bounds_.size() + 1) - 1, infinity);
}

Answer<Bins> Bins::quantile(std::span<const double> reference, std::size_t k) {
  PW_ASSERT(k >= 1 && k <= max_inner);
  const auto sorted = sorted_without_missing(reference);
  if (sorted.empty()) return Undefined::no_reference;
  if (!std::isfinite(sorted.front()) || !std::isfinite(sorted.back())) return Undefined::out_of_domain;
  std::vector<double> bounds{just_below(sorted.front())};
  for (std::size_t j = 1; j <= k; ++j) {
    const double v = sorted[(j * sorted.size() + k - 1) / k - 1];  // in integers: a rounded j/k could miss a tie
    if (bounds.back() < v) bounds.push_back(v);
  }
  return Bins(std::move(bounds), bins_quantile_formula);
}

Answer<Bins> Bins::doane(std::span<const double> reference) {
  const auto sorted = sorted_without_missing(reference);
  const double parts = sorted.size() <= 2 ? 1.0 : sturges_parts(sorted) + std::log2(1 + skewness_in_sd(sorted));
  const auto bounds = equal_width(sorted, parts);
  if (!bounds) return bounds.error();
  return Bins(*bounds, bins_doane_formula);
}

Answer<Bins> Bins::sturges(std::span<const double> reference) {
  const auto sorted = sorted_without_missing(reference);
  const auto bounds = equal_width(sorted, sturges_parts(sorted));
  if (!bounds) return bounds.error();
  return Bins(*bounds, bins_sturges_formula);
}

Answer<Bins> Bins::explicit_edges(std::span<const double> edges) {
  const bool ascending =
      std::adjacent_find(edges.begin(), edges.end(), [](double a, double b) { return !(a < b); }) == edges.end();
  const bool finite = std::all_of(edges.begin(), edges.end(), [](double x) { return std::isfinite(x); });
  if (edges.size() < 2 || edges.size() > max_inner + 1 || !ascending || !finite) return Undefined::out_of_domain;
  return Bins(half_open({edges.begin(), edges.end()}), bins_explicit_formula);
}

BinCounts& BinCounts::operator+=(const BinCounts& other) {
  PW_ASSERT(counts_.size() == other.counts_.size());
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  return *this;
}

BinCounts& BinCounts::operator-=(const BinCounts& other) {
  PW_ASSERT(counts_.size() == other.counts_.size());
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] -= other.counts_[i];
  return *this;
}

void BinCounts::write(ByteWriter& out) const {
  out.u64(counts_.size());
  for (const auto count : counts_) out.u64(count);
}

void BinCounts::read(ByteReader& in) {
  std::vector<std::uint64_t> counts(in.count());
  for (auto& count : counts) count = in.u64();
  counts_ = std::move(counts);
}

BinCounts histogram(const Bins& bins, std::span<const double> values) {
  BinCounts out(bins.size());
  out.add(bins, values);
  return out;
}

}  // namespace pilotwatch::stats
