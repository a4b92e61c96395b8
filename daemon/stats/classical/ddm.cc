// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/ddm.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {

template <DdmVariant variant>
Signal Ddm<variant>::step(double x) {
  PW_ASSERT(x >= 0 && x <= 1);
  ++n_;
  const auto n = static_cast<double>(n_);
  p_ = std::clamp(p_ + (x - p_) / n, 0.0, 1.0);  // a running mean of ones may end a last bit above 1
  if (!is_warm()) return Signal::none;
  const double s = std::sqrt(p_ * (1 - p_) / n);
  if (!has_least_ || p_ + s <= least_p_ + least_s_) {
    has_least_ = true;
    least_p_ = p_;
    least_s_ = s;
  }
  if (p_ + s > least_p_ + options_.drift * least_s_) {
    *this = Ddm(options_);
    return Signal::alarm;
  }
  return p_ + s > least_p_ + options_.warning * least_s_ ? Signal::warning : Signal::none;
}

template <DdmVariant variant>
void Ddm<variant>::write(ByteWriter& out) const {
  out.u64(n_);
  out.f64(p_);
  out.flag(has_least_);
  out.f64(least_p_);
  out.f64(least_s_);
}

template <DdmVariant variant>
void Ddm<variant>::read(ByteReader& in) {
  n_ = in.u64();
  p_ = read_finite(in);
  has_least_ = in.flag();
  least_p_ = read_finite(in);
  least_s_ = read_finite(in);
  for (const double share : {p_, least_p_, least_s_}) {
    if (share < 0 || share > 1) throw CorruptBytes("ddm: not a share");
  }
}

template class Ddm<DdmVariant::river>;
template class Ddm<DdmVariant::river_0_7>;
template class Ddm<DdmVariant::scikit_multiflow>;

}  // namespace pilotwatch::stats
