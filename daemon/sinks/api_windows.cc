// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "base/result.h"
#include "sinks/api.h"
#include "sinks/api_parts.h"
#include "sinks/views.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::sinks {
namespace {

using engine::Figure;
using engine::PilotView;
using engine::WindowResult;
using runtime::HttpResponse;

Json window_json(const WindowResult& window) {
  return {{"start", format_rfc3339(window.start)}, {"end", format_rfc3339(window.end)}, {"kind", window.kind_name}};
}

Json segment_json(const std::string& attribute, const std::string& group) {
  if (attribute.empty()) return nullptr;
  Json out = Json::object();
  out[attribute] = group;
  return out;
}

std::string confusion_json(const std::string& pilot, const WindowResult& window, const engine::Confusion& confusion) {
  const auto cell = [&](std::uint64_t count) { return confusion.suppressed ? Json() : Json(count); };
  const char* state = confusion.suppressed ? "suppressed" : window.mature ? "ok" : "immature";
  const char* reason = confusion.suppressed ? "a count is below segments.min_n, or would show one that is"
                       : window.mature      ? ""
                                            : "the outcome horizon has not passed";
  return dump({{"pilot", pilot},
               {"window", window_json(window)},
               {"model_version", text_or_null(confusion.model_version)},
               {"segment", segment_json(confusion.attribute, confusion.group)},
               {"label", confusion.label},
               {"tp", cell(confusion.tp)},
               {"fp", cell(confusion.fp)},
               {"fn", cell(confusion.fn)},
               {"tn", cell(confusion.tn)},
               {"state", state},
               {"reason", text_or_null(reason)}});
}

/// What the query asks for; unset = everything.
struct Filter {
  std::optional<std::string> kind, model_version, attribute, group, feature;
  std::optional<settings::Metric> metric;
  Instant from = Instant::min(), to = Instant::max();
  std::uint64_t newest = std::numeric_limits<std::uint64_t>::max();  ///< windows of each kind

  [[nodiscard]] bool takes(const WindowResult& window) const {
    return (!kind || window.kind_name == *kind) && window.start >= from && window.start < to;
  }
  /// For figures and confusion tables alike. An empty value asks for the whole: all versions, the whole pilot.
  [[nodiscard]] bool takes_scope(const std::string& version, const std::string& in_attribute,
                                 const std::string& in_group) const {
    return (!model_version || version == *model_version) && (!attribute || in_attribute == *attribute) &&
           (!group || in_group == *group);
  }
  [[nodiscard]] bool takes(const Figure& figure) const {
    return (!metric || figure.metric == *metric) && (!feature || figure.feature == *feature) &&
           takes_scope(figure.model_version, figure.attribute, figure.group);
  }
};

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

using Set = Result<void> (*)(Filter&, const settings::Pilot&, const std::string&);

Result<void> set_kind(Filter& filter, const settings::Pilot& pilot, const std::string& value) {
  std::vector<std::string> kinds;
  for (const auto& window : pilot.windows) kinds.push_back(engine::window_name(window));
  for (const auto& limit : pilot.limits) kinds.push_back(engine::window_name(limit.window));
  std::ranges::sort(kinds);
  const auto repeated = std::ranges::unique(kinds);
  kinds.erase(repeated.begin(), repeated.end());
  if (std::ranges::find(kinds, value) == kinds.end()) return bad("kind", value, "one of " + list_of(kinds));
  filter.kind = value;
  return {};
}

Result<void> set_metric(Filter& filter, const settings::Pilot&, const std::string& value) {
  for (std::size_t i = 0; i < settings::metric_count; ++i) {
    if (value == settings::metric_names[i]) filter.metric = static_cast<settings::Metric>(i);
  }
  if (!filter.metric) return bad("metric", value, "a metric");
  return {};
}

Result<void> set_model_version(Filter& filter, const settings::Pilot&, const std::string& value) {
  filter.model_version = value;
  return {};
}

Result<void> set_segment(Filter& filter, const settings::Pilot& pilot, const std::string& value) {
  // Attributes are names from the settings; the group is whatever follows, colons and all.
  const auto& attributes = pilot.segments.attributes;
  const auto named = std::ranges::find_if(attributes, [&](const std::string& attribute) {
    return value == attribute || value.starts_with(attribute + ":");
  });
  if (!value.empty() && named == attributes.end()) {
    return bad("segment", value, "attribute or attribute:group with attribute one of " + list_of(attributes));
  }
  filter.attribute = value.empty() ? "" : *named;
  if (value.size() > filter.attribute->size()) filter.group = value.substr(filter.attribute->size() + 1);
  return {};
}

Result<void> set_feature(Filter& filter, const settings::Pilot&, const std::string& value) {
  filter.feature = value;
  return {};
}

Result<void> set_from(Filter& filter, const settings::Pilot&, const std::string& value) {
  const auto time = parse_time(value);
  if (!time) return bad("from", value, "an RFC 3339 time or Unix seconds");
  filter.from = *time;
  return {};
}

Result<void> set_to(Filter& filter, const settings::Pilot&, const std::string& value) {
  const auto time = parse_time(value);
  if (!time) return bad("to", value, "an RFC 3339 time or Unix seconds");
  filter.to = *time;
  return {};
}

Result<void> set_limit(Filter& filter, const settings::Pilot&, const std::string& value) {
  const auto* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, filter.newest);
  if (parsed.ec != std::errc{} || parsed.ptr != end || filter.newest == 0)
    return bad("limit", value, "a positive number");
  return {};
}

