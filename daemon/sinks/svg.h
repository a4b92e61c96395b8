// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace pilotwatch::sinks {

/// One window in a chart. A point without value leaves a gap: missing is not zero.
struct ChartPoint {
  std::optional<double> value, lower, upper;
  std::string label;  ///< of the window, "14 Mar 2026"
};

/// A small line chart with an interval band and a threshold.
struct Chart {
  std::string title;               ///< "Error rate"
  std::vector<ChartPoint> points;  ///< oldest first
  std::optional<double> threshold;
  std::string point = "window";               ///< what one point is, in words
  bool bad_above = true;                      ///< which side of the threshold is bad
  std::function<std::string(double)> format;  ///< numbers with their unit, plain text
  std::function<std::string(double, double)> format_range;
};

/// An <svg role="img"> with <title> and <desc> that say in words what the lines show. Colours come from CSS classes.
[[nodiscard]] std::string chart_svg(const Chart& chart, const std::string& id);

}  // namespace pilotwatch::sinks
