// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <map>

#include "record/record.h"
#include "sinks/html.h"
#include "sinks/links.h"
#include "sinks/page_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::Counts;
using engine::PilotView;
using engine::WindowResult;
using judge::IngestCounters;
using settings::Metric;

constexpr std::size_t shown_transitions = 10;

bool is_group(const Counts& counts) { return counts.model_version.empty() && !counts.attribute.empty(); }

/// The widest mature window that has groups: small groups need many cases.
const WindowResult* window_for_groups(const PilotView& view) {
  const auto has_groups = [](const WindowResult& window) { return std::ranges::any_of(window.counts, is_group); };
  const WindowResult* widest = nullptr;
  for (const auto& window : view.windows) {
    if (!has_groups(*window)) continue;
    const bool better =
        widest == nullptr || (window->mature && !widest->mature) ||
        (window->mature == widest->mature && window->end - window->start >= widest->end - widest->start);
    if (better) widest = window.get();
  }
  return widest;
}

constexpr Metric rate_columns[] = {Metric::error_rate,
                                   Metric::false_positive_rate,
                                   Metric::false_negative_rate,
                                   Metric::selection_rate,
                                   Metric::mean_absolute_error,
                                   Metric::mean_error,
                                   Metric::wis,
                                   Metric::complaints_per_1000,
                                   Metric::complaint_finding_rate,
                                   Metric::override_rate};

/// Only what the task has.
std::vector<Metric> columns_of(const WindowResult& window, const std::string& attribute) {
  std::vector<Metric> out;
  for (const auto metric : rate_columns) {
    const bool present = std::ranges::any_of(window.figures, [&](const engine::Figure& figure) {
      return figure.metric == metric && figure.attribute == attribute && figure.compare.empty();
    });
    if (present) out.push_back(metric);
  }
  return out;
}

std::string figure_cell(const WindowResult& window, const Counts& counts, Metric metric) {
  const auto* figure = find_figure(window, {.metric = metric, .attribute = counts.attribute, .group = counts.group});
  if (figure == nullptr) return "<td class=\"n\">none</td>";
  if (figure->state == "suppressed") return "<td class=\"n hidden-cell\">suppressed</td>";
  if (!figure->value) return "<td class=\"n\">none</td>";
  std::string out =
      "<td class=\"n\"><span class=\"nowrap\">" + escape_html(human_value(metric, *figure->value)) + "</span>";
  if (figure->lower && figure->upper) {
    out += "<small class=\"nowrap\">" + escape_html(human_range(metric, *figure->lower, *figure->upper)) + "</small>";
  }
  return out + "</td>";
}

std::string group_row(const WindowResult& window, const Counts& counts, const std::vector<Metric>& columns) {
  const auto count_cell = [&](std::uint64_t count) {
    return counts.suppressed ? std::string("<td class=\"n hidden-cell\">suppressed</td>")
                             : "<td class=\"n\">" + human_count(count) + "</td>";
  };
  std::string out = "<tr><th scope=\"row\">" + escape_html(counts.group) + "</th>" + count_cell(counts.predictions) +
                    count_cell(counts.outcomes);
  for (const auto metric : columns) out += figure_cell(window, counts, metric);
  return out + "</tr>";
}

