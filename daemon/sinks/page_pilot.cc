// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "sinks/html.h"
#include "sinks/links.h"
#include "sinks/page_parts.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using judge::LimitStatus;

std::uint64_t decisions(const PilotView& view) {
  std::uint64_t sum = 0;
  for (const auto& version : view.counters.versions) sum += version.predictions;
  return sum;
}

/// "5,000 decisions of the previous version, since 1 March, for version 2"
std::string references(const PilotView& view) {
  constexpr const char* rows[] = {"", "of a file", "the first ones", "of a period", "of the version before"};
  std::string out;
  for (const auto& reference : view.references) {
    std::string versions;
    for (const auto& version : reference.versions) {
      versions += (versions.empty() ? ", for version " : ", ") + (version.empty() ? "without name" : version);
    }
    out += fact("Reference", (reference.name.empty() ? "" : escape_html(reference.name) + ": ") +
                                 human_count(reference.n) + " decisions " +
                                 rows[static_cast<std::size_t>(reference.kind)] + escape_html(versions) + ", frozen " +
                                 time_element(*reference.frozen_at));
  }
  return out;
}

std::string facts(const PilotView& view) {
  const auto& pilot = *view.settings;
  return "<dl class=\"facts\">" + fact("Task", name_of(pilot.task)) + fact("Model", escape_html(pilot.model)) +
         fact("Owner", escape_html(pilot.owner)) +
         fact(pilot.clock == settings::PilotClock::event ? "Clock (newest event)" : "Clock",
              view.now ? time_element(*view.now) : "not started") +
         fact("Decisions", human_count(decisions(view))) +
         fact("Awaiting outcome", human_count(view.counters.awaiting_outcome)) +
         fact("Complaints", human_count(view.counters.complaints)) + references(view) + "</dl>";
}

/// "3 sd above its mean over the reference's chunks (0.32)", "more than 3 sd from its mean over 8 chunks (0.1, 0.3)"
std::string chunk_words(const LimitStatus& status) {
  const auto& limit = *status.limit;
  std::string out = " more than " + format_number(limit.chunks.sd) + " sd ";
  out += limit.direction == settings::Direction::both ? "from" : name_of(limit.direction);
  out += " its mean over " + std::string(limit.chunks.own > 0 ? "its first windows" : "the reference's windows");
  if (!status.chunks) return out;
  std::string bounds;
  for (const auto& bound : {status.chunks->lower, status.chunks->upper}) {
    if (bound) bounds += (bounds.empty() ? "" : " and ") + human_value(limit, *bound);
  }
  return out + " (" + bounds + ")";
}

/// Which definition is in force since when.
std::string record_words(const LimitStatus& status) {
  if (status.hash.empty() || !status.since_wall) return {};
  return "<small>since " + time_element(*status.since_wall) + ", " + status.hash.substr(0, 8) + "</small>";
}

std::string limit_cell(const LimitStatus& status) {
  const auto& limit = *status.limit;
  const auto page = limit_path(status.pilot->name, limit.name, status.group).substr(1);
  return "<th scope=\"row\" role=\"rowheader\"><a href=\"" + page + "\">" + escape_html(limit.name) + "</a>" +
         group_words(status) + "<small>" + rule_words(status) + "</small>" + record_words(status) + "</th>";
}

std::string value_cell(const LimitStatus& status) {
  const auto& limit = *status.limit;
  std::string out = "<td role=\"cell\" data-label=\"Last look\"><span class=\"nowrap\">";
  out += status.value ? escape_html(human_value(limit, *status.value)) : "none";
  out += "</span><small>";
  if (status.lower && status.upper) {
    out += "<span class=\"nowrap\">" + escape_html(human_range(limit, *status.lower, *status.upper)) + "</span>, ";
  }
  return out + "<span class=\"nowrap\">n = " + human_count(status.n) + "</span></small></td>";
}

std::string window_cell(const LimitStatus& status) {
  if (!status.window_start || !status.window_end) return "<td role=\"cell\" data-label=\"Window\">none yet</td>";
  return "<td role=\"cell\" data-label=\"Window\" class=\"nowrap\">" +
         escape_html(
             human_window(status.limit->window, *status.window_start, *status.window_end, status.pilot->time_zone)) +
         "</td>";
}

std::string since_cell(const LimitStatus& status, Instant now) {
  if (!status.last_transition) return "<td role=\"cell\" data-label=\"Since\">start</td>";
  return "<td role=\"cell\" data-label=\"Since\" class=\"nowrap\">" + time_element(*status.last_transition) +
         "<small>" + human_duration(now - *status.last_transition) + " ago</small></td>";
}

