// SPDX-License-Identifier: Apache-2.0
// Where alerts go. What other programs have answered is text like any other: escaped.
#include <algorithm>
#include <cmath>

#include "sinks/alert_target_log.h"
#include "sinks/html.h"
#include "sinks/page_parts.h"

namespace pilotwatch::sinks {
namespace {

constexpr double worth_telling_skew = 30;  ///< s
constexpr std::size_t shown_refused = 50;

std::string small(const std::string& html) { return "<small>" + html + "</small>"; }

std::string badge(TargetState state) {
  const std::string word = target_state_names[static_cast<std::size_t>(state)];
  const std::string shape = state == TargetState::ok                                          ? "ok"
                            : state == TargetState::failing || state == TargetState::refusing ? "breach"
                                                                                              : "";
  if (shape.empty()) return "<span class=\"state\">" + word + "</span>";
  return "<span class=\"state " + shape + "\"><svg aria-hidden=\"true\" focusable=\"false\"><use href=\"#m-" + shape +
         "\"/></svg>" + word + "</span>";
}

std::string skew_words(const TargetStats& stats) {
  if (!stats.skew_seconds || std::abs(*stats.skew_seconds) <= worth_telling_skew) return {};
  const Millis apart{static_cast<Millis::rep>(std::abs(*stats.skew_seconds) * 1000)};
  return small("its clock is " + human_duration(apart) + (*stats.skew_seconds > 0 ? " ahead" : " behind"));
}

std::string named_by(const TargetStats& stats) {
  std::string out;
  for (const auto& lookup : stats.lookups) out += (out.empty() ? "found by " : ", ") + escape_html(lookup);
  return out.empty() ? out : small(out);
}

std::string cell(const char* label, const std::string& html) {
  return std::string("<td data-label=\"") + label + "\">" + html + "</td>";
}

std::string number_cell(const char* label, std::uint64_t number) {
  return std::string("<td class=\"n\" data-label=\"") + label + "\">" + human_count(number) + "</td>";
}

std::string target_row(const TargetStats& stats) {
  const auto since = stats.state == TargetState::failing && stats.failing_since
                         ? small("since " + time_element(*stats.failing_since))
                         : std::string();
  std::string error = "none";
  if (!stats.last_error.empty()) {
    error = escape_html(stats.last_error) + (stats.last_error_at ? small(time_element(*stats.last_error_at)) : "");
  }
  return "<tr><th scope=\"row\">" + escape_html(stats.target) + small(escape_html(stats.url)) + named_by(stats) +
         "</th>" + cell("State", badge(stats.state) + since + skew_words(stats)) +
         cell("Last success", stats.last_success ? time_element(*stats.last_success) : "never") +
         number_cell("Waiting", stats.queue_length) + cell("Last error", error) +
         number_cell("Refused", stats.dropped_rejected) + "</tr>";
}

std::string refused_row(const std::string& target, const RefusedAlert& refused) {
  const auto often =
      refused.times > 1 ? small(human_count(refused.times) + " times since " + time_element(refused.first)) : "";
  return "<tr>" + cell("Last refused", time_element(refused.last) + often) + cell("By", escape_html(target)) +
         "<th scope=\"row\">" + escape_html(labels_text(refused.labels)) + "</th>" +
         cell("Answer", "HTTP " + std::to_string(refused.status) + small(escape_html(refused.answer))) + "</tr>";
}

std::string table(const std::string& caption, std::initializer_list<const char*> heads, const std::string& rows) {
  std::string head;
  for (const std::string title : heads) {
    const bool number = title == "Waiting" || title == "Refused";
    head += std::string("<th scope=\"col\"") + (number ? " class=\"n\"" : "") + ">" + title + "</th>";
  }
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + caption +
         "\"><table class=\"stack\"><caption>" + caption + "</caption><thead><tr>" + head + "</tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string refused_table(const std::vector<TargetStats>& targets) {
  std::vector<std::pair<Instant, std::string>> rows;
  for (const auto& target : targets) {
    for (const auto& refused : target.refused) rows.emplace_back(refused.last, refused_row(target.target, refused));
  }
  if (rows.empty()) return {};
  std::ranges::stable_sort(rows, std::ranges::greater(), &decltype(rows)::value_type::first);
  if (rows.size() > shown_refused) rows.resize(shown_refused);
  std::string out;
  for (const auto& [time, row] : rows) out += row;
  return table("Refused alerts", {"Last refused", "By", "Alert", "Answer"}, out);
}

}  // namespace

std::string targets_section(const SelfStats& self) {
  if (self.targets.empty() && self.lookups.empty()) return {};
  std::string rows;
  for (const auto& target : self.targets) rows += target_row(target);
  const auto body =
      rows.empty()
          ? std::string("<p class=\"empty\">DNS has named no Alertmanager: nobody is told of breaches.</p>")
          : table("Alertmanagers", {"Target", "State", "Last success", "Waiting", "Last error", "Refused"}, rows);
  return "<section class=\"card\" aria-labelledby=\"targets\"><header><h2 id=\"targets\">Where alerts go</h2>"
         "<p class=\"about\">Also <a href=\"api/v1/notifiers\">as JSON</a>.</p></header>" +
         body + refused_table(self.targets) + "</section>";
}

}  // namespace pilotwatch::sinks
