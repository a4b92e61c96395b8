// SPDX-License-Identifier: Apache-2.0
#include "sinks/window_query.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <span>

namespace pilotwatch::sinks {
namespace {

using engine::WindowResult;

/// RFC 3339 or Unix seconds, as Prometheus' own API.
std::optional<Instant> parse_time(const std::string& text) {
  double seconds = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seconds);
  if (!text.empty() && parsed.ec == std::errc{} && parsed.ptr == end) {
    if (!(std::abs(seconds) < 1e11)) return std::nullopt;
    return Instant{Millis{std::llround(seconds * 1e3)}};
  }
  return parse_rfc3339(text);
}

std::string list_of(std::span<const std::string> words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Error bad(const std::string& name, const std::string& value, const std::string& expected) {
  return {"invalid parameter \"" + name + "\": \"" + value + "\" is not " + expected};
}

using Set = Result<void> (*)(WindowQuery&, const settings::Pilot&, const std::string&);

std::vector<std::string> kinds_of(const settings::Pilot& pilot) {
  std::vector<std::string> kinds;
  for (const auto& window : pilot.windows) kinds.push_back(engine::window_name(window));
  for (const auto& limit : pilot.limits) kinds.push_back(engine::window_name(limit.window));
  std::ranges::sort(kinds);
  const auto repeated = std::ranges::unique(kinds);
  kinds.erase(repeated.begin(), repeated.end());
  return kinds;
}

Result<void> set_kind(WindowQuery& query, const settings::Pilot& pilot, const std::string& value) {
  const auto kinds = kinds_of(pilot);
  if (std::ranges::find(kinds, value) == kinds.end()) return bad("kind", value, "one of " + list_of(kinds));
  query.kind = value;
  return {};
}

Result<void> set_metric(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  for (std::size_t i = 0; i < settings::metric_count; ++i) {
    if (value == settings::metric_names[i]) query.metric = static_cast<settings::Metric>(i);
  }
  if (!query.metric) return bad("metric", value, "a metric");
  return {};
}

Result<void> set_model_version(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  query.model_version = value;
  return {};
}

Result<void> set_segment(WindowQuery& query, const settings::Pilot& pilot, const std::string& value) {
  // Attributes are names from the settings; the group is whatever follows, colons and all.
  const auto attributes = pilot.segments.groupings();
  const auto named = std::ranges::find_if(attributes, [&](const std::string& attribute) {
    return value == attribute || value.starts_with(attribute + ":");
  });
  if (!value.empty() && named == attributes.end()) {
    return bad("segment", value, "attribute or attribute:group with attribute one of " + list_of(attributes));
  }
  query.attribute = value.empty() ? "" : *named;
  if (value.size() > query.attribute->size()) query.group = value.substr(query.attribute->size() + 1);
  return {};
}

Result<void> set_feature(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  query.feature = value;
  return {};
}

Result<void> set_compare(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  if (value == "difference") {
    query.compare = settings::Compare::difference;
  } else if (value == "ratio") {
    query.compare = settings::Compare::ratio;
  } else if (value == "any") {
    query.compare.reset();
  } else {
    return bad("compare", value, "one of difference, ratio, any");
  }
  return {};
}

Result<void> set_from(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  const auto time = parse_time(value);
  if (!time) return bad("from", value, "an RFC 3339 time or Unix seconds");
  query.from = *time;
  return {};
}

Result<void> set_to(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  const auto time = parse_time(value);
  if (!time) return bad("to", value, "an RFC 3339 time or Unix seconds");
  query.to = *time;
  return {};
}

Result<void> set_limit(WindowQuery& query, const settings::Pilot&, const std::string& value) {
  const auto* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, query.newest);
  if (parsed.ec != std::errc{} || parsed.ptr != end || query.newest == 0)
    return bad("limit", value, "a positive number");
  return {};
}

/// "day:20513,days:7:20513,count:1000:4": of each kind the oldest window that has been read.
Result<void> set_next(WindowQuery& query, const settings::Pilot& pilot, const std::string& value) {
  const Error wrong = bad("next", value, "what an answer of this pilot gave as \"next\"");
  const auto kinds = kinds_of(pilot);
  auto& before = query.before.emplace();
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    const auto part = value.substr(begin, end - begin);
    begin = end + 1;
    const auto colon = part.rfind(':');
    if (colon == std::string::npos) return wrong;
    const auto kind = part.substr(0, colon);
    std::int64_t place = 0;
    const auto* last = part.data() + part.size();
    const auto parsed = std::from_chars(part.data() + colon + 1, last, place);
    if (parsed.ec != std::errc{} || parsed.ptr != last) return wrong;
    if (std::ranges::find(kinds, kind) == kinds.end() || !before.emplace(kind, place).second) return wrong;
  }
  return {};
}

