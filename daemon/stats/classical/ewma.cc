// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/ewma.h"

#include <cmath>

namespace pilotwatch::stats {

EwmaChart::EwmaChart(const Options& options) : options_(options) {
  PW_ASSERT(options.alpha > 0 && options.alpha <= 1);
  PW_ASSERT(options.threshold > 0 && options.min_instances >= 1);
}

Signal EwmaChart::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  const double alpha = options_.alpha;
  ++n_;
  const auto n = static_cast<double>(n_);
  mean_ += (x - mean_) / n;
  const double off = n_ == 1 ? 0 : x - z_;
  z_ = n_ == 1 ? x : z_ + alpha * off;
  variance_ = (1 - alpha) * (variance_ + alpha * off * off);
  if (n_ < options_.min_instances) return Signal::none;
  const double share = alpha / (2 - alpha) * (1 - std::pow(1 - alpha, 2 * n));
  const double limit = options_.threshold * std::sqrt(variance_) * std::sqrt(share);
  if (!exceeds(options_.direction, z_ - mean_, mean_ - z_, limit)) return Signal::none;
  *this = EwmaChart(options_);
  return Signal::alarm;
}

void EwmaChart::write(ByteWriter& out) const {
  out.u64(n_);
  for (const double value : {mean_, z_, variance_}) out.f64(value);
}

void EwmaChart::read(ByteReader& in) {
  n_ = in.u64();
  for (double* value : {&mean_, &z_, &variance_}) *value = read_finite(in);
  if (variance_ < 0) throw CorruptBytes("ewma: negative variance");
}

}  // namespace pilotwatch::stats