using Parameters = std::map<std::string_view, Set>;
const Parameters scope_parameters{{"kind", set_kind},       {"model_version", set_model_version},
                                  {"segment", set_segment}, {"from", set_from},
                                  {"to", set_to},           {"limit", set_limit}};

Parameters figure_parameters() {
  auto out = scope_parameters;
  out["metric"] = set_metric;
  out["feature"] = set_feature;
  return out;
}

/// The listener puts the path's {pilot} in front of the query; all that follows must be known, and be said once.
Result<Filter> parse_filter(const runtime::HttpRequest& request, const settings::Pilot& pilot,
                            const Parameters& known) {
  Filter filter;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : std::span(request.query).subspan(1)) {
    const auto parameter = known.find(name);
    if (parameter == known.end()) return Error{"unknown parameter \"" + name + "\""};
    if (!seen.insert(name).second) return Error{"parameter \"" + name + "\" is given twice"};
    const auto set = parameter->second(filter, pilot, value);
    if (set.has_error()) return set.error();
  }
  return filter;
}

/// The windows that pass, by kind and start; of each kind only the newest where so many are asked for.
std::vector<const WindowResult*> select(const PilotView& view, const Filter& filter) {
  std::map<std::string_view, std::uint64_t> taken;
  std::vector<const WindowResult*> out;
  for (auto window = view.windows.rbegin(); window != view.windows.rend(); ++window) {
    if (filter.takes(**window) && ++taken[(*window)->kind_name] <= filter.newest) out.push_back(window->get());
  }
  std::ranges::reverse(out);
  return out;
}

class JsonArray {
 public:
  void add(std::string_view element) {
    text_ += text_.size() == 1 ? "\n" : ",\n";
    text_ += element;
  }
  std::string take() { return std::move(text_ += text_.size() == 1 ? "]" : "\n]"); }

 private:
  std::string text_ = "[";
};

using Append = void (*)(JsonArray&, const settings::Pilot&, const WindowResult&, const Filter&);

HttpResponse answer(const ApiInput& in, const Parameters& known, Append append) {
  const std::string pilot(in.request.parameter("pilot"));
  const auto view =
      std::ranges::find_if(in.snapshot.pilots, [&](const PilotView& v) { return v.settings->name == pilot; });
  if (view == in.snapshot.pilots.end()) return failure(404, "not_found", "unknown pilot \"" + pilot + "\"");
  const auto filter = parse_filter(in.request, *view->settings, known);
  if (filter.has_error()) return failure(400, "bad_data", filter.error().what);
  JsonArray out;
  for (const auto* window : select(*view, *filter)) append(out, *view->settings, *window, *filter);
  return success_text(out.take());
}

