// SPDX-License-Identifier: Apache-2.0
// YAML `sources[].map`: rules that make wire records of foreign ones.
#include <algorithm>

#include "settings/sections.h"
#include "settings/wire.h"

namespace pilotwatch::settings {
namespace {

/// "/a/b~1c" into "a", "b/c"; nullopt where a ~ stands for nothing.
std::optional<std::vector<std::string>> pointer_steps(std::string_view text) {
  std::vector<std::string> steps;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      steps.emplace_back();
    } else if (text[i] != '~') {
      steps.back() += text[i];
    } else {
      const char escaped = i + 1 < text.size() ? text[++i] : '\0';
      if (escaped != '0' && escaped != '1') return std::nullopt;
      steps.back() += escaped == '0' ? '~' : '/';
    }
  }
  return steps;
}

std::optional<Pointer> read_pointer(const Value& value) {
  const auto text = value.filled_text();
  if (!text) return std::nullopt;
  Pointer out;
  out.text = *text;
  if (*text == ".") return out;
  constexpr std::pair<std::string_view, Pointer::Root> marks[] = {
      {"#", Pointer::Root::index}, {"*", Pointer::Root::only}, {"$received", Pointer::Root::received}};
  for (const auto& [mark, root] : marks) {
    if (*text != mark) continue;
    out.root = root;
    return out;
  }
  if (text->front() == '=') {
    out.root = Pointer::Root::literal;
    out.steps.push_back(text->substr(1));
    return out;
  }
  std::string_view rest = *text;
  if (rest.starts_with("$/")) {
    out.root = Pointer::Root::whole;
    rest.remove_prefix(1);
  }
  if (rest.front() != '/') {
    out.steps.emplace_back(rest);  // a column
    return out;
  }
  auto steps = pointer_steps(rest);
  if (!steps) {
    value.problem(in_quotes(*text) + " is no JSON Pointer: ~ is written ~0, and / within a name ~1");
    return std::nullopt;
  }
  out.steps = *std::move(steps);
  return out;
}

class FieldReader {
 public:
  FieldReader(std::string member, const Value& value) : value_(value) { out_.member = std::move(member); }

  FieldRule read() {
    if (value_.node().IsMap()) {
      read_map();
    } else {
      out_.from = alternatives(value_);
    }
    return std::move(out_);
  }

 private:
  void read_map() {
    MapReader map(value_);
    const auto from = map.take("from"), join = map.take("join"), value = map.take("value");
    const int ways = (from ? 1 : 0) + (join ? 1 : 0) + (value ? 1 : 0);
    if (ways == 0) value_.problem("needs one of from, join, value");
    if (ways > 1) (value ? *value : *join).key_problem("only one of from, join, value");
    if (from) out_.from = alternatives(*from);
    if (join) out_.from = {joined(*join)};
    if (value) out_.value = read_scalar(*value);
    map.read("with", out_.with, &Value::text);
    if (const auto v = map.take("default")) out_.absent = read_scalar(*v);
    read_values(map);
    read_names(map);
    read_time(map);
    read_unit(map);
    map.finish();
  }

  static Joined joined(const Value& list) {
    Joined out;
    if (!list.node().IsSequence()) {
      if (auto pointer = read_pointer(list)) out.push_back(*std::move(pointer));
      return out;
    }
    for (const auto& item : list.items()) {
      if (auto pointer = read_pointer(item)) out.push_back(*std::move(pointer));
    }
    if (list.node().size() == 0) list.problem("needs at least one pointer");
    return out;
  }

  static std::vector<Joined> alternatives(const Value& value) {
    std::vector<Joined> out;
    if (!value.node().IsSequence()) {
      out.push_back(joined(value));
      return out;
    }
    for (const auto& item : value.items()) out.push_back(joined(item));
    if (out.empty()) value.problem("needs at least one pointer");
    return out;
  }

  void read_values(MapReader& map) {
    if (const auto v = map.take("values")) {
      for (const auto& [key, item] : MapReader(*v).take_all()) {
        if (auto scalar = read_scalar(item)) out_.values.emplace_back(key, *std::move(scalar));
      }
    }
    const auto otherwise = map.take("else");
    if (!otherwise) return;
    out_.otherwise = read_scalar(*otherwise);
    if (!map.has("values")) otherwise->key_problem("belongs to values");
  }

  void read_names(MapReader& map) {
    const auto names = map.take("names");
    if (!names) return;
    for (const auto& item : names->items()) out_.names.push_back(item.filled_text().value_or(""));
    if (!is_wire_object(out_.member)) names->key_problem("is only for features, segments, score and prediction");
  }

  void read_time(MapReader& map) {
    const auto time = map.take("time"), zone = map.take("zone");
    for (const auto* key : {&time, &zone}) {
      if (*key && !is_wire_time(out_.member)) (*key)->key_problem("is only for time and opened_at");
    }
    if (time) read_time_form(*time);
    if (!zone) return;
    if (out_.time != TimeForm::pattern) zone->key_problem("belongs to a pattern such as %d/%m/%Y");
    if (const auto name = zone->text()) {
      auto found = Zone::find(*name);
      if (found) out_.zone = *found;
      if (!found) zone->problem(found.error().what);
    }
  }

