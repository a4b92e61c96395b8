// SPDX-License-Identifier: Apache-2.0
#include "app/explain_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

#include "app/client_json.h"
#include "app/screen_text.h"

namespace pilotwatch::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t label_width = 12, shown_windows = 8, shown_points = 12, shown_transitions = 5;
/// Columns of bars, where the others leave so many: of evidence, and of windows.
constexpr std::size_t bar_width = 20, beside_bar = 41, window_bar_width = 16, beside_window_bar = 60;

std::string number(const Json& object, const char* key) {
  const auto value = number_of(object, key);
  return value ? short_number(*value) : "-";
}

/// "2026-03-01T08:00:00Z" as "2026-03-01 08:00Z".
std::string minute(std::string time) {
  if (time.size() < 20) return time;
  time[10] = ' ';
  return time.substr(0, 16) + "Z";
}

/// The same with its seconds.
std::string second(std::string time) {
  if (time.size() < 20) return time;
  time[10] = ' ';
  return time.substr(0, 19) + "Z";
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return 'a' <= c && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

/// Of a definition, whose numbers are written in full.
std::string shortened(const std::string& number) {
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  return read.ec == std::errc{} && read.ptr == number.data() + number.size() ? short_number(value) : number;
}

/// Lines of one limit.
class Page {
 public:
  explicit Page(std::size_t width) : width_(width) {}

  void line(const std::string& text = "") {
    auto end = text.find_last_not_of(' ');
    (out_ += end == std::string::npos ? "" : text.substr(0, end + 1)) += '\n';
  }
  /// Any text, wrapped and indented.
  void paragraph(const std::string& text, std::size_t indent = 2) {
    for (const auto& part : wrapped(text, width_ - indent)) line(std::string(indent, ' ') + part);
  }
  /// "  Owner       Head of the mail room", wrapped behind its label; nothing where there is no text.
  void row(const char* label, const std::string& text) {
    if (text.empty()) return;
    const auto parts = wrapped(text, width_ - label_width - 2);
    for (std::size_t i = 0; i < parts.size(); ++i) line("  " + left(i == 0 ? label : "", label_width) + parts[i]);
  }
  void title(const std::string& text) {
    line();
    for (const auto& part : wrapped(text, width_)) line(part);
  }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::size_t width_;
  std::string out_;
};

std::string name_of(const Json& limit) {
  auto out = text_of(limit, "limit");
  if (const auto group = text_of(limit, "group"); !group.empty())
    out += ", " + text_of(limit, "attribute") + " " + group;
  return out;
}

std::string interval_words(const Json& object) {
  const auto lower = number_of(object, "lower"), upper_end = number_of(object, "upper");
  if (lower && upper_end) return short_number(*lower) + " to " + short_number(*upper_end);
  if (lower) return "from " + short_number(*lower);
  return "";
}

std::string value_words(const Json& limit) {
  if (!number_of(limit, "value"))
    return "none" + (limit.value("n", 0.0) > 0 ? " (" + number(limit, "n") + " cases)" : std::string());
  auto out = number(limit, "value");
  if (const auto interval = interval_words(limit); !interval.empty()) out += ", interval " + interval;
  return out + ", " + std::to_string(limit.value("n", std::uint64_t{0})) + " cases";
}

std::string limit_words(const Json& limit) {
  const auto& definition = limit.at("definition");
  auto out = text_of(limit, "metric");
  if (const auto feature = text_of(limit, "feature"); !feature.empty()) out += " of " + feature;
  if (const auto compare = text_of(limit, "compare"); !compare.empty()) out += ", " + compare + " between groups,";
  if (const auto bound = number_of(limit, "threshold"))
    out += (text_of(limit, "direction") == "below" ? " at least " : " at most ") + short_number(*bound);
  out += "; evidence " + text_of(definition, "evidence");
  if (const auto share = text_of(definition, "budget_share"); !share.empty())
    out += " (" + text_of(definition, "guarantee") + ", share " + shortened(share) + ")";
  return out + "; severity " + text_of(definition, "severity");
}

std::string set_words(const Json& limit) {
  const auto& set = limit.at("set");
  auto out = text_of(set, "file");
  if (const auto place = number_of(set, "line")) out += ":" + std::to_string(static_cast<long>(*place));
  if (const auto preset = text_of(set, "preset"); !preset.empty()) out += " (preset " + preset + ")";
  if (const auto since = text_of(set, "since_wall"); !since.empty())
    out += (out.empty() ? "in force since " : ", in force since ") + minute(since);
  return out;
}

std::string evidence_words(const Json& evidence) {
  if (!evidence.is_object()) return "";
  auto out = number(evidence, "s") + " of " + number(evidence, "threshold") + " that a breach takes (" +
             percent(number_of(evidence, "ratio").value_or(0)) + " of the way), " +
             std::to_string(evidence.value("observations", std::uint64_t{0})) + " observations";
  if (const auto began = text_of(evidence, "change_point"); !began.empty())
    out += "; the change began about " + minute(began);
  return out;
}

std::string alert_words(const Json& alert) {
  if (!alert.is_object()) return "";
  auto out = alert.value("firing", false) ? "out since " + minute(text_of(alert, "started_wall"))
                                          : "ended " + minute(text_of(alert, "ended_wall"));
  out += ", episode " + text_of(alert, "episode");
  const auto targets = alert.value("alertmanagers", std::uint64_t{0});
  if (const auto next = text_of(alert, "next_send"); !next.empty()) {
    out += "; sent again at " + second(next) + " to " + std::to_string(targets) +
           (targets == 1 ? " Alertmanager" : " Alertmanagers");
  } else if (targets == 0) {
    out += "; no Alertmanager is configured";
  }
  return out;
}

std::string pause_words(const Json& limit) {
  const auto pause = limit.find("pause");
  if (pause == limit.end() || !pause->is_object()) return "";
  return "until " + minute(text_of(*pause, "until")) + " by " + text_of(*pause, "author") + ": " +
         text_of(*pause, "reason");
}

/// The newest acknowledgement of the episode.
std::string seen_words(const Json& limit) {
  const auto seen = limit.find("acknowledgements");
  if (seen == limit.end() || !seen->is_array() || seen->empty()) return "";
  return text_of(seen->back(), "author") + ", " + minute(text_of(seen->back(), "wall")) + ": " +
         text_of(seen->back(), "note");
}

void write_facts(Page& page, const Json& limit) {
  if (text_of(limit, "metric") != "drift") page.row("Value", value_words(limit));  // its value is its evidence
  if (const auto& window = limit.at("window"); window.is_object()) {
    page.row("Window", text_of(window, "kind") + ", " + minute(text_of(window, "start")) + " to " +
                           minute(text_of(window, "end")));
  }
  page.row("Limit", limit_words(limit));
  page.row("Evidence", evidence_words(limit.at("evidence")));
  page.row("Set in", set_words(limit));
  page.row("Source", text_of(limit.at("set"), "source"));
  page.row("Owner", text_of(limit, "owner"));
  page.row("Why", text_of(limit, "why"));
  page.row("Action", text_of(limit, "action"));
  page.row("Runbook", text_of(limit, "runbook_url"));
  page.row("Dashboard", text_of(limit, "dashboard_url"));
  page.row("Page", text_of(limit, "url"));
  page.row("Paused", pause_words(limit));
  page.row("Alert", alert_words(limit.at("alert")));
  page.row("Seen by", seen_words(limit));
  page.row("Breach", text_of(limit, "breaches"));
  page.row("To clear", text_of(limit, "clears"));
}

/// At most so many: of each stretch the point that has come furthest, so that no alarm is passed over; then the last.
std::vector<const Json*> peaks(const Json& course, std::size_t most) {
  std::vector<const Json*> out;
  const auto ratio = [](const Json& point) { return number_of(point, "ratio").value_or(0); };
  const auto before = course.size() - 1, stretches = std::min(before, most - 1);
  for (std::size_t i = 0; i < stretches; ++i) {
    auto peak = i * before / stretches;
    for (auto at = peak; at < (i + 1) * before / stretches; ++at) {
      if (ratio(course[at]) > ratio(course[peak])) peak = at;
    }
    out.push_back(&course[peak]);
  }
  out.push_back(&course.back());
  return out;
}

void write_course(Page& page, const Json& limit) {
  const auto& course = limit.at("course");
  if (course.empty()) return;
  page.title("Evidence over time, against " + number(limit.at("evidence"), "threshold"));
  const auto room = std::min(bar_width, page.width() - beside_bar);
  for (const auto* point : peaks(course, shown_points)) {
    const double ratio = number_of(*point, "ratio").value_or(0);
    page.line("  " + left(minute(text_of(*point, "time")), 18) + right(number(*point, "s"), 10) +
              right(percent(ratio), 9) + "  " + bar(ratio, room));
  }
}

/// The bar of a window's value; '|' where the limit is.
std::string window_bar(double value, std::optional<double> bound, double greatest, std::size_t width) {
  if (!(greatest > 0)) return std::string(width, '.');
  auto out = bar(value / greatest, width);
  if (bound && *bound >= 0 && width > 0) {
    const auto at = static_cast<std::size_t>(*bound / greatest * static_cast<double>(width));
    out[std::min(at, width - 1)] = '|';
  }
  return out;
}

void write_windows(Page& page, const Json& limit) {
  const auto& windows = limit.at("windows");
  if (windows.empty()) return;
  const auto bound = number_of(limit, "threshold");
  const auto first = windows.size() - std::min(windows.size(), shown_windows);
  double greatest = bound.value_or(0) * 1.25;
  for (auto i = first; i < windows.size(); ++i)
    greatest = std::max(greatest, number_of(windows[i], "value").value_or(0));
  const bool immature = std::any_of(windows.begin() + static_cast<std::ptrdiff_t>(first), windows.end(),
                                    [](const Json& w) { return text_of(w, "state") == "immature"; });
  page.title("Last windows (" + text_of(limit.at("definition"), "window") + ")" +
             (bound ? " against " + short_number(*bound) : "") +
             (immature ? "; ~ not mature: its value will move" : ""));
  for (auto i = first; i < windows.size(); ++i) {
    const auto& window = windows[i];
    const auto value = number_of(window, "value");
    auto text = "  " + left(minute(text_of(window, "start")), 18) + right(value ? short_number(*value) : "", 9);
    if (value) {
      text += "  " + left(interval_words(window), 18) + right(std::to_string(window.value("n", std::uint64_t{0})), 7) +
              "  " + window_bar(*value, bound, greatest, std::min(window_bar_width, page.width() - beside_window_bar)) +
              (text_of(window, "state") == "immature" ? " ~" : "");
    } else {
      text += "  " + text_of(window, "state");
    }
    page.line(text);
  }
}

void write_moved(Page& page, const Json& limit) {
  const auto& moved = limit.at("moved");
  if (moved.empty()) return;
  const bool of_feature = text_of(moved[0], "what") == "feature";
  page.title("What moved, the furthest first");
  const auto name_width = page.width() - 2 - 9 - 12 - 12 - 9;
  page.line("  " + left(of_feature ? "" : "part", 9) + left(of_feature ? text_of(limit, "feature") : "", name_width) +
            right(of_feature ? "now" : "value", 12) + right(of_feature ? "reference" : "before", 12) +
            right("cases", 9));
  const auto shown = [&](const Json& part, const char* key) {
    const auto value = number_of(part, key);
    return !value ? std::string("-") : of_feature ? percent(*value) : short_number(*value);
  };
  for (const auto& part : moved) {
    page.line("  " + left(of_feature ? "" : text_of(part, "what"), 9) + left(text_of(part, "name"), name_width) +
              right(shown(part, "value"), 12) + right(shown(part, "before"), 12) +
              right(std::to_string(part.value("n", std::uint64_t{0})), 9));
  }
}

void write_transitions(Page& page, const Json& limit) {
  const auto& transitions = limit.at("transitions");
  if (transitions.empty()) return;
  page.title("Last changes of state, by the pilot's clock");
  for (std::size_t i = 0; i < std::min(transitions.size(), shown_transitions); ++i) {
    const auto& change = transitions[i];
    page.line("  " + left(minute(text_of(change, "at")), 18) + text_of(change, "from") + " -> " +
              text_of(change, "to"));
    page.paragraph(text_of(change, "reason"), 20);
  }
}

void write_whole(Page& page, const Json& limit) {
  auto title = text_of(limit, "pilot") + " / " + name_of(limit) + ": " + upper(text_of(limit, "state"));
  if (const auto since = text_of(limit, "since"); !since.empty()) title += " since " + minute(since);
  for (const auto& part : wrapped(title, page.width())) page.line(part);
  page.paragraph(text_of(limit, "reason"));
  page.line();
  write_facts(page, limit);
  write_course(page, limit);
  write_windows(page, limit);
  write_moved(page, limit);
  write_transitions(page, limit);
}

bool is_calm(const Json& limit) {
  const auto& alert = limit.at("alert");
  return text_of(limit, "state") != "warning" && !(alert.is_object() && alert.value("firing", false));
}

void write_line(Page& page, const Json& limit) {
  const auto name_width = page.width() - 2 - 14 - 10 - 12;
  const auto bound = number_of(limit, "threshold");
  page.line("  " + left(text_of(limit, "state"), 14) + left(name_of(limit), name_width) +
            right(number(limit, "value"), 10) +
            right(bound ? (text_of(limit, "direction") == "below" ? ">= " : "<= ") + short_number(*bound) : "", 12));
}

}  // namespace

std::string explain_text(const Json& data, std::size_t width, bool whole) {
  Page page(width);
  std::vector<const Json*> calm;
  bool first = true;
  for (const auto& limit : data.at("limits")) {
    if (!whole && is_calm(limit)) {
      calm.push_back(&limit);
      continue;
    }
    if (!first) page.line();
    first = false;
    write_whole(page, limit);
  }
  if (!calm.empty()) {
    if (!first) page.line();
    page.line(first ? "No alert is out of " + printable(text_of(data, "pilot")) + ". Its limits:"
                    : "The other limits:");
    for (const auto* limit : calm) write_line(page, *limit);
  }
  if (data.at("limits").empty())
    page.line("No limit of " + printable(text_of(data, "pilot")) + " has been looked at yet.");
  return page.take();
}

}  // namespace pilotwatch::app
