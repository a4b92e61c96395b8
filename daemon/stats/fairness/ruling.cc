// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/ruling.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

/// Times as many cases until an end at `distance` from the value comes within `room`.
double growth(double distance, double room) { return (distance / room) * (distance / room); }

/// Further cases until the interval lies on one side of each limit, the value staying where it is.
std::optional<std::uint64_t> more_cases(const Comparison& c, ComparisonLimit limit) {
  const auto on_scale = [&](double x) { return c.scale == Scale::ratio ? std::log(x) : x; };
  const double value = on_scale(*c.value);
  const double below = value - on_scale(c.interval->lower), above = on_scale(c.interval->upper) - value;
  double times = 1;
  if (*c.value > limit.upper) {
    times = growth(below, value - on_scale(limit.upper));
  } else if (*c.value < limit.lower) {
    times = growth(above, on_scale(limit.lower) - value);
  } else {
    if (std::isfinite(limit.upper)) times = std::max(times, growth(above, on_scale(limit.upper) - value));
    if (std::isfinite(limit.lower) && (c.scale == Scale::difference || limit.lower > 0)) {
      times = std::max(times, growth(below, value - on_scale(limit.lower)));
    }
  }
  const double more = std::ceil((times - 1) * static_cast<double>(c.group_n));
  if (!(more < 0x1p62)) return std::nullopt;  // NaN and infinity too
  return static_cast<std::uint64_t>(std::max(1.0, more));
}

}  // namespace

Ruling judge(const Comparison& comparison, ComparisonLimit limit) {
  PW_ASSERT(limit.lower <= limit.upper);
  if (!comparison.interval) {
    const auto why = comparison.interval.error();
    if (why != Undefined::too_few) return {Compliance::cannot_be_computed, why};
    return {Compliance::not_enough_evidence, why, comparison.until_minimum};
  }
  const auto interval = *comparison.interval;
  if (interval.lower > limit.upper || interval.upper < limit.lower) return {Compliance::not_met};
  if (interval.lower >= limit.lower && interval.upper <= limit.upper) return {Compliance::met};
  Ruling out{Compliance::not_enough_evidence};
  if (comparison.value) out.more_cases = more_cases(comparison, limit);
  return out;
}

Ruling confirmed(Ruling ruling, double adjusted_p, double q) {
  if (ruling.verdict == Compliance::not_met && !(adjusted_p <= q)) return {Compliance::not_enough_evidence};
  return ruling;
}

SelectionFigures selection_figures(OutputKind kind, const GroupCounts& group, const GroupCounts& reference,
                                   const CompareSettings& settings, SelectionLimits limits) {
  SelectionFigures out{};
  out.primary = rate_ratio_of_groups(group, reference, GroupRate::selection, settings);
  const bool burden = kind == OutputKind::burden;
  (burden ? out.limit.upper : out.limit.lower) = burden ? limits.burden_ratio : limits.impact_ratio;
  out.ruling = judge(out.primary, out.limit);
  out.per_1000 = rate_difference(group, reference, GroupRate::selection, settings);
  if (out.per_1000.value) out.per_1000.value = 1000 * *out.per_1000.value;
  if (out.per_1000.interval) {
    out.per_1000.interval = Interval{1000 * out.per_1000.interval->lower, 1000 * out.per_1000.interval->upper};
  }
  const auto left_alone = [](const GroupCounts& g) { return GroupCounts{g.total, g.total - g.selected, {}}; };
  out.four_fifths = burden ? rate_ratio_of_groups(left_alone(group), left_alone(reference), GroupRate::selection).value
                           : out.primary.value;
  return out;
}

}  // namespace pilotwatch::stats