  void read_time_form(const Value& value) {
    const auto text = value.text();
    if (!text) return;
    if (text->find('%') == std::string::npos) {
      if (const auto form = value.choice<TimeForm>(time_form_names)) out_.time = *form;
      return;
    }
    auto pattern = TimePattern::compile(*text);
    if (!pattern) return value.problem(in_quotes(*text) + ": " + pattern.error().what);
    out_.time = TimeForm::pattern;
    out_.pattern = *std::move(pattern);
  }

  void read_unit(MapReader& map) {
    const auto unit = map.take("unit");
    if (!unit) return;
    if (const auto choice = unit->choice<LatencyUnit>(latency_unit_names)) out_.unit = *choice;
    if (out_.member != "latency_ms") unit->key_problem("is only for latency_ms");
  }

  const Value& value_;
  FieldRule out_;
};

class RuleReader {
 public:
  explicit RuleReader(const Value& value) : map_(value) {}

  MapRule read() {
    std::size_t type = wire_type_names().size();
    if (const auto v = map_.require("type")) {
      if (const auto choice = v->choice<std::size_t>(wire_type_names())) {
        type = *choice;
        out_.type = wire_type_names()[type];
      }
    }
    if (const auto v = map_.take("extends")) out_.extends = v->flag().value_or(false);
    read_when(map_, out_.when);
    if (const auto v = map_.take("each")) read_each(*v);
    if (const auto v = map_.require("fields")) read_fields(*v, type);
    map_.finish();
    return std::move(out_);
  }

 private:
  static void read_when(MapReader& map, std::vector<Condition>& out) {
    const auto when = map.take("when");
    if (!when) return;
    if (!when->node().IsSequence()) return out.push_back(read_condition(*when));
    for (const auto& item : when->items()) out.push_back(read_condition(item));
  }

  static Condition read_condition(const Value& value) {
    MapReader map(value);
    Condition out;
    if (const auto v = map.require("at")) {
      if (auto pointer = read_pointer(*v)) out.at = *std::move(pointer);
    }
    const auto present = map.take("present"), equals = map.take("equals"), in = map.take("in");
    if (present) out.present = present->flag();
    if (equals) out.among.push_back(equals->text().value_or(""));
    if (in) {
      for (const auto& item : in->items()) out.among.push_back(item.text().value_or(""));
    }
    map.finish();
    const int ways = (present ? 1 : 0) + (equals ? 1 : 0) + (in ? 1 : 0);
    if (value.node().IsMap() && ways != 1) value.problem("needs one of present, equals, in");
    return out;
  }

  void read_each(const Value& value) {
    Each out;
    if (!value.node().IsMap()) {
      if (auto pointer = read_pointer(value)) out.at = *std::move(pointer);
    } else {
      MapReader map(value);
      if (const auto v = map.require("at")) {
        if (auto pointer = read_pointer(*v)) out.at = *std::move(pointer);
      }
      map.read_choice("as", out.form, row_form_names);
      read_when(map, out.when);
      map.finish();
    }
    out_.each = std::move(out);
    if (out_.extends) value.key_problem("is the preset's where extends: true");
  }

  void read_fields(const Value& value, std::size_t type) {
    MapReader map(value);
    for (const auto& [member, field] : map.take_all()) {
      if (type < wire_types().size() && !known(member, wire_types()[type], field)) continue;
      out_.fields.push_back(FieldReader(member, field).read());
    }
    if (type >= wire_types().size() || out_.extends || !value.node().IsMap()) return;
    auto needed = wire_types()[type].needed;
    needed.push_back("time");
    for (const auto member : needed) {
      if (!map.has(member)) value.problem("a " + out_.type + " needs " + std::string(member));
    }
  }

  static bool known(std::string_view member, const WireType& type, const Value& field) {
    std::vector<std::string_view> all = type.needed;
    all.insert(all.end(), type.others.begin(), type.others.end());
    all.insert(all.end(), {"pilot", "time"});
    const auto dot = member.find('.');
    const auto head = member.substr(0, dot);
    const bool found = std::ranges::find(all, head) != all.end();
    if (found && (dot == std::string_view::npos || (is_wire_object(head) && dot + 1 < member.size()))) return true;
    field.key_problem(in_quotes(member) + " is no member of a " + type.name + instead(member, "members", all));
    return false;
  }

  MapReader map_;
  MapRule out_;
};

}  // namespace

std::vector<MapRule> read_map_rules(const Value& list) {
  std::vector<MapRule> out;
  for (const auto& item : list.items()) out.push_back(RuleReader(item).read());
  return out;
}

void read_mapping(MapReader& source, Mapping& out) {
  source.read_choice("preset", out.preset, source_preset_names);
  const auto map = source.take("map");
  if (map) out.rules = read_map_rules(*map);
  if (map && map->node().IsSequence() && map->node().size() == 0) map->problem("needs at least one rule");
  out.preset_rules = preset_map_rules(out.preset);
  if (!map) return;
  const auto items = map->node().IsSequence() ? map->items() : std::vector<Value>{};
  for (std::size_t i = 0; i < out.rules.size(); ++i) {
    const auto& rule = out.rules[i];
    if (!rule.extends) continue;
    const bool columns = out.preset == SourcePreset::csv;
    if (!columns && std::ranges::none_of(out.preset_rules, [&](const auto& p) { return p.type == rule.type; }))
      items[i].problem("extends: the preset has no rule that makes a " + rule.type);
    if (std::ranges::any_of(out.rules, [&](const auto& r) { return !r.extends && r.type == rule.type; }))
      items[i].problem("extends: the preset's rules of this type are replaced by another rule of this source");
  }
}

}  // namespace pilotwatch::settings
