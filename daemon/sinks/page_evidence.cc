// SPDX-License-Identifier: Apache-2.0
// What stands behind one limit: over time, by parts, by windows.
#include <algorithm>
#include <functional>

#include "sinks/explain_moved.h"
#include "sinks/html.h"
#include "sinks/page_limit.h"
#include "sinks/svg.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using judge::LimitStatus;

constexpr std::size_t shown_windows = 30, shown_points = 60, shown_changes = 20;

std::string figure_html(const Chart& chart, const std::string& newest, const std::string& id) {
  return "<figure><figcaption><h3>" + escape_html(chart.title) + "</h3><p class=\"now\">" + escape_html(newest) +
         "</p></figcaption>" + chart_svg(chart, id) + "</figure>";
}

/// Of each stretch the point that has come furthest, so that no alarm is passed over.
std::vector<judge::CoursePoint> peaks(const std::vector<judge::CoursePoint>& course) {
  if (course.size() <= shown_points) return course;
  std::vector<judge::CoursePoint> out;
  const auto before = course.size() - 1, stretches = shown_points - 1;  // the last one as it is
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto first = course.begin() + static_cast<std::ptrdiff_t>(i * before / stretches);
    const auto last = course.begin() + static_cast<std::ptrdiff_t>((i + 1) * before / stretches);
    out.push_back(*std::max_element(first, last, [](const auto& a, const auto& b) { return a.s < b.s; }));
  }
  out.push_back(course.back());
  return out;
}

std::string course_figure(const LimitStatus& status) {
  if (!status.evidence || status.course.empty()) return {};
  Chart chart;
  chart.title = "Evidence";
  chart.point = "look";
  chart.format = human_number;
  chart.threshold = status.evidence->threshold;
  for (const auto& point : peaks(status.course)) {
    chart.points.push_back({point.s, {}, {}, human_day(point.time, status.pilot->time_zone)});
  }
  return figure_html(chart, human_number(status.evidence->s), "course");
}

std::string windows_figure(const LimitStatus& status, const PilotView& view) {
  const auto& limit = *status.limit;
  Chart chart;
  chart.title = human_metric(limit.metric) + ", " + engine::window_name(limit.window) + " windows";
  chart.title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(chart.title[0])));
  chart.format = [&](double value) { return human_value(limit, value); };
  chart.format_range = [&](double lower, double upper) { return human_range(limit, lower, upper); };
  chart.threshold = judge::threshold_of(status);
  chart.bad_above = judge::bad_above(status);
  const auto windows = windows_of(status, view);
  for (auto i = windows.size() - std::min(windows.size(), shown_windows); i < windows.size(); ++i) {
    const auto* figure = figure_of(status, *windows[i]);
    if (figure == nullptr) continue;
    const auto& window = *windows[i];
    ChartPoint point{{}, {}, {}, human_window(window.kind, window.start, window.end, status.pilot->time_zone)};
    if (figure->state != "immature") {
      point.value = figure->value;
      point.lower = figure->lower;
      point.upper = figure->upper;
    }
    chart.points.push_back(std::move(point));
  }
  while (!chart.points.empty() && !chart.points.back().value) chart.points.pop_back();
  if (chart.points.empty()) return {};
  return figure_html(chart, chart.format(*chart.points.back().value), "figure");
}

/// "age up to 30", "sex f"
std::string part_words(const Moved& part) { return part.what == "feature" ? part.name : part.what + " " + part.name; }

std::string cell(const std::string& text) { return "<td class=\"n\">" + escape_html(text) + "</td>"; }

std::string moved_row(const Moved& part, const settings::Limit& limit) {
  const auto words = [&](std::optional<double> value) -> std::string {
    if (!value) return "none";
    return part.what == "feature" ? human_value(settings::Metric::selection_rate, *value) : human_value(limit, *value);
  };
  return "<tr><th scope=\"row\">" + escape_html(part_words(part)) + "</th>" + cell(words(part.value)) +
         cell(words(part.before)) + cell(human_count(part.n)) + "</tr>";
}

