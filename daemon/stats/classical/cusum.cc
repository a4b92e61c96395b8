// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/cusum.h"

#include <algorithm>

namespace pilotwatch::stats {

CusumChart::CusumChart(const Options& options) : options_(options) {
  PW_ASSERT(options.min_instances >= 2 && options.slack >= 0 && options.threshold > 0);
}

Signal CusumChart::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  if (reference_.n() < options_.min_instances) {
    reference_.add(x);
    if (reference_.n() < options_.min_instances) return Signal::none;
    sd_ = reference_.sd(1);
  }
  const double off = x - reference_.mean(), slack = options_.slack * sd_;
  up_ = std::max(0.0, up_ + off - slack);
  down_ = std::max(0.0, down_ - off - slack);
  if (!exceeds(options_.direction, up_, down_, options_.threshold * sd_)) return Signal::none;
  *this = CusumChart(options_);
  return Signal::alarm;
}

void CusumChart::write(ByteWriter& out) const {
  reference_.write(out);
  out.f64(up_);
  out.f64(down_);
}

void CusumChart::read(ByteReader& in) {
  reference_.read(in);
  sd_ = reference_.n() < options_.min_instances ? 0 : reference_.sd(1);
  up_ = read_finite(in);
  down_ = read_finite(in);
  if (reference_.n() > options_.min_instances || up_ < 0 || down_ < 0) throw CorruptBytes("cusum: reference or sums");
}

}  // namespace pilotwatch::stats