std::string attribute_table(const PilotView& view, const WindowResult& window, const std::string& attribute) {
  const auto columns = columns_of(window, attribute);
  std::string heads, rows;
  for (const auto metric : columns) heads += "<th scope=\"col\" class=\"n\">" + human_metric(metric) + "</th>";
  for (const auto& counts : window.counts) {
    if (is_group(counts) && counts.attribute == attribute) rows += group_row(window, counts, columns);
  }
  if (rows.empty()) return {};
  const auto name = escape_html(attribute);
  const auto when = escape_html(human_window(window.kind, window.start, window.end, view.settings->time_zone));
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Groups of " + name + " in " +
         escape_html(view.settings->name) + "\"><table><caption>By " + name + " <small>" + when +
         (window.mature ? "" : ", outcomes still to come") +
         "</small></caption><thead><tr><th scope=\"col\">Group</th><th scope=\"col\" class=\"n\">decisions</th>"
         "<th scope=\"col\" class=\"n\">outcomes</th>" +
         heads + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

/// What people judge first: is the group treated worse than the others, and how sure is that. Ratios only; differences
/// are in the API.
constexpr Metric ratio_columns[] = {Metric::selection_rate,       Metric::error_rate,
                                    Metric::false_positive_rate,  Metric::false_negative_rate,
                                    Metric::false_discovery_rate, Metric::complaints_per_1000};

std::string ratio_cell(const engine::Figure* figure) {
  if (figure == nullptr) return "<td class=\"n\">none</td>";
  if (figure->state == "suppressed") return "<td class=\"n hidden-cell\">suppressed</td>";
  if (!figure->value) return "<td class=\"n\">none</td>";
  const auto number = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    return std::string(text);
  };
  std::string out = "<td class=\"n\"><span class=\"nowrap\">" + number(*figure->value) + "</span>";
  if (!figure->lower) return out + "<small>too few for an interval</small></td>";
  out += "<small class=\"nowrap\">" + number(*figure->lower);
  return out + (figure->upper ? " to " + number(*figure->upper) : " or more") + "</small></td>";
}

std::string ratio_table(const WindowResult& window, const std::string& pilot, const std::string& attribute) {
  const auto at = [&](const std::string& group, Metric metric) {
    return find_figure(window, {.metric = metric, .attribute = attribute, .group = group, .compare = "ratio"});
  };
  std::vector<std::string> groups;
  std::vector<Metric> columns;
  std::string against;
  for (const auto& figure : window.figures) {
    if (figure.attribute != attribute || figure.compare != "ratio") continue;
    against = figure.against;
    if (groups.empty() || groups.back() != figure.group) groups.push_back(figure.group);
  }
  if (groups.empty()) return {};
  for (const auto metric : ratio_columns) {
    if (at(groups.front(), metric) != nullptr) columns.push_back(metric);
  }
  std::string heads, rows;
  for (const auto metric : columns) heads += "<th scope=\"col\" class=\"n\">" + human_metric(metric) + "</th>";
  for (const auto& group : groups) {
    rows += "<tr><th scope=\"row\">" + escape_html(group) + "</th>";
    for (const auto metric : columns) rows += ratio_cell(at(group, metric));
    rows += "</tr>";
  }
  const auto name = escape_html(attribute);
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Ratios by " + name + " in " +
         escape_html(pilot) + "\"><table><caption>By " + name + ", as a ratio to " +
         (against == "rest" ? "all others" : escape_html(against)) +
         " <small>the same is 1</small></caption><thead><tr><th scope=\"col\">Group</th>" + heads +
         "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

/// Streams of one source together.
struct SourceRow {
  std::uint64_t received = 0, accepted = 0, duplicate = 0, rejected = 0, late = 0;
  std::map<std::string_view, std::uint64_t> reasons;
};

std::map<std::string, SourceRow> by_source(const IngestCounters& ingest) {
  std::map<std::string, SourceRow> out;
  for (const auto& row : ingest.rows) {
    auto& sum = out[row.source];
    sum.received += row.received;
    sum.accepted += row.accepted;
    sum.duplicate += row.duplicate;
    sum.late += row.late;
    for (std::size_t i = 0; i < row.rejected.size() && i < record::reason_count; ++i) {
      sum.rejected += row.rejected[i];
      if (row.rejected[i] > 0) sum.reasons[record::reason_names[i]] += row.rejected[i];
    }
  }
  return out;
}

std::string reasons_words(const SourceRow& row) {
  std::string out;
  for (const auto& [reason, count] : row.reasons) {
    out += (out.empty() ? "" : ", ") + std::string(reason) + " " + human_count(count);
  }
  return out.empty() ? "" : "<small>" + out + "</small>";
}

std::string source_row(const std::string& source, const SourceRow& row) {
  const auto cell = [](std::uint64_t count) { return "<td class=\"n\">" + human_count(count) + "</td>"; };
  return "<tr><th scope=\"row\">" + escape_html(source) + "</th>" + cell(row.received) + cell(row.accepted) +
         cell(row.duplicate) + "<td class=\"n\">" + human_count(row.rejected) + reasons_words(row) + "</td>" +
         cell(row.late) + "</tr>";
}

/// To the page of its breach, else of the limit; "" where that is not watched any more.
std::string page_of(const judge::Snapshot& snapshot, const judge::Transition& transition) {
  if (!transition.episode.empty()) return breach_path(transition.episode).substr(1);
  const bool there = std::ranges::any_of(snapshot.limits, [&](const judge::LimitStatus& s) {
    return s.pilot->name == transition.pilot && s.limit->name == transition.limit && s.group == transition.group;
  });
  return there ? limit_path(transition.pilot, transition.limit, transition.group).substr(1) : "";
}

std::string transition_row(const judge::Snapshot& snapshot, const judge::Transition& transition) {
  const auto group = transition.group.empty() ? "" : " (" + escape_html(transition.group) + ")";
  const auto page = page_of(snapshot, transition);
  auto limit = escape_html(transition.limit);
  if (!page.empty()) limit = "<a href=\"" + page + "\">" + limit + "</a>";
  return "<tr><td class=\"nowrap\">" + time_element(transition.at_wall) + "</td><th scope=\"row\">" +
         escape_html(transition.pilot) + "<small>" + limit + group + "</small></th><td>" +
         state_badge(transition.from) + "</td><td>" + state_badge(transition.to) + "</td><td>" +
         escape_html(transition.reason) + "</td></tr>";
}

}  // namespace

