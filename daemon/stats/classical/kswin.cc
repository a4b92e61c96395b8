// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/kswin.h"

#include <algorithm>
#include <span>

namespace pilotwatch::stats {
namespace {

constexpr double least_distance = 0.1;

const KswinOptions& checked(const KswinOptions& options) {
  PW_ASSERT(options.stat_size >= 1 && options.stat_size <= 10'000 && options.window / 2 >= options.stat_size);
  return options;
}

/// C(2r, r - shift) / C(2r, r) as a product of factors below 1: nothing overflows.
double share_of_middle(std::uint32_t r, std::uint32_t shift) {
  double out = 1;
  for (std::uint32_t i = 0; i < shift; ++i) out *= static_cast<double>(r - i) / static_cast<double>(r + shift - i);
  return out;
}

double upper_tail(std::uint32_t r, std::uint32_t k) {
  double sum = 0, sign = 1;
  for (std::uint32_t shift = k; shift <= r; shift += k, sign = -sign) {
    const double term = share_of_middle(r, shift);
    sum += sign * term;
    if (term < 1e-18) break;
  }
  return 2 * sum;
}

/// Largest difference of the empirical distribution functions of two sorted samples of the same size, times that size.
std::uint32_t largest_gap(std::span<const double> a, std::span<const double> b) {
  std::size_t i = 0, j = 0, most = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    most = std::max(most, i > j ? i - j : j - i);
  }
  return static_cast<std::uint32_t>(most);
}

}  // namespace

std::uint32_t ks_equal_sizes_critical(std::uint32_t r, double alpha) {
  PW_ASSERT(r >= 1 && alpha > 0 && alpha < 1);
  std::uint32_t k = 1;
  while (k <= r && upper_tail(r, k) > alpha) ++k;
  return k;
}

Kswin::Kswin(const Options& options)
    : options_(checked(options)),
      critical_(ks_equal_sizes_critical(options.stat_size, options.alpha)),
      ring_(options.window),
      random_(options.seed),
      older_(options.window - options.stat_size),
      newest_(options.stat_size) {}

/// SplitMix64 (Steele, Lea, Flood 2014), scaled to [0, end); end < 2^32, so no value is likelier than another by 2^-32.
std::uint64_t Kswin::next_below(std::uint64_t end) {
  random_ += 0x9E3779B97F4A7C15;
  std::uint64_t z = random_;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return ((z ^ z >> 31) >> 32) * end >> 32;
}

/// Fills newest_, and the first stat_size places of older_ with a draw: a shuffle that stops early.
void Kswin::draw() {
  const std::size_t window = ring_.size(), older = older_.size();
  for (std::size_t i = 0; i < window; ++i) {
    const double x = ring_[(oldest_ + i) % window];
    (i < older ? older_[i] : newest_[i - older]) = x;
  }
  for (std::size_t i = 0; i < newest_.size(); ++i) std::swap(older_[i], older_[i + next_below(older - i)]);
}

Signal Kswin::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  if (size_ < ring_.size()) {
    ring_[size_++] = x;
  } else {
    ring_[oldest_] = x;
    oldest_ = (oldest_ + 1) % options_.window;
  }
  if (size_ < ring_.size()) return Signal::none;
  draw();
  std::sort(older_.begin(), older_.begin() + options_.stat_size);
  std::sort(newest_.begin(), newest_.end());
  const std::uint32_t gap = largest_gap(std::span(older_).first(options_.stat_size), newest_);
  if (gap < critical_ || gap <= least_distance * options_.stat_size) return Signal::none;
  restart();
  return Signal::alarm;
}

void Kswin::restart() {
  size_ = oldest_ = 0;
  random_ = options_.seed;
}

void Kswin::write(ByteWriter& out) const {
  out.u64(random_);
  out.u64(size_);
  for (std::size_t i = 0; i < size_; ++i) out.f64(ring_[(oldest_ + i) % ring_.size()]);
}

void Kswin::read(ByteReader& in) {
  random_ = in.u64();
  const std::size_t size = in.count(sizeof(double));
  if (size > ring_.size()) throw CorruptBytes("kswin: more values than the window holds");
  for (std::size_t i = 0; i < size; ++i) ring_[i] = read_finite(in);
  size_ = static_cast<std::uint32_t>(size);
  oldest_ = 0;
}

}  // namespace pilotwatch::stats
