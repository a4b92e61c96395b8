// SPDX-License-Identifier: Apache-2.0
#include "sinks/page_limit.h"

#include <algorithm>
#include <utility>

#include "base/url.h"
#include "judge/rules.h"
#include "sinks/html.h"
#include "sinks/links.h"
#include "sinks/views.h"

namespace pilotwatch::sinks {
namespace {

using engine::PilotView;
using judge::LimitStatus;

constexpr const char* from_limit = "../../../";  ///< the way from the page of a limit to the one at `/`
constexpr const char* from_breach = "../";

/// What stands around the rest.
struct Frame {
  std::string title, lead;  ///< escaped
  const char* root;
  std::string query{};  ///< that keeps the reader here
};

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  if (body.empty()) return {};
  return "<section class=\"card\" aria-labelledby=\"" + id + "\"><header><h2 id=\"" + id + "\">" + title +
         "</h2></header>" + body + "</section>";
}

std::string whole_page(const PageInput& in, bool refresh, const Frame& frame, const std::string& main) {
  return page_begin(frame.title, "Skip to what is known", refresh) + "<header class=\"top wrap\">" +
         page_brand(in, frame.root, frame.query, refresh) + "<h1>" + frame.title + "</h1><p class=\"lead\">" +
         frame.lead + "</p></header><main id=\"main\" class=\"wrap\">" + main + "</main>" + page_end(in, frame.root);
}

/// "permits", "error-rate for sex f"
std::string limit_words(const std::string& limit, const std::string& segment, const std::string& group) {
  return escape_html(limit) + (segment.empty() ? "" : " for " + escape_html(segment + " " + group));
}

std::string limit_words(const LimitStatus& status) {
  return limit_words(status.limit->name, status.limit->segment, status.group);
}

std::string link(const std::string& url, const std::string& words) {
  return url.empty() ? "" : "<a href=\"" + escape_html(url) + "\">" + escape_html(words) + "</a>";
}

std::string value_fact(const LimitStatus& status) {
  const auto& limit = *status.limit;
  if (limit.metric == settings::Metric::drift) return {};  // its value is its evidence
  std::string out = status.value ? escape_html(human_value(limit, *status.value)) : "none";
  if (status.lower && status.upper) out += " (" + escape_html(human_range(limit, *status.lower, *status.upper)) + ")";
  return out + ", n = " + human_count(status.n);
}

std::string window_fact(const LimitStatus& status) {
  if (!status.window_start || !status.window_end) return {};
  return escape_html(
      human_window(status.limit->window, *status.window_start, *status.window_end, status.pilot->time_zone));
}

std::string evidence_fact(const LimitStatus& status) {
  if (!status.evidence) return {};
  const auto& e = *status.evidence;
  auto out = escape_html(human_number(e.s)) + " of " + escape_html(human_number(e.threshold)) +
             " that a breach takes, " + human_count(e.observations) + " observations";
  if (e.change_point) out += "; the change began about " + time_element(*e.change_point);
  return out;
}

/// "pilotwatch.yml:12, preset fraud, in force since 1 Mar 2026, 3f0a9c1e"
std::string set_fact(const LimitStatus& status, const SelfStats& self) {
  const auto& limit = *status.limit;
  std::string out = limit.line > 0 ? escape_html(self.config_file) + ":" + std::to_string(limit.line) : "";
  const auto add = [&](const std::string& words) { out += (out.empty() ? "" : ", ") + words; };
  if (!limit.preset.empty()) add("preset " + escape_html(limit.preset));
  if (status.since_wall) add("in force since " + time_element(*status.since_wall));
  if (!status.hash.empty()) add(status.hash.substr(0, 8));
  return out;
}

std::string alert_fact(const LimitPageInput& in, const LimitStatus& status) {
  if (!status.episode) return {};
  const auto& episode = *status.episode;
  std::string out = name_of(status.limit->severity);
  if (!alert_out(status)) {
    out += ", from " + time_element(episode.started_wall);
    return episode.ended_wall ? out + " to " + time_element(*episode.ended_wall) : out;
  }
  out += ", since " + time_element(episode.started_wall);
  const auto targets = in.page.self.targets.size();
  if (targets == 0) return out + "; no Alertmanager is known";
  if (in.next_send) out += "; sent again " + time_element(*in.next_send);
  return out + " to " + std::to_string(targets) + (targets == 1 ? " Alertmanager" : " Alertmanagers");
}

std::string facts(const LimitPageInput& in, const LimitStatus& status, const char* root) {
  const auto& limit = *status.limit;
  const auto json = root + std::string("api/v1/pilots/") + url_encoded(status.pilot->name) +
                    "/explain?limit=" + url_encoded(limit.name) +
                    (status.group.empty() ? "" : "&group=" + url_encoded(status.group));
  return "<dl class=\"facts\">" + fact("Limit", rule_words(status)) + fact("Last look", value_fact(status)) +
         fact("Window", window_fact(status)) + fact("Evidence", evidence_fact(status)) +
         fact("Set in", set_fact(status, in.page.self)) + fact("Source", escape_html(limit.source)) +
         fact("Owner", escape_html(limit.owner.empty() ? status.pilot->owner : limit.owner)) +
         fact("Why", escape_html(limit.reason)) + fact("Action", escape_html(limit.action)) +
         fact("Runbook", link(limit.runbook_url, limit.runbook_url)) +
         fact("Dashboard", link(dashboard_url(in.dashboard, status), "of the pilot")) +
         fact("All of it", link(json, "JSON")) + fact("Alert", alert_fact(in, status)) + "</dl>";
}

std::string rules(const LimitStatus& status) {
  return "<dl class=\"facts\">" + fact("It is in breach when", escape_html(judge::breach_rule(status))) +
         fact("What would end its state", escape_html(judge::clearing_rule(status))) + "</dl>";
}

/// In single quotes of a shell, where it needs them.
std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && url_encoded(text) == text;
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string commands(const LimitStatus& status) {
  auto explain = "pilotwatch explain " + shell_word(status.pilot->name) + " " + shell_word(status.limit->name);
  if (!status.group.empty()) explain += " --group " + shell_word(status.group);
  auto out = "<pre tabindex=\"0\" aria-label=\"Commands\">" + escape_html(explain);
  if (status.episode && alert_out(status)) {
    out += "\n" +
           escape_html("pilotwatch acknowledge " + shell_word(status.episode->id) + " --note 'what is done about it'");
  }
  return out + "</pre>";
}

std::string body(const LimitPageInput& in, const LimitStatus& status, const PilotView& view, const char* root) {
  const auto of_limit = [&](const judge::Transition& t) {
    return t.pilot == status.pilot->name && t.limit == status.limit->name && t.group == status.group;
  };
  return "<section class=\"card\" aria-labelledby=\"now\"><header><h2 id=\"now\">Now</h2>" + state_badge(status.state) +
         "<p class=\"about\">" + escape_html(status.reason) + "</p></header>" + pause_banner(in.page.snapshot, view) +
         facts(in, status, root) + limit_charts(status, view) + "</section>" +
         section("moved", "What moved", moved_table(status, view)) +
         section("seen", "Who has seen it", seen_table(status.acknowledged)) +
         section("rules", "Rules", rules(status) + commands(status)) +
         section("windows", "Windows", windows_table(status, view)) +
         section("changes", "Changes of state", changes_of(in.page.snapshot.recent, of_limit));
}

/// "Since 1 Mar 2026, 08:00 UTC, by the clock of the pilot 2 Jan 2024, 00:00 UTC."
std::string breach_lead(const LimitStatus& status) {
  const auto& episode = *status.episode;
  auto out = "Breach " + escape_html(episode.id) + ", " + (episode.ended_wall ? "from " : "since ") +
             time_element(episode.started_wall);
  if (episode.ended_wall) out += " to " + time_element(*episode.ended_wall);
  out += "; by the pilot's clock " + std::string(episode.ended ? "from " : "since ") + time_element(episode.started);
  if (episode.ended) out += " to " + time_element(*episode.ended);
  out += ".";
  // Who judges decisions, not windows, begins a breach with whatever figure the last window had, or none.
  if (settings::watches_decisions(status.limit->evidence)) return out;
  return out + " Its value was " + escape_html(human_value(*status.limit, episode.value_at_start)) + " as it began.";
}

/// "Breach e1 is over; it began ..., and its limit has gone on since."
std::string past_lead(const judge::Snapshot& snapshot, const judge::Transition& change) {
  auto out = "Breach " + escape_html(change.episode) + " is over";
  if (change.started_wall) out += "; it began " + time_element(*change.started_wall);
  const bool there = std::ranges::any_of(snapshot.limits, [&](const LimitStatus& status) {
    return status.pilot->name == change.pilot && status.limit->name == change.limit && status.group == change.group;
  });
  const auto page = from_breach + limit_path(change.pilot, change.limit, change.group).substr(1);
  return out +
         (there ? ". " + link(page, "The limit") + " has gone on since, or was changed."
                : ". The limit is not watched any more.") +
         " What is remembered of it:";
}

}  // namespace

