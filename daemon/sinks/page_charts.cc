// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sinks/html.h"
#include "sinks/page_parts.h"
#include "sinks/svg.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using engine::WindowResult;
using settings::Limit;
using settings::Metric;

constexpr std::size_t shown_windows = 30;

struct Series {
  Metric metric;
  std::string feature;
  const Limit* limit = nullptr;  ///< whose threshold is drawn
  std::string kind;              ///< of window
};

/// The limit on the whole pilot that a chart of this metric should show.
const Limit* limit_on(const settings::Pilot& pilot, Metric metric) {
  const auto found = std::ranges::find_if(pilot.limits, [&](const Limit& limit) {
    return limit.metric == metric && limit.segment.empty() && (limit.feature.empty() || settings::of_feature(metric));
  });
  return found == pilot.limits.end() ? nullptr : &*found;
}

std::size_t closed(const PilotView& view, const std::string& kind) {
  return static_cast<std::size_t>(
      std::ranges::count_if(view.windows, [&](const auto& window) { return window->kind_name == kind; }));
}

/// The finest kind that has a history: the first of the settings with two closed windows, else whatever there is.
std::string usual_kind(const PilotView& view) {
  for (const auto& window : view.settings->windows) {
    const auto name = engine::window_name(window);
    if (closed(view, name) >= 2) return name;
  }
  return view.windows.front()->kind_name;
}

/// The window kind of the limit where that has a history, so that what is drawn is what is judged.
std::string kind_for(const PilotView& view, const Limit* limit) {
  if (limit != nullptr && closed(view, engine::window_name(limit->window)) > 0)
    return engine::window_name(limit->window);
  return usual_kind(view);
}

const WindowResult* newest_of(const PilotView& view, const std::string& kind) {
  for (const auto* window : newest_windows(view)) {
    if (window->kind_name == kind) return window;
  }
  return nullptr;
}

/// The feature that a limit names, or the one that has drifted most.
std::string drift_feature(const PilotView& view, const Limit* limit, const std::string& kind) {
  if (limit != nullptr && !limit->feature.empty()) return limit->feature;
  const auto* window = newest_of(view, kind);
  if (window == nullptr) return {};
  const engine::Figure* most = nullptr;
  for (const auto& figure : window->figures) {
    if (figure.metric != Metric::psi || !figure.value || !figure.model_version.empty() || !figure.attribute.empty())
      continue;
    if (most == nullptr || *figure.value > *most->value) most = &figure;
  }
  return most == nullptr ? "" : most->feature;
}

Series series_of(const PilotView& view, Metric metric) {
  Series out{metric, {}, limit_on(*view.settings, metric), {}};
  out.kind = kind_for(view, out.limit);
  if (settings::of_feature(metric)) out.feature = drift_feature(view, out.limit, out.kind);
  return out;
}

std::vector<Series> wanted(const PilotView& view) {
  const auto task = view.settings->task;
  const auto quality = task == settings::Task::regression ? Metric::mean_absolute_error
                       : task == settings::Task::quantile ? Metric::wis
                                                          : Metric::error_rate;
  const bool ks_only =
      limit_on(*view.settings, Metric::psi) == nullptr && limit_on(*view.settings, Metric::ks) != nullptr;
  return {series_of(view, quality), series_of(view, ks_only ? Metric::ks : Metric::psi),
          series_of(view, Metric::complaints_per_1000), series_of(view, Metric::volume)};
}

std::string title_of(const Series& series) {
  std::string out = human_metric(series.metric);
  out[0] = static_cast<char>(out[0] - 'a' + 'A');
  if (series.kind == "all") return out + ", all together";
  if (series.kind.starts_with("days:")) return out + ", each " + series.kind.substr(5) + " days";
  return out + " by " + (series.kind.starts_with("count:") ? series.kind.substr(6) + " decisions" : series.kind);
}

ChartPoint point_of(const PilotView& view, const WindowResult& window, const Series& series) {
  ChartPoint point;
  point.label = human_window(window.kind, window.start, window.end, view.settings->time_zone);
  const auto* figure = find_figure(window, {.metric = series.metric, .feature = series.feature});
  if (figure == nullptr || figure->state == "immature") return point;
  point.value = figure->value;
  point.lower = figure->lower;
  point.upper = figure->upper;
  return point;
}

Chart chart_of(const PilotView& view, const Series& series) {
  Chart chart;
  chart.title = title_of(series);
  chart.format_range = [metric = series.metric](double lower, double upper) {
    return human_range(metric, lower, upper);
  };
  chart.format = [metric = series.metric](double value) { return human_value(metric, value); };
  if (series.limit != nullptr) {
    chart.threshold = series.limit->max ? series.limit->max : series.limit->min;
    chart.bad_above = series.limit->max.has_value();
  }
  // From the newest back. Immature windows would be a gap at the end: the chart ends with the last window that is
  // known.
  for (auto window = view.windows.rbegin(); window != view.windows.rend() && chart.points.size() < shown_windows;
       ++window) {
    if ((*window)->kind_name != series.kind) continue;
    auto point = point_of(view, **window, series);
    if (point.value || !chart.points.empty()) chart.points.push_back(std::move(point));
  }
  std::ranges::reverse(chart.points);
  return chart;
}

/// The newest value, as text beside the drawing.
std::string newest_words(const Chart& chart, const Series& series) {
  const auto& newest = chart.points.back();
  const bool beyond =
      chart.threshold && (chart.bad_above ? *newest.value > *chart.threshold : *newest.value < *chart.threshold);
  std::string out = std::string("<p class=\"now") + (beyond ? " beyond" : "") + "\">" +
                    escape_html(chart.format(*newest.value)) +
                    (beyond ? "<span class=\"out-of-sight\"> (beyond the limit)</span>" : "") + "</p><p>";
  if (newest.lower && newest.upper) {
    out += escape_html(chart.format_range(*newest.lower, *newest.upper)) + "<br>";
  }
  if (!series.feature.empty()) out += escape_html(series.feature) + "<br>";
  return out + escape_html(newest.label) + "</p>";
}

}  // namespace

std::string pilot_charts(const PilotView& view, const std::string& id) {
  std::string figures;
  std::size_t number = 0;
  for (const auto& series : wanted(view)) {
    const auto chart = chart_of(view, series);
    if (chart.points.empty()) continue;
    figures += "<figure><figcaption><h3>" + escape_html(chart.title) + "</h3>" + newest_words(chart, series) +
               "</figcaption>" + chart_svg(chart, id + "-c" + std::to_string(++number)) + "</figure>";
  }
  if (figures.empty()) return "<p class=\"empty\">No figure is known yet: outcomes are still to come.</p>";
  return "<div class=\"charts\">" + figures + "</div>";
}

}  // namespace pilotwatch::sinks