std::string groups_tables(const PilotView& view) {
  const auto* window = window_for_groups(view);
  if (window == nullptr) return {};
  std::string tables;
  for (const auto& attribute : view.settings->segments.groupings()) {
    tables += attribute_table(view, *window, attribute) + ratio_table(*window, view.settings->name, attribute);
  }
  if (tables.empty()) return {};
  return "<details><summary>Figures by group</summary>" + tables + "</details>";
}

std::string records_table(const IngestCounters& ingest) {
  const auto sources = by_source(ingest);
  if (sources.empty()) return {};
  std::string rows;
  for (const auto& [source, row] : sources) rows += source_row(source, row);
  return "<section class=\"card\" aria-labelledby=\"records\"><header><h2 id=\"records\">Records</h2><p "
         "class=\"about\">Received "
         "= accepted + duplicate + rejected.</p></header><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
         "aria-label=\"Records by source\"><table><caption class=\"out-of-sight\">Records by "
         "source</caption><thead><tr>"
         "<th scope=\"col\">Source</th><th scope=\"col\" class=\"n\">received</th><th scope=\"col\" "
         "class=\"n\">accepted</th>"
         "<th scope=\"col\" class=\"n\">duplicate</th><th scope=\"col\" class=\"n\">rejected</th>"
         "<th scope=\"col\" class=\"n\">late</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></section>";
}

std::string transitions_table(const judge::Snapshot& snapshot) {
  if (snapshot.recent.empty()) return {};
  std::string rows;
  const auto shown = std::min(shown_transitions, snapshot.recent.size());
  for (std::size_t i = 0; i < shown; ++i)
    rows += transition_row(snapshot, snapshot.recent[snapshot.recent.size() - 1 - i]);
  return "<section class=\"card\" aria-labelledby=\"changes\"><header><h2 id=\"changes\">Latest changes</h2></header>"
         "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Latest changes of state\"><table>"
         "<caption class=\"out-of-sight\">Latest changes of state, newest first</caption><thead><tr>"
         "<th scope=\"col\">When</th><th scope=\"col\">Limit</th><th scope=\"col\">From</th><th scope=\"col\">To</th>"
         "<th scope=\"col\">Why</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></section>";
}

}  // namespace pilotwatch::sinks
