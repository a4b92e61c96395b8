// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/eddm.h"

namespace pilotwatch::stats {

template <EddmVariant variant>
Signal Eddm<variant>::step(double x) {
  PW_ASSERT(x == 0 || x == 1);
  ++n_;
  if (x == 1) {
    distances_.add(static_cast<double>(n_ - last_error_));
    last_error_ = n_;
    if (look() == Signal::alarm) {
      *this = Eddm(options_);
      return Signal::alarm;
    }
  }
  return warning_ ? Signal::warning : Signal::none;
}

template <EddmVariant variant>
Signal Eddm<variant>::look() {
  constexpr bool river = variant == EddmVariant::river;
  if (!river) warning_ = false;
  if (river ? n_ <= options_.warm_start : n_ + 1 < options_.warm_start) return Signal::none;
  const double spread = distances_.mean() + 2 * distances_.sd(river ? 1 : 0);
  if (spread > most_) {
    most_ = spread;
  } else if (distances_.n() > options_.warm_start) {
    const double level = spread / most_;
    if (level < options_.drift) return Signal::alarm;
    warning_ = level < options_.warning;
  }
  return Signal::none;
}

template <EddmVariant variant>
void Eddm<variant>::write(ByteWriter& out) const {
  out.u64(n_);
  out.u64(last_error_);
  distances_.write(out);
  out.f64(most_);
  out.flag(warning_);
}

template <EddmVariant variant>
void Eddm<variant>::read(ByteReader& in) {
  n_ = in.u64();
  last_error_ = in.u64();
  distances_.read(in);
  most_ = read_finite(in);
  warning_ = in.flag();
  if (last_error_ > n_ || distances_.n() > n_ || most_ < 0) throw CorruptBytes("eddm: errors and observations");
}

template class Eddm<EddmVariant::river>;
template class Eddm<EddmVariant::scikit_multiflow>;

}  // namespace pilotwatch::stats
