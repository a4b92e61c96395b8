// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sinks/html.h"
#include "sinks/page_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using settings::Metric;

constexpr Metric people_metrics[] = {Metric::complaint_finding_rate,
                                     Metric::incidents_per_1000,
                                     Metric::severe_complaints_per_1000,
                                     Metric::escalated_complaints_per_1000,
                                     Metric::complaint_reopened_rate,
                                     Metric::harm_days,
                                     Metric::median_days_to_restore,
                                     Metric::override_rate,
                                     Metric::override_relieving_rate,
                                     Metric::override_aggravating_rate,
                                     Metric::seeded_catch_rate,
                                     Metric::short_review_rate,
                                     Metric::feedback_per_1000,
                                     Metric::staff_stance,
                                     Metric::public_stance};

std::string cell(const engine::Figure* figure) {
  if (figure == nullptr) return "<td class=\"n\">none</td>";
  if (!figure->value) return "<td class=\"n\">none<small>" + escape_html(figure->reason) + "</small></td>";
  std::string out = "<td class=\"n\"><span class=\"nowrap\">" +
                    escape_html(human_value(figure->metric, *figure->value)) + "</span><small>";
  if (figure->lower && figure->upper) {
    out += "<span class=\"nowrap\">" + escape_html(human_range(figure->metric, *figure->lower, *figure->upper)) +
           "</span>, ";
  }
  return out + "<span class=\"nowrap\">n = " + human_count(figure->n) + "</span></small></td>";
}

/// Of complaints, in any of the windows.
std::set<std::string> categories_of(const std::vector<const engine::WindowResult*>& windows) {
  std::set<std::string> out;
  for (const auto* window : windows) {
    for (const auto& figure : window->figures) {
      const bool whole = figure.model_version.empty() && figure.attribute.empty();
      if (whole && figure.metric == Metric::complaints_per_1000 && !figure.feature.empty()) out.insert(figure.feature);
    }
  }
  return out;
}

}  // namespace

std::string people_table(const engine::PilotView& view) {
  const auto windows = newest_windows(view);
  std::string rows, heads;
  for (const auto* window : windows)
    heads += "<th scope=\"col\" class=\"n\">" + escape_html(window->kind_name) + "</th>";
  const auto present = [&](Metric metric) {
    return std::ranges::any_of(windows, [&](const auto* window) { return find_figure(*window, {.metric = metric}); });
  };
  // Every window counts incidents; alone they say no more than the complaints do.
  const auto categories = categories_of(windows);
  const bool any = !categories.empty() || std::ranges::any_of(people_metrics, [&](Metric metric) {
    return metric != Metric::incidents_per_1000 && present(metric);
  });
  if (!any) return {};
  for (const auto& category : categories) {
    rows += "<tr><th scope=\"row\">complaints: " + escape_html(category) + "</th>";
    for (const auto* window : windows)
      rows += cell(find_figure(*window, {.metric = Metric::complaints_per_1000, .feature = category}));
    rows += "</tr>";
  }
  for (const auto metric : people_metrics) {
    if (!present(metric)) continue;
    rows += "<tr><th scope=\"row\">" + escape_html(human_metric(metric)) + "</th>";
    for (const auto* window : windows) rows += cell(find_figure(*window, {.metric = metric}));
    rows += "</tr>";
  }
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"People and " +
         escape_html(view.settings->name) +
         "\"><table><caption>What people say and do <small>newest window of each kind</small></caption><thead><tr>"
         "<th scope=\"col\">Figure</th>" +
         heads + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

}  // namespace pilotwatch::sinks
