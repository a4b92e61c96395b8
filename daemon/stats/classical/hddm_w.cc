// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/hddm_w.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {

template <HddmWVariant variant>
HddmW<variant>::HddmW(const Options& options, bool two_sided)
    : lambda_(options.lambda),
      log_drift_(-std::log(options.drift_confidence)),
      log_warning_(-std::log(options.warning_confidence)),
      two_sided_(two_sided && variant == HddmWVariant::river) {
  PW_ASSERT(options.drift_confidence > 0 && options.warning_confidence >= options.drift_confidence);
  PW_ASSERT(options.warning_confidence < 1);
  PW_ASSERT(options.lambda > 0 && options.lambda < 1);
}

template <HddmWVariant variant>
void HddmW<variant>::add(Sample& sample, double x) const {
  const double keeps = 1 - lambda_;
  if (sample.begun || variant == HddmWVariant::river) sample.b = lambda_ * lambda_ + keeps * keeps * sample.b;
  // z + lambda (x - z), not a weighted sum: a constant stream stays exactly constant
  sample.z = sample.begun ? sample.z + lambda_ * (x - sample.z) : x;
  sample.begun = true;
}

template <HddmWVariant variant>
void HddmW<variant>::move(Cut& cut, double sign, double x) const {
  const double edge = sign * all_.z + std::sqrt(all_.b * log_drift_ / 2);
  if (edge < cut.extreme) {
    cut = {edge, all_, {}};
  } else {
    add(cut.after, x);
  }
}

template <HddmWVariant variant>
Signal HddmW<variant>::compare(const Cut& cut, double sign) const {
  if (!cut.after.begun) return Signal::none;
  const double off = sign * (cut.after.z - cut.before.z), b = cut.before.b + cut.after.b;
  if (off > std::sqrt(b * log_drift_ / 2)) return Signal::alarm;
  return off > std::sqrt(b * log_warning_ / 2) ? Signal::warning : Signal::none;
}

template <HddmWVariant variant>
Signal HddmW<variant>::step(double x) {
  PW_ASSERT(x >= 0 && x <= 1);
  add(all_, x);
  move(up_, 1, x);
  Signal says = compare(up_, 1);
  if (two_sided_) {
    move(down_, -1, x);
    says = std::max(says, compare(down_, -1));
  }
  if (says == Signal::alarm) {
    all_ = {};
    up_ = down_ = {};
  }
  return says;
}

template <HddmWVariant variant>
void HddmW<variant>::write(ByteWriter& out, const Sample& sample) {
  out.flag(sample.begun);
  out.f64(sample.z);
  out.f64(sample.b);
}

template <HddmWVariant variant>
void HddmW<variant>::read(ByteReader& in, Sample& sample) {
  sample.begun = in.flag();
  sample.z = read_finite(in);
  sample.b = read_finite(in);
  if (sample.z < 0 || sample.z > 1 || sample.b < 0 || sample.b > 1) throw CorruptBytes("hddm-w: not a share");
}

template <HddmWVariant variant>
void HddmW<variant>::write(ByteWriter& out) const {
  write(out, all_);
  for (const Cut* cut : {&up_, &down_}) {
    out.f64(cut->extreme);
    write(out, cut->before);
    write(out, cut->after);
  }
}

template <HddmWVariant variant>
void HddmW<variant>::read(ByteReader& in) {
  read(in, all_);
  for (Cut* cut : {&up_, &down_}) {
    cut->extreme = in.f64();
    if (std::isnan(cut->extreme)) throw CorruptBytes("hddm-w: edge is no number");
    read(in, cut->before);
    read(in, cut->after);
  }
}

template class HddmW<HddmWVariant::river>;
template class HddmW<HddmWVariant::scikit_multiflow>;

}  // namespace pilotwatch::stats