std::string limit_page_html(const LimitPageInput& in, const LimitStatus& status, const PilotView& view) {
  const Frame frame{"Limit " + limit_words(status) + " of pilot " + escape_html(status.pilot->name) + ".",
                    alert_out(status) && status.episode
                        ? "In breach since " + time_element(status.episode->started_wall) + ": <a href=\"" +
                              std::string(from_limit) + breach_path(status.episode->id).substr(1) +
                              "\">this breach</a>."
                        : "No breach is running.",
                    from_limit, status.group.empty() ? "" : "group=" + url_encoded(status.group)};
  return whole_page(in.page, in.refresh, frame, body(in, status, view, from_limit));
}

std::optional<std::string> groups_page_html(const LimitPageInput& in, const std::string& pilot,
                                            const std::string& limit) {
  std::string rows;
  for (const auto& status : in.page.snapshot.limits) {
    if (status.pilot->name != pilot || status.limit->name != limit || status.group.empty()) continue;
    rows += "<li><a href=\"?group=" + url_encoded(status.group) + "\">" +
            escape_html(status.limit->segment + ": " + status.group) + " " + state_badge(status.state) + "</a></li>";
  }
  const auto view =
      std::ranges::find_if(in.page.snapshot.pilots, [&](const PilotView& v) { return v.settings->name == pilot; });
  const bool there = view != in.page.snapshot.pilots.end() &&
                     std::ranges::any_of(view->settings->limits, [&](const auto& l) { return l.name == limit; });
  if (!there) return std::nullopt;
  const Frame frame{"Limit " + escape_html(limit) + " of pilot " + escape_html(pilot) + ".",
                    rows.empty() ? "It has not been looked at yet: no group of it has come."
                                 : "It is looked at for each group by itself.",
                    from_limit};
  if (!rows.empty()) rows = "<nav aria-label=\"Groups\"><ul class=\"glance\">" + rows + "</ul></nav>";
  return whole_page(in.page, in.refresh, frame, rows);
}

