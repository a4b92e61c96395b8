// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr std::size_t least_capacity = 8;
constexpr std::size_t most_levels = 64;
constexpr std::uint32_t least_k = 8, most_k = 65535;

/// SplitMix64's finaliser: a bit of it for each compaction.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

QuantileSketch::QuantileSketch(std::uint32_t k) : k_(k) {
  PW_ASSERT(k >= least_k && k <= most_k);
  level(0);
}

std::size_t QuantileSketch::capacity(std::size_t level) const {
  const double depth = static_cast<double>(levels_.size() - 1 - level);
  return std::max(least_capacity, static_cast<std::size_t>(std::ceil(k_ * std::pow(2.0 / 3, depth))));
}

std::size_t QuantileSketch::total_capacity() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < levels_.size(); ++i) sum += capacity(i);
  return sum;
}

double QuantileSketch::rank_error() const { return 2.296 / std::pow(k_, 0.9723); }

std::vector<double>& QuantileSketch::level(std::size_t index) {
  if (levels_.size() > index) return levels_[index];
  while (levels_.size() <= index) levels_.emplace_back().reserve(2 * k_);
  room_ = total_capacity();
  return levels_[index];
}

void QuantileSketch::add(double x, std::int64_t times) {
  PW_ASSERT(!std::isnan(x) && times >= 0);
  if (times == 0) return;
  min_ = n_ == 0 ? x : std::min(min_, x);
  max_ = n_ == 0 ? x : std::max(max_, x);
  n_ += static_cast<std::uint64_t>(times);
  for (std::size_t h = 0; times >> h != 0; ++h) {
    if (((times >> h) & 1) == 0) continue;
    auto& values = level(h);
    if (h == 0) {
      values.push_back(x);
    } else {
      values.insert(std::upper_bound(values.begin(), values.end(), x), x);
    }
    ++held_;
  }
  compress();
}

QuantileSketch& QuantileSketch::operator+=(const QuantileSketch& other) {
  PW_ASSERT(k_ == other.k_);
  if (other.n_ == 0) return *this;
  min_ = n_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = n_ == 0 ? other.max_ : std::max(max_, other.max_);
  n_ += other.n_;
  compactions_ += other.compactions_;
  level(other.levels_.size() - 1);  // first, so that no reference moves
  for (std::size_t h = 0; h < other.levels_.size(); ++h) {
    const std::vector<double> theirs = other.levels_[h];  // a copy: a sketch may be added to itself
    auto& values = levels_[h];
    values.insert(values.end(), theirs.begin(), theirs.end());
    if (h > 0) std::sort(values.begin(), values.end());
    held_ += theirs.size();
  }
  compress();
  return *this;
}

void QuantileSketch::compress() {
  while (held_ > room_) {
    std::size_t full = 0;
    while (levels_[full].size() < capacity(full)) ++full;  // there is one: together they are over
    compact(full);
  }
}

void QuantileSketch::compact(std::size_t index) {
  level(index + 1);
  auto& from = levels_[index];
  auto& to = levels_[index + 1];
  const std::size_t coin = mixed(compactions_++) & 1;
  std::sort(from.begin(), from.end());
  const std::size_t pairs = from.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) to.push_back(from[2 * i + coin]);
  from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(2 * pairs));  // an odd one keeps its weight
  std::sort(to.begin(), to.end());
  held_ -= pairs;
}

Answer<double> QuantileSketch::rank(double x) const {
  if (n_ == 0) return Undefined::no_data;
  std::uint64_t below = 0;
  for (std::size_t h = 0; h < levels_.size(); ++h) {
    const auto count = std::count_if(levels_[h].begin(), levels_[h].end(), [&](double value) { return value <= x; });
    below += static_cast<std::uint64_t>(count) << h;
  }
  return static_cast<double>(below) / static_cast<double>(n_);
}

Answer<double> QuantileSketch::quantile(double q) const {
  if (n_ == 0) return Undefined::no_data;
  if (!(q >= 0 && q <= 1)) return Undefined::out_of_domain;
  if (q == 0) return min_;
  if (q == 1) return max_;
  std::vector<std::pair<double, std::uint64_t>> weighted;
  weighted.reserve(size());
  for (std::size_t h = 0; h < levels_.size(); ++h) {
    for (const double value : levels_[h]) weighted.emplace_back(value, std::uint64_t{1} << h);
  }
  std::sort(weighted.begin(), weighted.end());
  const double wanted = q * static_cast<double>(n_);
  std::uint64_t seen = 0;
  for (const auto& [value, weight] : weighted) {
    seen += weight;
    if (static_cast<double>(seen) >= wanted) return value;
  }
  return max_;
}

void QuantileSketch::write(ByteWriter& out) const {
  out.u64(k_);
  out.u64(n_);
  out.u64(compactions_);
  out.f64(min_);
  out.f64(max_);
  out.u64(levels_.size());
  for (const auto& values : levels_) {
    out.u64(values.size());
    for (const double value : values) out.f64(value);
  }
}

void QuantileSketch::read(ByteReader& in) {
  const auto k = in.u64();
  if (k < least_k || k > most_k) throw CorruptBytes("quantile sketch: k");
  QuantileSketch got(static_cast<std::uint32_t>(k));
  got.n_ = in.u64();
  got.compactions_ = in.u64();
  got.min_ = in.f64();
  got.max_ = in.f64();
  const auto levels = in.count();
  if (levels == 0 || levels > most_levels) throw CorruptBytes("quantile sketch: levels");
  std::uint64_t weight = 0;
  for (std::size_t h = 0; h < levels; ++h) {
    auto& values = got.level(h);
    values.resize(in.count(sizeof(double)));
    for (double& value : values) {
      value = in.f64();
      if (!(got.min_ <= value && value <= got.max_)) throw CorruptBytes("quantile sketch: a value out of range");
    }
    if (h > 0 && !std::is_sorted(values.begin(), values.end())) throw CorruptBytes("quantile sketch: order");
    if (values.size() > (got.n_ - weight) >> h) throw CorruptBytes("quantile sketch: weight");
    weight += static_cast<std::uint64_t>(values.size()) << h;
    got.held_ += values.size();
  }
  if (weight != got.n_) throw CorruptBytes("quantile sketch: weight");
  *this = std::move(got);
}

}  // namespace pilotwatch::stats
