// SPDX-License-Identifier: Apache-2.0
#include "settings/load_pilot.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace pilotwatch::settings {
namespace {

constexpr std::size_t max_classes = 64;
constexpr std::size_t max_attributes = 8;
constexpr const char* feature_kinds[] = {"numeric", "categorical"};
constexpr const char* clocks[] = {"wall", "event"};
constexpr const char* unknown_field_policies[] = {"drop", "reject"};

void read_classes(Map& map, Pilot& pilot) {
  const auto classes = map.get("classes");
  if (classes) {
    if (pilot.task == Task::regression) return classes->problem("a regression has no classes");
    for (const auto& item : classes->list()) {
      const auto label = item.label();
      if (!label) continue;
      if (std::find(pilot.classes.begin(), pilot.classes.end(), *label) != pilot.classes.end()) item.problem("the class '" + *label + "' is given twice");
      pilot.classes.push_back(*label);
    }
    if (pilot.task == Task::binary && pilot.classes.size() != 2) classes->problem("a binary task has exactly two classes");
    if (pilot.classes.size() < 2 || pilot.classes.size() > max_classes) classes->problem("must be 2 to 64 classes");
  } else if (pilot.task == Task::multiclass) {
    static_cast<void>(map.require("classes"));
  } else if (pilot.task == Task::binary) {
    pilot.classes = {"0", "1"};
  } else if (pilot.task == Task::generative) {
    pilot.classes = {"ok", "bad"};
  }
  const auto positive = map.get("positive");
  if (pilot.task == Task::binary && !pilot.classes.empty()) pilot.positive = pilot.classes.back();
  if (!positive) return;
  if (pilot.task != Task::binary) return positive->problem("only a binary task has a positive class");
  const auto label = positive->label();
  if (!label) return;
  if (std::find(pilot.classes.begin(), pilot.classes.end(), *label) == pilot.classes.end()) positive->problem("'" + *label + "' is not one of the classes");
  pilot.positive = *label;
}

void read_features(const Value& value, Pilot& pilot) {
  std::set<std::string> seen;
  for (const auto& item : value.list()) {
    Map map(item);
    Feature feature;
    if (const auto name = map.require("name")) {
      feature.name = name->name().value_or("");
      if (!feature.name.empty() && !seen.insert(feature.name).second) name->problem("the feature '" + feature.name + "' is given twice");
      if (feature.name == "score") name->problem("'score' is the name of the prediction's score; it is watched without being a feature");
    }
    if (!map.read_enum("kind", feature.kind, feature_kinds)) static_cast<void>(map.require("kind"));
    map.finish();
    pilot.features.push_back(feature);
  }
}

void read_segments(const Value& value, Pilot& pilot) {
  Map map(value);
  if (const auto attributes = map.get("attributes")) {
    for (const auto& item : attributes->list()) {
      const auto name = item.name();
      if (!name) continue;
      auto& known = pilot.segments.attributes;
      if (std::find(known.begin(), known.end(), *name) != known.end()) item.problem("the attribute '" + *name + "' is given twice");
      known.push_back(*name);
    }
    if (pilot.segments.attributes.size() > max_attributes) attributes->problem("at most 8 attributes");
  }
  map.read("min_n", pilot.segments.min_n, 1, 1'000'000);
  map.read("max_values", pilot.segments.max_values, 1, 1000);
  map.finish();
}

void read_reference(const Value& value, const std::filesystem::path& folder, Pilot& pilot) {
  Map map(value);
  const auto file = map.get("file");
  const auto first = map.get("first");
  if (file) {
    const auto name = file->text().value_or("");
    if (name.empty()) file->problem("must name a file");
    pilot.reference.file = name.empty() ? std::filesystem::path{} : folder / name;
  }
  if (first) pilot.reference.first = first->whole(2, 10'000'000).value_or(0);
  if (static_cast<bool>(file) == static_cast<bool>(first)) value.problem("must have either `file` or `first`");
  map.read("bins", pilot.reference.bins, 2, 1000);
  map.read("ks_exact_max_distinct", pilot.reference.ks_exact_max_distinct, 2, 1'000'000);
  map.finish();
}

void read_windows(const Value& value, Pilot& pilot) {
  for (const auto& item : value.list()) {
    const auto window = read_window(item);
    if (!window) continue;
    if (std::find(pilot.windows.begin(), pilot.windows.end(), *window) != pilot.windows.end()) item.problem("given twice");
    pilot.windows.push_back(*window);
  }
  if (value.node().IsSequence() && pilot.windows.empty()) value.problem("must have at least one window");
}

void read_task(Map& map, Pilot& pilot) {
  if (!map.read_enum("task", pilot.task, task_names)) static_cast<void>(map.require("task"));
  read_classes(map, pilot);
  if (const auto threshold = map.get("threshold")) {
    if (pilot.task != Task::binary) threshold->problem("only a binary task has a threshold");
    pilot.threshold = threshold->number(0, 1).value_or(pilot.threshold);
  }
  if (const auto tolerance = map.get("tolerance")) {
    if (pilot.task != Task::regression) tolerance->problem("only a regression has a tolerance");
    Map inner(*tolerance);
    inner.read("absolute", pilot.tolerance.absolute, 0, 1e15);
    inner.read("relative", pilot.tolerance.relative, 0, 1000);
    inner.finish();
  }
}

void read_time(Map& map, Pilot& pilot) {
  if (const auto zone = map.get("time_zone")) {
    auto found = Zone::find(zone->text().value_or("UTC"));
    if (found.has_error()) {
      zone->problem(found.error().what);
    } else {
      pilot.time_zone = *found;
    }
  }
  map.read_enum("clock", pilot.clock, clocks);
  map.read("lateness", pilot.lateness);
  map.read("outcome_horizon", pilot.outcome_horizon);
  if (const auto accept = map.get("accept")) {
    Map inner(*accept);
    inner.read("past", pilot.accept_past);
    inner.read("future", pilot.accept_future);
    inner.finish();
  }
}

}  // namespace

