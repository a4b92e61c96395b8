// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "judge/status.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

/// Every exported family, built fresh from one snapshot: nothing is registered, so nothing can go stale.
/// Series with too few cases, or suppressed, are left out; the state of the limit says why.
[[nodiscard]] std::vector<prometheus::MetricFamily> metric_families(const judge::Snapshot& snapshot,
                                                                    const SelfStats& self);

enum class Exposition { text, openmetrics };
/// From an Accept header as Prometheus sends it.
[[nodiscard]] Exposition negotiate(std::string_view accept);
[[nodiscard]] const char* content_type(Exposition format);

/// Prometheus text format 0.0.4 or OpenMetrics 1.0: HELP and label values escaped, invalid UTF-8 replaced, shortest
/// doubles, families sorted by name as given. Cost: one pass, no allocation but the string.
[[nodiscard]] std::string expose(const std::vector<prometheus::MetricFamily>& families, Exposition format);

}  // namespace pilotwatch::sinks
