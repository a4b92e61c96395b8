// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/adwin.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {
namespace {

double length_of(std::size_t size) { return static_cast<double>(std::uint64_t{1} << size); }

const AdwinOptions& checked(const AdwinOptions& options) {
  PW_ASSERT(options.delta > 0 && options.delta < 1);
  PW_ASSERT(options.clock >= 1 && options.min_window >= 1);
  PW_ASSERT(options.max_buckets >= 2 && options.max_buckets <= 100);
  return options;
}

/// What two parts with these means add to the squared deviations of their union.
double between(double n_a, double mean_a, double n_b, double mean_b) {
  const double off = mean_a - mean_b;
  return n_a * n_b / (n_a + n_b) * off * off;
}

}  // namespace

template <AdwinVariant variant>
Adwin<variant>::Adwin(const Options& options)
    : options_(checked(options)), buckets_(max_sizes * (options.max_buckets + 1)), count_(max_sizes) {}

template <AdwinVariant variant>
Signal Adwin<variant>::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  if (width_ == 0) origin_ = x;
  insert(x - origin_);
  ++ticks_;
  if (ticks_ % options_.clock != 0 || width_ <= options_.grace) return Signal::none;
  bool changed = false;
  while (has_cut()) {
    drop_oldest();
    changed = true;
  }
  if (!changed) return Signal::none;
  if (starts_anew) restart();
  return Signal::alarm;
}

template <AdwinVariant variant>
void Adwin<variant>::insert(double x) {
  row(0)[count_[0]++] = {x, 0.0};
  const auto before = static_cast<double>(width_);
  if (width_ > 0) squares_ += between(before, sum_ / before, 1.0, x);
  ++width_;
  sum_ += x;
  merge_full_rows();
}

template <AdwinVariant variant>
void Adwin<variant>::merge_full_rows() {
  for (std::size_t size = 0; count_[size] > options_.max_buckets; ++size) {
    PW_ASSERT(size + 1 < max_sizes);
    const Bucket old = row(size)[0], young = row(size)[1];
    const double n = length_of(size);
    double squares = young.squares + between(n, old.sum / n, n, young.sum / n);
    if constexpr (variant != AdwinVariant::scikit_multiflow) squares += old.squares;
    row(size + 1)[count_[size + 1]++] = {old.sum + young.sum, squares};
    sizes_ = std::max(sizes_, size + 2);
    remove_front(size, 2);
  }
}

template <AdwinVariant variant>
void Adwin<variant>::remove_front(std::size_t size, std::uint32_t count) {
  std::copy(row(size) + count, row(size) + count_[size], row(size));
  count_[size] -= count;
}

template <AdwinVariant variant>
void Adwin<variant>::drop_oldest() {
  const std::size_t size = sizes_ - 1;
  const Bucket oldest = row(size)[0];
  const double n = length_of(size);
  width_ -= std::uint64_t{1} << size;
  sum_ -= oldest.sum;
  const auto left = static_cast<double>(width_);
  squares_ -= oldest.squares + between(n, oldest.sum / n, left, sum_ / left);
  squares_ = std::max(squares_, 0.0);
  remove_front(size, 1);
  if (count_[size] == 0) --sizes_;
}

template <AdwinVariant variant>
bool Adwin<variant>::has_cut() const {
  const double bound_d = std::log(2 * std::log(static_cast<double>(width_)) / options_.delta);
  double n0 = 0, sum0 = 0;
  for (std::size_t size = sizes_; size-- > 0;) {
    const std::uint32_t all = count_[size];
    const std::uint32_t looked_at = skips_newest ? std::max(all, 1U) - 1 : all;
    for (std::uint32_t i = 0; i < looked_at; ++i) {
      n0 += length_of(size);
      sum0 += row(size)[i].sum;
      if (is_change(n0, sum0, bound_d)) return true;
    }
  }
  return false;
}

template <AdwinVariant variant>
bool Adwin<variant>::is_change(double n0, double sum0, double bound_d) const {
  const auto shortest = static_cast<double>(options_.min_window), all = static_cast<double>(width_);
  const double n1 = all - n0;
  if (n0 < shortest || n1 < shortest) return false;
  const double m = 1 / (n0 - shortest + 1) + 1 / (n1 - shortest + 1);
  const double bound = std::sqrt(2 * m * (squares_ / all) * bound_d) + 2.0 / 3.0 * bound_d * m;
  return std::abs(sum0 / n0 - (sum_ - sum0) / n1) > bound;
}

template <AdwinVariant variant>
void Adwin<variant>::restart() {
  std::fill(count_.begin(), count_.end(), 0U);
  sizes_ = 1;
  width_ = ticks_ = 0;
  origin_ = sum_ = squares_ = 0;
}

template <AdwinVariant variant>
void Adwin<variant>::write(ByteWriter& out) const {
  out.u64(sizes_);
  out.u64(ticks_);
  for (const double value : {origin_, sum_, squares_}) out.f64(value);
  for (std::size_t size = 0; size < sizes_; ++size) {
    out.u64(count_[size]);
    for (const Bucket* bucket = row(size); bucket != row(size) + count_[size]; ++bucket) {
      out.f64(bucket->sum);
      out.f64(bucket->squares);
    }
  }
}

template <AdwinVariant variant>
void Adwin<variant>::read(ByteReader& in) {
  restart();
  sizes_ = in.count();
  if (sizes_ == 0 || sizes_ > max_sizes) throw CorruptBytes("adwin: number of bucket sizes");
  ticks_ = in.u64();
  for (double* value : {&origin_, &sum_, &squares_}) *value = read_finite(in);
  if (squares_ < 0) throw CorruptBytes("adwin: negative sum of squares");
  for (std::size_t size = 0; size < sizes_; ++size) {
    const std::size_t count = in.count(2 * sizeof(double));
    if (count > options_.max_buckets || (count == 0 && sizes_ > 1)) throw CorruptBytes("adwin: number of buckets");
    for (std::size_t i = 0; i < count; ++i) {
      const double sum = read_finite(in);
      row(size)[i] = {sum, read_finite(in)};
    }
    count_[size] = static_cast<std::uint32_t>(count);
    width_ += std::uint64_t{count} << size;
  }
}

template class Adwin<AdwinVariant::river>;
template class Adwin<AdwinVariant::river_pr1613>;
template class Adwin<AdwinVariant::river_0_7>;
template class Adwin<AdwinVariant::scikit_multiflow>;

}  // namespace pilotwatch::stats
