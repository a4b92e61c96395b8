// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "sinks/html.h"
#include "sinks/page_parts.h"

namespace pilotwatch::sinks {
namespace {

constexpr std::size_t shown_rows = 20;

std::string row(Instant time, const std::string& what, const std::string& versions, const char* announced) {
  return "<tr><td class=\"nowrap\">" + time_element(time) + "</td><th scope=\"row\">" + escape_html(what) +
         "</th><td>" + escape_html(versions) + "</td><td>" + announced + "</td></tr>";
}

std::string change_row(const engine::ChangeInfo& change) {
  std::string versions = change.from;
  if (!change.to.empty()) versions += (versions.empty() ? "to " : " to ") + change.to;
  return row(change.time, change.what, versions,
             !change.announced   ? "not said"
             : *change.announced ? "announced"
                                 : "not announced");
}

}  // namespace

std::string changes_table(const engine::PilotView& view) {
  std::vector<std::pair<Instant, std::string>> rows;
  for (const auto& change : view.changes) rows.emplace_back(change.time, change_row(change));
  for (const auto& finding : view.findings) {
    rows.emplace_back(finding.time, row(finding.time, "model version", "to " + finding.model_version,
                                        "<strong>found, nobody announced it</strong>"));
  }
  if (rows.empty()) return {};
  std::ranges::stable_sort(rows, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string body;
  for (std::size_t i = 0; i < std::min(rows.size(), shown_rows); ++i) body += rows[i].second;
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Changes of " +
         escape_html(view.settings->name) + "\"><table><caption>Changes" +
         (rows.size() > shown_rows ? " <small>the last " + std::to_string(shown_rows) + "</small>" : std::string()) +
         "</caption><thead><tr><th scope=\"col\">When</th><th scope=\"col\">What</th><th scope=\"col\">From, to</th>"
         "<th scope=\"col\">Announced</th></tr></thead><tbody>" +
         body + "</tbody></table></div>";
}

}  // namespace pilotwatch::sinks