std::string breach_page_html(const LimitPageInput& in, const LimitStatus& status, const PilotView& view) {
  const Frame frame{"Pilot " + escape_html(status.pilot->name) + (alert_out(status) ? " is" : " was") +
                        " beyond its limit " + limit_words(status) + ".",
                    breach_lead(status), from_breach};
  return whole_page(in.page, in.refresh, frame, body(in, status, view, from_breach));
}

std::optional<std::string> past_breach_page_html(const LimitPageInput& in, const std::string& episode) {
  const auto& snapshot = in.page.snapshot;
  const auto of_episode = [&](const judge::Transition& t) { return t.episode == episode; };
  if (!snapshot.breaches) return std::nullopt;
  const auto found = std::ranges::find_if(*snapshot.breaches, of_episode);
  if (found == snapshot.breaches->end()) return std::nullopt;
  std::vector<judge::Acknowledgement> seen;
  std::ranges::copy_if(snapshot.acknowledgements, std::back_inserter(seen),
                       [&](const auto& a) { return a.episode == episode; });
  const Frame frame{"Pilot " + escape_html(found->pilot) + " was beyond its limit " +
                        limit_words(found->limit, found->group.empty() ? "" : "group", found->group) + ".",
                    past_lead(snapshot, *found), from_breach};
  return whole_page(in.page, in.refresh, frame,
                    section("changes", "Changes of state", changes_of(*snapshot.breaches, of_episode)) +
                        section("seen", "Who has seen it", seen_table(seen)));
}

std::string missing_page_html(const PageInput& in, const std::string& title, const std::string& root) {
  const Frame frame{escape_html(title),
                    "The breaches that are remembered are the last one of each limit, and those within the last 1,000 "
                    "changes of state that belong to one. <a href=\"" +
                        root + "\">What is watched now</a>",
                    root.c_str()};
  return whole_page(in, false, frame, "");
}

}  // namespace pilotwatch::sinks
