// SPDX-License-Identifier: Apache-2.0
// What people decided: that a pilot is paused, its pauses, and who has seen an episode.
#include <algorithm>

#include "sinks/html.h"
#include "sinks/page_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

constexpr std::size_t shown_pauses = 10;

std::string row(const judge::Pause& pause, bool running) {
  std::string end = running ? "until " : "";
  end += time_element(pause.until);
  if (!pause.ended_by.empty()) end += "<small>ended by " + escape_html(pause.ended_by) + "</small>";
  return "<tr><td class=\"nowrap\">" + time_element(pause.from) + "</td><td class=\"nowrap\">" + end +
         "</td><th scope=\"row\">" + escape_html(pause.reason) + "</th><td>" + escape_html(pause.author) + "</td></tr>";
}

}  // namespace

std::string pause_banner(const judge::Snapshot& snapshot, const engine::PilotView& view) {
  const auto* running = running_pause(snapshot, view);
  if (running == nullptr) return {};
  return "<p class=\"lead\" role=\"note\"><strong>Paused until " + time_element(running->until) + " by " +
         escape_html(running->author) + ": " + escape_html(running->reason) +
         "</strong> Records are counted; no limit judges decisions of this time.</p>";
}

std::string pauses_table(const judge::Snapshot& snapshot, const engine::PilotView& view) {
  const auto pauses = snapshot.pauses.find(view.settings->name);
  if (pauses == snapshot.pauses.end() || pauses->second.all().empty()) return {};
  const auto& all = pauses->second.all();
  const auto* running = running_pause(snapshot, view);
  std::string body;
  for (std::size_t i = 0; i < std::min(all.size(), shown_pauses); ++i) {
    const auto& pause = all[all.size() - 1 - i];
    body += row(pause, &pause == running);
  }
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Pauses of " +
         escape_html(view.settings->name) + "\"><table><caption>Pauses" +
         (all.size() > shown_pauses ? " <small>the last " + std::to_string(shown_pauses) + "</small>" : std::string()) +
         "</caption><thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Why</th>"
         "<th scope=\"col\">By</th></tr></thead><tbody>" +
         body + "</tbody></table></div>";
}

std::string acknowledged_words(const judge::LimitStatus& status) {
  if (status.acknowledged.empty()) return {};
  const auto& last = status.acknowledged.back();
  return "<small>seen by " + escape_html(last.author) + ", " + time_element(last.wall) + ": " + escape_html(last.note) +
         "</small>";
}

}  // namespace pilotwatch::sinks
