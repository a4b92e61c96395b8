// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/shewhart.h"

namespace pilotwatch::stats {

ShewhartChart::ShewhartChart(const Options& options) : options_(options) {
  PW_ASSERT(options.limit > 0 && options.min_instances >= 2);
}

Signal ShewhartChart::step(double x) {
  PW_ASSERT(FixedSum::fits(x));
  if (reference_.n() < options_.min_instances) {
    reference_.add(x);
    if (reference_.n() < options_.min_instances) return Signal::none;
    sd_ = reference_.sd(1);
  }
  const double off = x - reference_.mean();
  if (!exceeds(options_.direction, off, -off, options_.limit * sd_)) return Signal::none;
  *this = ShewhartChart(options_);
  return Signal::alarm;
}

void ShewhartChart::read(ByteReader& in) {
  reference_.read(in);
  sd_ = reference_.n() < options_.min_instances ? 0 : reference_.sd(1);
  if (reference_.n() > options_.min_instances) throw CorruptBytes("shewhart: reference too long");
}

}  // namespace pilotwatch::stats