std::optional<Window> read_window(const Value& value) {
  constexpr const char* words[] = {"day", "week", "month", "all"};
  constexpr WindowKind kinds[] = {WindowKind::day, WindowKind::week, WindowKind::month, WindowKind::all};
  if (!value.node().IsMap()) {
    const auto word = value.one_of(words);
    return word ? std::optional(Window{kinds[*word], 0}) : std::nullopt;
  }
  Map map(value);
  Window window{WindowKind::count, 0};
  if (const auto count = map.require("count")) window.count = count->whole(1, 1'000'000'000).value_or(0);
  map.finish();
  return window.count == 0 ? std::nullopt : std::optional(window);
}

Pilot read_pilot(const Value& value, const std::filesystem::path& folder) {
  Pilot pilot;
  Map map(value);
  if (const auto name = map.require("name")) pilot.name = name->name().value_or("");
  map.read("description", pilot.description);
  map.read("owner", pilot.owner);
  map.read("model", pilot.model);
  read_task(map, pilot);
  read_time(map, pilot);
  map.read_enum("unknown_fields", pilot.unknown_fields, unknown_field_policies);
  if (const auto features = map.get("features")) read_features(*features, pilot);
  if (const auto segments = map.get("segments")) read_segments(*segments, pilot);
  if (const auto reference = map.get("reference")) read_reference(*reference, folder, pilot);
  if (const auto windows = map.get("windows")) {
    read_windows(*windows, pilot);
  } else {
    pilot.windows = {{WindowKind::day, 0}, {WindowKind::week, 0}, {WindowKind::month, 0}, {WindowKind::all, 0}};
  }
  if (const auto limits = map.get("limits")) read_limits(*limits, pilot);
  map.finish();
  return pilot;
}

}  // namespace pilotwatch::settings
