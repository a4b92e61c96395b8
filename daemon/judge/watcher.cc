// SPDX-License-Identifier: Apache-2.0
#include "judge/watcher.h"

#include <algorithm>

#include "stats/sequential/budget.h"

namespace pilotwatch::judge {

stats::Thresholds Allotment::thresholds() const { return stats::thresholds(n, share); }

double Allotment::recovered_at() const { return n / share / 100; }

double Allotment::recovering_at() const { return recovered_at() / 10; }

double Allotment::end_start(double start) const { return std::min(start, recovered_at() / 100); }

std::uint32_t block_of(const WatcherNeeds& needs, std::uint32_t otherwise) {
  const auto block = needs.limit.block > 0 ? static_cast<std::uint32_t>(needs.limit.block) : otherwise;
  if (needs.limit.segment.empty()) return block;
  return std::max(block, static_cast<std::uint32_t>(needs.pilot.segments.min_n));
}

MadeWatcher make_watcher(const WatcherNeeds& needs) {
  if (needs.limit.evidence == settings::Evidence::confidence_sequence) return {watch_sequence(needs), ""};
  switch (form_of(needs.limit)) {
    case Form::mean:
    case Form::ranking:
      return {watch_mean(needs), ""};
    case Form::comparison:
      return {watch_comparison(needs), ""};
    case Form::calibration:
      return {watch_calibration(needs), ""};
    case Form::changed:
    case Form::distribution:
    case Form::shares:
      break;
  }
  return watch_reference(needs);
}

}  // namespace pilotwatch::judge
