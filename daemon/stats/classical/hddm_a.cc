// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/hddm_a.h"

#include <cmath>

namespace pilotwatch::stats {

template <HddmAVariant variant>
HddmA<variant>::HddmA(const Options& options, bool two_sided)
    : log_drift_(-std::log(options.drift_confidence)),
      log_drift2_(std::log(2 / options.drift_confidence)),
      log_warning2_(std::log(2 / options.warning_confidence)),
      two_sided_(two_sided) {
  PW_ASSERT(options.drift_confidence > 0 && options.warning_confidence >= options.drift_confidence);
  PW_ASSERT(options.warning_confidence < 1);
}

template <HddmAVariant variant>
double HddmA<variant>::bound(std::uint64_t n) const {
  return std::sqrt(log_drift_ / (2 * static_cast<double>(n)));
}

template <HddmAVariant variant>
void HddmA<variant>::move_cuts() {
  const double h = bound(all_.n);
  if (up_.n == 0 || up_.mean() + bound(up_.n) >= all_.mean() + h) up_ = all_;
  if (down_.n == 0 || down_.mean() - bound(down_.n) <= all_.mean() - h) down_ = all_;
}

template <HddmAVariant variant>
bool HddmA<variant>::left(const Start& cut, double sign, double log_confidence) const {
  if (cut.n == all_.n) return false;
  const auto n = static_cast<double>(all_.n), c = static_cast<double>(cut.n);
  return sign * (all_.mean() - cut.mean()) >= std::sqrt((n - c) / (2 * c * n) * log_confidence);
}

template <HddmAVariant variant>
Signal HddmA<variant>::step(double x) {
  PW_ASSERT(x >= 0 && x <= 1);
  ++all_.n;
  all_.sum += x;
  move_cuts();
  Signal says = Signal::none;
  if (left(up_, 1, log_drift2_)) {
    says = Signal::alarm;
  } else if (left(up_, 1, log_warning2_)) {
    says = Signal::warning;
  }
  if (two_sided_ && says != Signal::alarm) {
    if (left(down_, -1, log_drift2_)) {
      restart();
      return variant == HddmAVariant::river ? Signal::alarm : says;
    }
    if (variant == HddmAVariant::river && left(down_, -1, log_warning2_)) says = Signal::warning;
  }
  if (says == Signal::alarm) restart();
  return says;
}

template <HddmAVariant variant>
void HddmA<variant>::write(ByteWriter& out) const {
  for (const Start* start : {&all_, &up_, &down_}) {
    out.u64(start->n);
    out.f64(start->sum);
  }
}

template <HddmAVariant variant>
void HddmA<variant>::read(ByteReader& in) {
  for (Start* start : {&all_, &up_, &down_}) {
    start->n = in.u64();
    start->sum = read_finite(in);
    if (start->n > all_.n || start->sum < 0) throw CorruptBytes("hddm-a: a cut after the end, or a negative sum");
  }
}

template class HddmA<HddmAVariant::river>;
template class HddmA<HddmAVariant::scikit_multiflow>;

}  // namespace pilotwatch::stats
