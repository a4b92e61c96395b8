// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "base/text.h"
#include "settings/load_pilot.h"

namespace pilotwatch::settings {
namespace {

bool has_interval(Metric metric) {
  switch (metric) {
    case Metric::volume:
    case Metric::mean_absolute_error:
    case Metric::mean_error:
    case Metric::psi:
    case Metric::ks: return false;
    default: return true;
  }
}

/// Empty when the task has the metric, else which task has.
std::string_view missing_task(Metric metric, Task task) {
  switch (metric) {
    case Metric::false_positive_rate:
    case Metric::false_negative_rate:
    case Metric::false_discovery_rate:
    case Metric::false_omission_rate:
    case Metric::selection_rate: return task == Task::binary ? "" : "binary";
    case Metric::mean_absolute_error:
    case Metric::mean_error: return task == Task::regression ? "" : "regression";
    default: return "";
  }
}

void check_feature(const Map& map, const std::optional<Value>& feature, const Pilot& pilot, Limit& limit) {
  const bool drift = limit.metric == Metric::psi || limit.metric == Metric::ks;
  if (!drift) {
    if (feature) feature->problem("only psi and ks have a feature");
    return;
  }
  if (!pilot.reference.given()) map.self().problem("psi and ks need a `reference` in the pilot");
  if (!feature) {
    map.self().problem("psi and ks need a `feature` (a feature of the pilot, or score)");
    return;
  }
  limit.feature = feature->text().value_or("");
  if (limit.feature == "score" || limit.feature.empty()) return;
  const auto found = std::find_if(pilot.features.begin(), pilot.features.end(), [&](const Feature& f) { return f.name == limit.feature; });
  if (found == pilot.features.end()) {
    std::vector<std::string_view> known{"score"};
    for (const auto& f : pilot.features) known.push_back(f.name);
    std::string message = "'" + limit.feature + "' is not a feature of the pilot (" + join(known) + ")";
    if (const auto meant = closest(limit.feature, known)) message += "; did you mean '" + *meant + "'?";
    feature->problem(message);
  } else if (limit.metric == Metric::ks && found->kind == FeatureKind::categorical) {
    feature->problem("ks compares numbers; '" + limit.feature + "' is categorical: use psi");
  }
}

void check_segment(const std::optional<Value>& segment, const Pilot& pilot, Limit& limit) {
  if (!segment) return;
  limit.segment = segment->text().value_or("");
  if (limit.metric == Metric::psi || limit.metric == Metric::ks) return segment->problem("psi and ks are kept for the whole pilot only");
  const auto& known = pilot.segments.attributes;
  if (std::find(known.begin(), known.end(), limit.segment) == known.end()) {
    segment->problem("'" + limit.segment + "' is not one of the pilot's segments.attributes");
  }
}

void read_bounds(Map& map, Limit& limit) {
  const auto bound = [&](std::string_view key) { return map.get(key); };
  const auto max = bound("max"), min = bound("min");
  if (max) limit.max = max->number(-1e300, 1e300);
  if (min) limit.min = min->number(-1e300, 1e300);
  if (static_cast<bool>(max) == static_cast<bool>(min)) map.self().problem("must have either `max` or `min`");
}

void read_evidence(Map& map, Limit& limit) {
  limit.evidence = has_interval(limit.metric) ? Evidence::interval : Evidence::point;
  const auto value = map.get("evidence");
  if (!value) return;
  const auto index = value->one_of(evidence_names);
  if (!index) return;
  limit.evidence = static_cast<Evidence>(*index);
  if (limit.evidence == Evidence::interval && !has_interval(limit.metric)) {
    value->problem(std::string(metric_names[static_cast<std::size_t>(limit.metric)]) + " has no interval; use point");
  }
}

Limit read_limit(const Value& value, const Pilot& pilot) {
  Limit limit;
  Map map(value);
  if (const auto name = map.require("name")) limit.name = name->name().value_or("");
  const auto metric = map.require("metric");
  if (metric) {
    if (const auto index = metric->one_of(metric_names)) {
      limit.metric = static_cast<Metric>(*index);
      if (const auto task = missing_task(limit.metric, pilot.task); !task.empty()) metric->problem("only a " + std::string(task) + " task has this metric");
    }
  }
  if (const auto window = map.require("window")) {
    if (const auto read = read_window(*window)) {
      limit.window = *read;
      if (std::find(pilot.windows.begin(), pilot.windows.end(), *read) == pilot.windows.end()) window->problem("not one of the pilot's windows");
    }
  }
  read_bounds(map, limit);
  read_evidence(map, limit);
  map.read("min_n", limit.min_n, 1, 1'000'000'000);
  check_feature(map, map.get("feature"), pilot, limit);
  check_segment(map.get("segment"), pilot, limit);
  map.read("for", limit.for_);
  map.read("keep_firing_for", limit.keep_firing_for);
  map.read_enum("severity", limit.severity, severity_names);
  limit.alertname = default_alertname(limit);
  if (const auto alertname = map.get("alertname")) limit.alertname = alertname->name().value_or(limit.alertname);
  for (const auto& [key, out] : {std::pair<std::string_view, std::string*>{"owner", &limit.owner}, {"reason", &limit.reason},
                                 {"source", &limit.source}, {"action", &limit.action}, {"runbook_url", &limit.runbook_url}}) {
    map.read(key, *out);
  }
  map.finish();
  return limit;
}

}  // namespace

void read_limits(const Value& value, Pilot& pilot) {
  std::set<std::string> seen;
  for (const auto& item : value.list()) {
    auto limit = read_limit(item, pilot);
    if (!limit.name.empty() && !seen.insert(limit.name).second) item.problem("the limit '" + limit.name + "' is given twice");
    pilot.limits.push_back(std::move(limit));
  }
}

std::string default_alertname(const Limit& limit) {
  std::string out = "Pilot";
  bool start = true;
  for (const char c : std::string_view(metric_names[static_cast<std::size_t>(limit.metric)])) {
    if (c == '_') {
      start = true;
      continue;
    }
    out += start && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    start = false;
  }
  return out + (limit.max ? "High" : "Low");
}

}  // namespace pilotwatch::settings
