// SPDX-License-Identifier: Apache-2.0
#include "sinks/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "sinks/html.h"

namespace pilotwatch::sinks {
namespace {

constexpr double width = 260, height = 104;
constexpr double left = 4, right = 255, top = 16, bottom = 84;

std::string pixels(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.1f", value);
  return out.data();
}

/// Where values go: from 0 (or below, for signed values) to a little above the greatest thing shown.
class Scale {
 public:
  explicit Scale(const Chart& chart) : count_(chart.points.size()) {
    const auto include = [&](std::optional<double> value) {
      if (!value || !std::isfinite(*value)) return;
      low_ = std::min(low_, *value);
      high_ = std::max(high_, *value);
    };
    for (const auto& point : chart.points) {
      include(point.value);
      include(point.lower);
      include(point.upper);
    }
    include(chart.threshold);
    if (high_ <= low_) high_ = low_ + 1;
  }

  [[nodiscard]] double x(std::size_t i) const {
    return count_ < 2 ? (left + right) / 2
                      : left + (right - left) * static_cast<double>(i) / static_cast<double>(count_ - 1);
  }
  [[nodiscard]] double y(double value) const { return bottom - (bottom - top) * (value - low_) / (high_ - low_); }
  [[nodiscard]] double high() const { return high_; }

 private:
  std::size_t count_;
  double low_ = 0, high_ = 0;
};

std::string at(double x, double y) { return pixels(x) + "," + pixels(y); }

/// Runs of neighbouring points for which `has` holds: what is missing between them stays open.
template <class Has, class Draw>
void for_each_run(const Chart& chart, Has has, Draw draw) {
  std::size_t first = 0;
  while (first < chart.points.size()) {
    if (!has(chart.points[first])) {
      ++first;
      continue;
    }
    std::size_t last = first;
    while (last + 1 < chart.points.size() && has(chart.points[last + 1])) ++last;
    draw(first, last);
    first = last + 1;
  }
}

std::string band(const Chart& chart, const Scale& scale) {
  std::string out;
  for_each_run(
      chart, [](const ChartPoint& p) { return p.lower && p.upper; },
      [&](std::size_t first, std::size_t last) {
        out += "<polygon class=\"band\" points=\"";
        for (std::size_t i = first; i <= last; ++i) out += at(scale.x(i), scale.y(*chart.points[i].upper)) + " ";
        for (std::size_t i = last + 1; i-- > first;) out += at(scale.x(i), scale.y(*chart.points[i].lower)) + " ";
        out.back() = '"';
        out += "/>";
      });
  return out;
}

std::string line(const Chart& chart, const Scale& scale) {
  std::string out;
  for_each_run(
      chart, [](const ChartPoint& p) { return p.value.has_value(); },
      [&](std::size_t first, std::size_t last) {
        out += "<polyline class=\"line\" points=\"";
        for (std::size_t i = first; i <= last; ++i) out += at(scale.x(i), scale.y(*chart.points[i].value)) + " ";
        if (first == last) out += at(scale.x(first) + 0.1, scale.y(*chart.points[first].value)) + " ";
        out.back() = '"';
        out += "/>";
      });
  return out;
}

bool beyond(const Chart& chart, double value) {
  if (!chart.threshold) return false;
  return chart.bad_above ? value > *chart.threshold : value < *chart.threshold;
}

/// Squares for values beyond the threshold, a ring for the newest: shapes, not colours alone.
std::string marks(const Chart& chart, const Scale& scale) {
  std::string out;
  for (std::size_t i = 0; i < chart.points.size(); ++i) {
    const auto& value = chart.points[i].value;
    if (!value) continue;
    const double x = scale.x(i), y = scale.y(*value);
    if (beyond(chart, *value)) {
      out += "<rect class=\"bad\" width=\"6\" height=\"6\" x=\"" + pixels(x - 3) + "\" y=\"" + pixels(y - 3) + "\"/>";
    } else if (i + 1 == chart.points.size()) {
      out += "<circle class=\"last\" r=\"3.5\" cx=\"" + pixels(x) + "\" cy=\"" + pixels(y) + "\"/>";
    }
  }
  return out;
}

std::string text(const char* style, double x, double y, const std::string& words) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\">" +
         escape_html(words) + "</text>";
}

std::string rule(const char* style, double y) {
  return "<line class=\"" + std::string(style) + "\" x1=\"0\" x2=\"260\" y1=\"" + pixels(y) + "\" y2=\"" + pixels(y) +
         "\"/>";
}

std::string axes(const Chart& chart, const Scale& scale) {
  std::string out = rule("axis", scale.y(0));
  if (chart.points.empty()) return out;
  out += text("tick", 0, height - 5, chart.points.front().label);
  if (chart.points.size() > 1) out += text("tick end", width, height - 5, chart.points.back().label);
  return out;
}

std::string threshold_line(const Chart& chart, const Scale& scale) {
  return chart.threshold ? rule("limit", scale.y(*chart.threshold)) : "";
}

/// Drawn last, so that its halo keeps the line off it.
std::string scale_words(const Chart& chart, const Scale& scale) {
  if (!chart.threshold) return text("tick", 0, 10, chart.format(scale.high()));
  return text("tick limit-word", 0, scale.y(*chart.threshold) - 5, "limit " + chart.format(*chart.threshold));
}

/// "30 windows from A to B. Newest: 8 % (6 % to 11 %). Lowest .., highest ... Limit 10 %."
std::string description(const Chart& chart) {
  std::optional<double> low, high;
  std::size_t known = 0, bad = 0;
  for (const auto& point : chart.points) {
    if (!point.value) continue;
    ++known;
    bad += beyond(chart, *point.value) ? 1 : 0;
    low = std::min(low.value_or(*point.value), *point.value);
    high = std::max(high.value_or(*point.value), *point.value);
  }
  if (known == 0) return "No values yet.";
  const auto& newest = chart.points.back();
  std::string out = std::to_string(known) + " " + chart.point + (known == 1 ? ", " : "s, ") +
                    chart.points.front().label + " to " + newest.label + ". Newest: ";
  out += newest.value ? chart.format(*newest.value) : "no value";
  if (newest.lower && newest.upper) {
    out += " (95 % interval " + chart.format_range(*newest.lower, *newest.upper) + ")";
  }
  out += ". Lowest " + chart.format(*low) + ", highest " + chart.format(*high) + ".";
  if (chart.threshold) {
    out += " Limit " + chart.format(*chart.threshold) + ", with " + std::to_string(bad) + " beyond it.";
  }
  return out;
}

}  // namespace

std::string chart_svg(const Chart& chart, const std::string& id) {
  const Scale scale(chart);
  return "<svg class=\"chart\" viewBox=\"0 0 260 104\" role=\"img\" aria-labelledby=\"" + id + "-t " + id +
         "-d\"><title id=\"" + id + "-t\">" + escape_html(chart.title) + "</title><desc id=\"" + id + "-d\">" +
         escape_html(description(chart)) + "</desc>" + axes(chart, scale) + band(chart, scale) +
         threshold_line(chart, scale) + line(chart, scale) + marks(chart, scale) + scale_words(chart, scale) + "</svg>";
}

}  // namespace pilotwatch::sinks