const std::map<std::string_view, Set> scope_parameters{{"kind", set_kind},       {"model_version", set_model_version},
                                                       {"segment", set_segment}, {"from", set_from},
                                                       {"to", set_to},           {"limit", set_limit},
                                                       {"next", set_next}};
const std::map<std::string_view, Set> figure_parameters{
    {"metric", set_metric}, {"feature", set_feature}, {"compare", set_compare}};

Set parameter(std::string_view name, Parameters known) {
  const auto common = scope_parameters.find(name);
  if (common != scope_parameters.end()) return common->second;
  const auto own = figure_parameters.find(name);
  return known == Parameters::of_figures && own != figure_parameters.end() ? own->second : nullptr;
}

/// Windows of one kind that pass, newest last, and how many of them are on the page.
struct KindPages {
  std::vector<const WindowResult*> windows;
  std::size_t taken = 0;
  [[nodiscard]] bool more() const { return taken < windows.size(); }
};

}  // namespace

bool WindowQuery::takes(const WindowResult& window) const {
  if (kind && window.kind_name != *kind) return false;
  if (before) {
    const auto place = before->find(window.kind_name);
    if (place == before->end() || window.place >= place->second) return false;
  }
  return window.start >= from && window.start < to;
}

/// The listener puts the path's {pilot} in front of the query.
Result<WindowQuery> parse_window_query(const runtime::HttpRequest& request, const settings::Pilot& pilot,
                                       Parameters known) {
  WindowQuery query;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : std::span(request.query).subspan(1)) {
    const auto set = parameter(name, known);
    if (set == nullptr) return Error{"unknown parameter \"" + name + "\""};
    if (!seen.insert(name).second) return Error{"parameter \"" + name + "\" is given twice"};
    const auto done = set(query, pilot, value);
    if (done.has_error()) return done.error();
  }
  return query;
}

WindowPage page_of(const engine::PilotView& view, const WindowQuery& query, std::uint64_t max_rows,
                   const std::function<std::uint64_t(const WindowResult&)>& rows) {
  std::map<std::string_view, KindPages> kinds;
  for (const auto& window : view.windows) {
    if (query.takes(*window)) kinds[window->kind_name].windows.push_back(window.get());
  }
  std::set<const WindowResult*> chosen;
  std::uint64_t used = 0;
  for (std::uint64_t round = 0; round < query.newest; ++round) {
    const auto before = chosen.size();
    for (auto& [name, kind] : kinds) {
      if (!kind.more() || (round > 0 && used >= max_rows)) continue;
      const auto* window = kind.windows[kind.windows.size() - ++kind.taken];
      chosen.insert(window);
      used += rows(*window);
    }
    if (chosen.size() == before) break;
  }
  WindowPage page;
  for (const auto& window : view.windows) {
    if (chosen.contains(window.get())) page.windows.push_back(window.get());
  }
  for (const auto& [name, kind] : kinds) {
    if (!kind.more()) continue;
    page.next += (page.next.empty() ? "" : ",") + std::string(name) + ":" +
                 std::to_string(kind.windows[kind.windows.size() - kind.taken]->place);
  }
  return page;
}

}  // namespace pilotwatch::sinks
