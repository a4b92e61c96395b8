// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <vector>

#include "judge/status.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

struct Scrape {
  std::vector<prometheus::MetricFamily> families;
  std::uint64_t series = 0, left_out = 0;  ///< left out: for `bounds.series`
};

/// Every exported family, built fresh from one snapshot: nothing is registered, so nothing can go stale.
/// Series with too few cases, or suppressed, are left out; the state of the limit says why. Where there would be more
/// than SelfStats::max_series, figures of groups give way, then those of windows; all else is always there.
[[nodiscard]] Scrape scrape(const judge::Snapshot& snapshot, const SelfStats& self);
[[nodiscard]] inline std::vector<prometheus::MetricFamily> metric_families(const judge::Snapshot& snapshot,
                                                                           const SelfStats& self) {
  return scrape(snapshot, self).families;
}

enum class Exposition { text, openmetrics };
/// From an Accept header as Prometheus sends it.
[[nodiscard]] Exposition negotiate(std::string_view accept);
[[nodiscard]] const char* content_type(Exposition format);

/// Prometheus text format 0.0.4 or OpenMetrics 1.0: HELP and label values escaped, invalid UTF-8 replaced, shortest
/// doubles, families sorted by name as given. Cost: one pass, no allocation but the string.
[[nodiscard]] std::string expose(const std::vector<prometheus::MetricFamily>& families, Exposition format);

}  // namespace pilotwatch::sinks
