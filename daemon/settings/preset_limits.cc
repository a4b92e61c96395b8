// SPDX-License-Identifier: Apache-2.0
// What a preset brings along becomes a pilot's keys and limits; the pilot's own come first.
#include <algorithm>

#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr std::string_view per_feature = "$feature", per_attribute = "$attribute";

/// A copy in which the text `mark` of every scalar is `name`; values of limits are scalars.
YAML::Node filled(const YAML::Node& limit, std::string_view mark, const std::string& name) {
  YAML::Node out;
  for (const auto& pair : limit) {
    const std::string key = pair.first.Scalar();
    std::string text = pair.second.Scalar();
    if (const auto at = text.find(mark); !mark.empty() && at != std::string::npos) text.replace(at, mark.size(), name);
    if (key != "only_for") out[key] = text;
  }
  return out;
}

std::string name_of(const Value& limit) {
  const auto& node = limit.node();
  return node.IsMap() && node["name"] && node["name"].IsScalar() ? node["name"].Scalar() : "";
}

bool is_off(const Value& limit) {
  const auto& node = limit.node();
  return node.IsMap() && node["off"] && node["off"].IsScalar() && node["off"].Scalar() == "true";
}

/// `{name: x, off: true}`; a reason may stand beside it.
void read_off(const Value& limit, std::span<const std::string_view> of_preset, bool has_preset, UniqueNames& names) {
  MapReader map(limit);
  const auto name = names.read(map, "name");
  const auto off = map.take("off");
  std::string reason;
  map.read("reason", reason, &Value::text);
  map.finish();
  if (!has_preset) return off->key_problem("is for limits of a preset, and the pilot has none; leave the limit out");
  if (!name.empty()) (void)map.take("name")->must_be_known(name, "a limit of the preset", of_preset);
}

}  // namespace

NamedPreset::NamedPreset(const Preset& preset, const Value& name)
    : preset_(&preset), name_(name), yaml_(YAML::Load(std::string(preset.yaml))) {}

Value NamedPreset::value(YAML::Node node, const std::string& path) const {
  return {std::move(node), name_.mark(), name_.path() + "(" + std::string(preset_->name) + ")." + path,
          name_.problems(), name_.mark()};
}

void NamedPreset::inherit_into(MapReader& pilot) const {
  for (const auto& pair : yaml_) {
    const std::string key = pair.first.Scalar();
    if (key != "limits") pilot.inherit(key, value(pair.second, key));
  }
}

std::vector<Value> NamedPreset::limits(const Pilot& pilot, bool any_task) const {
  std::vector<Value> out;
  const auto add = [&](const YAML::Node& limit, std::string_view mark, const std::string& name) {
    auto node = filled(limit, mark, name);
    node["source"] = "preset " + std::string(preset_->name) + ": proposed, adopted by nobody yet";
    out.push_back(value(node, "limits[" + node["name"].Scalar() + "]"));
  };
  for (const auto& limit : yaml_["limits"]) {
    const auto task = task_names[static_cast<std::size_t>(pilot.task)];
    if (limit["only_for"] && !any_task && limit["only_for"].Scalar() != task) continue;
    const auto& name = limit["name"].Scalar();
    if (name.find(per_feature) != std::string::npos) {
      for (const auto& feature : pilot.features) add(limit, per_feature, feature.name);
    } else if (name.find(per_attribute) != std::string::npos) {
      for (const auto& attribute : pilot.segments.attributes) add(limit, per_attribute, attribute);
    } else {
      add(limit, "", "");
    }
  }
  return out;
}

std::vector<Limit> read_limits(const std::optional<Value>& list, const NamedPreset* preset, const Pilot& pilot,
                               const Sound& sound) {
  const auto own = list ? list->items() : std::vector<Value>{};
  const auto ready = preset != nullptr ? preset->limits(pilot, !sound.task) : std::vector<Value>{};
  std::vector<std::string> ready_names;
  for (const auto& limit : ready) ready_names.push_back(name_of(limit));
  const std::vector<std::string_view> of_preset(ready_names.begin(), ready_names.end());
  const auto is_own = [&](const std::string& name) { return std::ranges::find(own, name, name_of) != own.end(); };
  std::vector<Limit> out;
  UniqueNames names;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    if (is_own(ready_names[i])) continue;
    out.push_back(read_limit(ready[i], pilot, sound, names));
    out.back().preset = pilot.preset;
  }
  for (const auto& limit : own) {
    if (is_off(limit)) {
      read_off(limit, of_preset, preset != nullptr, names);
    } else {
      out.push_back(read_limit(limit, pilot, sound, names));
    }
  }
  return out;
}

}  // namespace pilotwatch::settings