void append_figures(JsonArray& out, const settings::Pilot& pilot, const WindowResult& window, const Filter& filter) {
  for (const auto& figure : window.figures) {
    if (filter.takes(figure)) out.add(figure_json(pilot.name, window, figure));
  }
}

void append_confusions(JsonArray& out, const settings::Pilot& pilot, const WindowResult& window, const Filter& filter) {
  for (const auto& confusion : window.confusions) {
    if (!filter.takes_scope(confusion.model_version, confusion.attribute, confusion.group)) continue;
    out.add(confusion_json(pilot.name, window, confusion));
  }
}

}  // namespace

std::string figure_json(const std::string& pilot, const WindowResult& window, const Figure& figure) {
  const bool hidden = figure.state == "suppressed";
  const auto shown = [&](std::optional<double> value) { return hidden ? Json() : number_or_null(value); };
  return dump({{"pilot", pilot},
               {"window", window_json(window)},
               {"model_version", text_or_null(figure.model_version)},
               {"segment", segment_json(figure.attribute, figure.group)},
               {"feature", text_or_null(figure.feature)},
               {"metric", name_of(figure.metric)},
               {"formula", figure.formula},
               {"value", shown(figure.value)},
               {"lower", shown(figure.lower)},
               {"upper", shown(figure.upper)},
               {"noise_floor", shown(figure.noise_floor)},
               {"n", hidden ? 0 : figure.n},
               {"coverage", shown(figure.coverage)},
               {"state", figure.state},
               {"reason", text_or_null(figure.reason)}});
}

Json evidence_json(const std::optional<judge::BudgetEvidence>& evidence) {
  if (!evidence) return nullptr;
  const auto& e = *evidence;
  return {{"s", e.s},
          {"threshold", e.threshold},
          {"ratio", stats::evidence_ratio(e.s, e.threshold)},
          {"budget", e.budget_n},
          {"clock", e.days ? "days" : "decisions"},
          {"share", e.share},
          {"block", e.block},
          {"observations", e.observations},
          {"change_point", e.change_point ? Json(format_rfc3339(*e.change_point)) : Json()},
          {"value_since_change", number_or_null(e.value_since)},
          {"n_since_change", e.n_since},
          {"formula", e.formula},
          {"reference", text_or_null(e.reference)},
          {"moved", text_or_null(e.moved)}};
}

std::string transition_json(const judge::Transition& transition) {
  Json window;
  if (transition.window_start && transition.window_end) {
    window = {{"start", format_rfc3339(*transition.window_start)}, {"end", format_rfc3339(*transition.window_end)}};
  }
  Json inner{{"pilot", transition.pilot},
             {"limit", transition.limit},
             {"group", text_or_null(transition.group)},
             {"from", name_of(transition.from)},
             {"to", name_of(transition.to)},
             {"at", format_rfc3339(transition.at)},
             {"at_wall", format_rfc3339(transition.at_wall)},
             {"value", number_or_null(transition.value)},
             {"lower", number_or_null(transition.lower)},
             {"upper", number_or_null(transition.upper)},
             {"threshold", number_or_null(transition.threshold)},
             {"n", transition.n},
             {"window", std::move(window)},
             {"episode", text_or_null(transition.episode)},
             {"reason", text_or_null(transition.reason)},
             {"evidence", evidence_json(transition.evidence)}};
  Json out = Json::object();
  out["transition"] = std::move(inner);
  return dump(out);
}

HttpResponse windows_answer(const ApiInput& in) { return answer(in, figure_parameters(), append_figures); }

HttpResponse confusion_answer(const ApiInput& in) { return answer(in, scope_parameters, append_confusions); }

HttpResponse transitions_answer(const ApiInput& in) {
  JsonArray out;
  for (const auto& transition : in.snapshot.recent) out.add(transition_json(transition));
  return success_text(out.take());
}

}  // namespace pilotwatch::sinks