std::string limit_row(const LimitStatus& status, Instant now) {
  const bool firing = alert_out(status);
  std::string out = "<tr role=\"row\"";
  if (firing) out += " class=\"firing\"";
  if (firing && status.episode) out += " id=\"" + escape_html(status.episode->id) + "\"";
  out += "><td role=\"cell\">" + state_badge(status.state);
  if (status.pending_since && !firing) out += "<small>pending</small>";
  if (firing && !judge::firing(status.state)) out += "<small>breach not over</small>";
  if (firing) out += "<small>" + std::string(name_of(status.limit->severity)) + "</small>" + acknowledged_words(status);
  out += "</td>" + limit_cell(status) + value_cell(status) + window_cell(status) + since_cell(status, now) + "</tr>";
  if (status.reason.empty() || status.state == judge::State::ok) return out;
  // The reason belongs to the limit's cell; there it needs no column of its own.
  const std::string reason = "<small>" + escape_html(status.reason) + "</small></th>";
  return out.replace(out.find("</th>"), 5, reason);
}

}  // namespace

std::string fact(const std::string& name, const std::string& html) {
  return html.empty() ? "" : "<div><dt>" + name + "</dt><dd>" + html + "</dd></div>";
}

std::string rule_words(const LimitStatus& status) {
  const auto& limit = *status.limit;
  std::string out = human_metric(limit.metric);
  if (!limit.feature.empty()) out += " of " + limit.feature;
  if (limit.compare == settings::Compare::ratio) out += ", ratio between groups,";
  if (limit.compare == settings::Compare::difference) out += ", difference between groups,";
  if (limit.evidence == settings::Evidence::reference_chunks) {
    out += chunk_words(status);
  } else {
    out += limit.max ? " above " : " below ";
    out += human_value(limit, judge::threshold_of(status).value_or(0));
  }
  out += ", " + engine::window_name(limit.window) + " window";
  if (limit.evidence == settings::Evidence::interval && settings::has_interval(limit.metric)) out += ", whole interval";
  if (limit.of > 1) out += ", " + std::to_string(limit.times) + " of " + std::to_string(limit.of) + " windows";
  if (limit.evidence == settings::Evidence::budget) out += ", with a budget of false alarms";
  if (limit.evidence == settings::Evidence::confidence_sequence) out += ", confidence sequence";
  return escape_html(out);
}

std::string group_words(const LimitStatus& status) {
  if (status.limit->segment.empty()) return {};
  return " <span class=\"of-group\">" + escape_html(status.limit->segment + ": " + status.group) + "</span>";
}

// Roles are spelled out because on narrow screens the style sheet stacks the cells, which costs a table its meaning.
std::string limits_table(const PageInput& in, const PilotView& view) {
  std::vector<const LimitStatus*> rows;
  for (const auto& status : in.snapshot.limits) {
    if (status.pilot->name == view.settings->name) rows.push_back(&status);
  }
  const auto name = escape_html(view.settings->name);
  if (rows.empty()) return "<p class=\"empty\">No limits are set for this pilot.</p>";
  std::string out =
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Limits of " + name +
      "\"><table class=\"stack\" role=\"table\"><caption>Limits</caption><thead role=\"rowgroup\"><tr role=\"row\">";
  for (const char* head : {"State", "Limit", "Last look", "Window", "In this state since"}) {
    out += "<th scope=\"col\" role=\"columnheader\">" + std::string(head) + "</th>";
  }
  out += "</tr></thead><tbody role=\"rowgroup\">";
  for (const auto* status : rows) out += limit_row(*status, in.self.now);
  return out + "</tbody></table></div>";
}

std::string pilot_section(const PageInput& in, const PilotView& view, const std::string& id) {
  const auto& pilot = *view.settings;
  const auto worst = worst_state(in.snapshot, pilot);
  std::string out = "<section class=\"card\" id=\"" + id + "\" aria-labelledby=\"" + id + "-name\"><header><h2 id=\"" +
                    id + "-name\">" + escape_html(pilot.name) + "</h2>" + (worst ? state_badge(*worst) : "");
  if (!pilot.description.empty()) out += "<p class=\"about\">" + escape_html(pilot.description) + "</p>";
  out += "</header>" + pause_banner(in.snapshot, view) + facts(view);
  out += view.windows.empty()
             ? "<p class=\"empty\">No window has closed yet, so there is nothing to show or to judge.</p>"
             : pilot_charts(view, id);
  return out + limits_table(in, view) + people_table(view) + changes_table(view) + pauses_table(in.snapshot, view) +
         groups_tables(view) + "</section>";
}

}  // namespace pilotwatch::sinks
