// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/page_hinkley.h"

#include <algorithm>

namespace pilotwatch::stats {
namespace {

void check(const PageHinkleyOptions& options) {
  PW_ASSERT(options.delta >= 0 && options.threshold > 0);
  PW_ASSERT(options.alpha > 0 && options.alpha <= 1);
}

}  // namespace

PageHinkley::PageHinkley(const Options& options) : options_(options) { check(options); }

Signal PageHinkley::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  ++n_;
  mean_ += (x - mean_) / static_cast<double>(n_);
  sum_ = std::max(0.0, options_.alpha * sum_ + (x - mean_ - options_.delta));
  if (n_ + 1 < options_.min_instances || sum_ < options_.threshold) return Signal::none;
  n_ = 0;
  mean_ = sum_ = 0;
  return Signal::alarm;
}

void PageHinkley::write(ByteWriter& out) const {
  out.u64(n_);
  out.f64(mean_);
  out.f64(sum_);
}

void PageHinkley::read(ByteReader& in) {
  n_ = in.u64();
  mean_ = read_finite(in);
  sum_ = read_finite(in);
  if (sum_ < 0) throw CorruptBytes("negative sum");
}

PageHinkleyTwoSided::PageHinkleyTwoSided(const Options& options, Direction direction)
    : options_(options), direction_(direction) {
  check(options);
}

Signal PageHinkleyTwoSided::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  ++n_;
  mean_ += (x - mean_) / static_cast<double>(n_);
  const double off = x - mean_;
  up_ = options_.alpha * up_ + off - options_.delta;
  down_ = options_.alpha * down_ + off + options_.delta;
  least_up_ = n_ == 1 ? up_ : std::min(least_up_, up_);
  most_down_ = n_ == 1 ? down_ : std::max(most_down_, down_);
  if (n_ < options_.min_instances) return Signal::none;
  if (!exceeds(direction_, up_ - least_up_, most_down_ - down_, options_.threshold)) return Signal::none;
  restart();
  return Signal::alarm;
}

void PageHinkleyTwoSided::restart() {
  n_ = 0;
  mean_ = up_ = down_ = least_up_ = most_down_ = 0;
}

void PageHinkleyTwoSided::write(ByteWriter& out) const {
  out.u64(n_);
  for (const double value : {mean_, up_, down_, least_up_, most_down_}) out.f64(value);
}

void PageHinkleyTwoSided::read(ByteReader& in) {
  n_ = in.u64();
  for (double* value : {&mean_, &up_, &down_, &least_up_, &most_down_}) *value = read_finite(in);
}

}  // namespace pilotwatch::stats
