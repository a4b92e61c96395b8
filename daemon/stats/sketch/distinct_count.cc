// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch/distinct_count.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr std::uint32_t least_p = 4, most_p = 16;

double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x, last = -1;
  for (double power = x, weight = 1; sum != last; weight *= 2) {
    last = sum;
    power *= power;
    sum += power * weight;
  }
  return sum;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, last = -1;
  for (double root = std::sqrt(x), weight = 0.5; sum != last; weight /= 2) {
    last = sum;
    sum -= (1 - root) * (1 - root) * weight;
    root = std::sqrt(root);
  }
  return sum / 3;
}

}  // namespace

DistinctCount::DistinctCount(std::uint32_t p) : p_(p) {
  PW_ASSERT(p >= least_p && p <= most_p);
  registers_.resize(std::size_t{1} << p);
}

void DistinctCount::add(std::uint64_t hash) {
  auto& kept = registers_[hash >> (64 - p_)];
  const int zeros = std::min(std::countl_zero(hash << p_), static_cast<int>(64 - p_));
  kept = std::max(kept, static_cast<std::uint8_t>(zeros + 1));
}

DistinctCount& DistinctCount::operator+=(const DistinctCount& other) {
  PW_ASSERT(p_ == other.p_);
  for (std::size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
  return *this;
}

double DistinctCount::estimate() const {
  std::array<std::uint32_t, 66> counts{};
  for (const auto value : registers_) ++counts[value];
  const double m = static_cast<double>(registers_.size());
  const std::uint32_t q = 64 - p_;
  double z = m * tau(1 - counts[q + 1] / m);
  for (std::uint32_t k = q; k >= 1; --k) z = (z + counts[k]) / 2;
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::numbers::ln2) / z;
}

double DistinctCount::standard_error() const { return 1.04 / std::sqrt(static_cast<double>(registers_.size())); }

void DistinctCount::write(ByteWriter& out) const {
  out.u64(p_);
  out.text({reinterpret_cast<const char*>(registers_.data()), registers_.size()});
}

void DistinctCount::read(ByteReader& in) {
  const auto p = in.u64();
  if (p < least_p || p > most_p) throw CorruptBytes("distinct count: p");
  DistinctCount got(static_cast<std::uint32_t>(p));
  const auto bytes = in.text();
  if (bytes.size() != got.registers_.size()) throw CorruptBytes("distinct count: registers");
  std::transform(bytes.begin(), bytes.end(), got.registers_.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  if (*std::max_element(got.registers_.begin(), got.registers_.end()) > 65 - p) {
    throw CorruptBytes("distinct count: a register");
  }
  *this = std::move(got);
}

}  // namespace pilotwatch::stats
