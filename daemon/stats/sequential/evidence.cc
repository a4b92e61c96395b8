// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/evidence.h"

namespace pilotwatch::stats {

void Alarmed::write(ByteWriter& out) const {
  out.f64(s);
  out.u64(observations);
  out.u64(change_point);
}

void Alarmed::read(ByteReader& in) {
  s = in.f64();
  observations = in.u64();
  change_point = in.u64();
}

}  // namespace pilotwatch::stats