std::string table(const std::string& caption, const std::string& heads, const std::string& rows) {
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + caption +
         "\"><table><caption class=\"out-of-sight\">" + caption + "</caption><thead><tr>" + heads +
         "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

std::string head(const std::string& words, bool number = false) {
  return "<th scope=\"col\"" + std::string(number ? " class=\"n\"" : "") + ">" + words + "</th>";
}

std::string window_row(const LimitStatus& status, const engine::WindowResult& window, const engine::Figure& figure) {
  const auto& limit = *status.limit;
  const auto when = human_window(window.kind, window.start, window.end, status.pilot->time_zone);
  const bool range = figure.lower && figure.upper;
  return "<tr><th scope=\"row\">" + escape_html(when) + "</th>" +
         cell(figure.value ? human_value(limit, *figure.value) : "none") +
         cell(range ? human_range(limit, *figure.lower, *figure.upper) : "") + cell(human_count(figure.n)) + "<td>" +
         escape_html(figure.state) + "</td></tr>";
}

std::string change_row(const judge::Transition& change) {
  auto out = "<tr><td class=\"nowrap\">" + time_element(change.at_wall) + "</td><td class=\"nowrap\">" +
             time_element(change.at) + "</td><td>" + state_badge(change.from) + "</td><td>" + state_badge(change.to) +
             "</td>" + cell(change.value ? human_number(*change.value) : "none") + cell(human_count(change.n)) +
             "<td>" + escape_html(change.reason);
  if (change.evidence) {
    out += "<small>evidence " + escape_html(human_number(change.evidence->s)) + " of " +
           escape_html(human_number(change.evidence->threshold)) + "</small>";
  }
  return out + "</td></tr>";
}

}  // namespace

std::string limit_charts(const LimitStatus& status, const PilotView& view) {
  const auto figures = course_figure(status) + windows_figure(status, view);
  return figures.empty() ? "" : "<div class=\"charts large\">" + figures + "</div>";
}

std::string moved_table(const LimitStatus& status, const PilotView& view) {
  const auto parts = moved_parts(status, view);
  if (parts.empty()) return {};
  const bool of_feature = parts.front().what == "feature";
  std::string rows;
  for (const auto& part : parts) rows += moved_row(part, *status.limit);
  return table("What moved, the furthest first",
               head(of_feature ? escape_html(status.limit->feature) : "Part") +
                   head(of_feature ? "share now" : "newest window", true) +
                   head(of_feature ? "in the reference" : "window before", true) + head("n", true),
               rows);
}

std::string windows_table(const LimitStatus& status, const PilotView& view) {
  const auto windows = windows_of(status, view);
  std::string rows;
  for (std::size_t i = 0; i < std::min(windows.size(), shown_windows); ++i) {
    const auto& window = *windows[windows.size() - 1 - i];
    if (const auto* figure = figure_of(status, window)) rows += window_row(status, window, *figure);
  }
  if (rows.empty()) return {};
  return table("Last windows, newest first",
               head("Window") + head("value", true) + head("interval", true) + head("n", true) + head("State"), rows);
}

std::string changes_of(const std::vector<judge::Transition>& changes, const std::function<bool(const judge::Transition&)>& of) {
  std::string rows;
  std::size_t shown = 0;
  for (auto at = changes.rbegin(); at != changes.rend() && shown < shown_changes; ++at) {
    if (!of(*at)) continue;
    rows += change_row(*at);
    ++shown;
  }
  if (rows.empty()) return {};
  return table("Changes of state, newest first",
               head("When") + head("By the pilot's clock") + head("From") + head("To") + head("value", true) +
                   head("n", true) + head("Why"),
               rows);
}

std::string seen_table(const std::vector<judge::Acknowledgement>& all) {
  std::string rows;
  for (const auto& seen : all) {
    rows += "<tr><td class=\"nowrap\">" + time_element(seen.wall) + "</td><th scope=\"row\">" +
            escape_html(seen.author) + "</th><td>" + escape_html(seen.note) + "</td></tr>";
  }
  return rows.empty() ? "" : table("Who has seen it", head("When") + head("Who") + head("Note"), rows);
}

}  // namespace pilotwatch::sinks
