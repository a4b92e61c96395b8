// SPDX-License-Identifier: Apache-2.0
#include "settings/show_map.h"

#include <string>

namespace pilotwatch::settings {
namespace {

using Emitter = YAML::Emitter;

void key(Emitter& out, const char* name) { out << YAML::Key << name << YAML::Value; }

/// Quoted: "1" and "true" of the foreign system are texts.
void text(Emitter& out, const std::string& value) { out << YAML::DoubleQuoted << value; }

void scalar(Emitter& out, const Scalar& value) {
  if (value.kind == Scalar::Kind::text) return text(out, value.text);
  out << value.text;
}

void joined(Emitter& out, const Joined& pointers) {
  if (pointers.size() == 1) return text(out, pointers.front().text);
  out << YAML::Flow << YAML::BeginSeq;
  for (const auto& pointer : pointers) text(out, pointer.text);
  out << YAML::EndSeq;
}

template <class Items, class Show>
void list(Emitter& out, const Items& items, Show show) {
  out << YAML::Flow << YAML::BeginSeq;
  for (const auto& item : items) show(out, item);
  out << YAML::EndSeq;
}

void show_values(Emitter& out, const FieldRule& field) {
  if (field.values.empty() && !field.otherwise) return;
  key(out, "values");
  out << YAML::Flow << YAML::BeginMap;
  for (const auto& [foreign, ours] : field.values) {
    out << YAML::Key;
    text(out, foreign);
    out << YAML::Value;
    scalar(out, ours);
  }
  out << YAML::EndMap;
  if (!field.otherwise) return;
  key(out, "else");
  scalar(out, *field.otherwise);
}

void show_time(Emitter& out, const FieldRule& field) {
  if (field.time == TimeForm::any) return;
  key(out, "time");
  if (field.time != TimeForm::pattern) {
    out << time_form_names[static_cast<std::size_t>(field.time)];
    return;
  }
  text(out, field.pattern.text());
  key(out, "zone");
  out << field.zone.name();
}

void show_source(Emitter& out, const FieldRule& field) {
  if (field.value) {
    key(out, "value");
    return scalar(out, *field.value);
  }
  const bool is_join = field.from.size() == 1 && field.from.front().size() != 1;
  key(out, is_join ? "join" : "from");
  if (field.from.size() == 1) return joined(out, field.from.front());
  list(out, field.from, joined);
}

void show_field(Emitter& out, const FieldRule& field) {
  out << YAML::Key << field.member << YAML::Value << YAML::Flow << YAML::BeginMap;
  show_source(out, field);
  if (!field.with.empty()) {
    key(out, "with");
    text(out, field.with);
  }
  if (field.absent) {
    key(out, "default");
    scalar(out, *field.absent);
  }
  show_values(out, field);
  if (!field.names.empty()) {
    key(out, "names");
    list(out, field.names, text);
  }
  show_time(out, field);
  if (field.member == "latency_ms") {
    key(out, "unit");
    out << latency_unit_names[static_cast<std::size_t>(field.unit)];
  }
  out << YAML::EndMap;
}

void show_condition(Emitter& out, const Condition& condition) {
  out << YAML::Flow << YAML::BeginMap;
  key(out, "at");
  text(out, condition.at.text);
  if (condition.present) {
    key(out, "present");
    out << (*condition.present ? "true" : "false");
  } else {
    key(out, "in");
    list(out, condition.among, text);
  }
  out << YAML::EndMap;
}

void show_when(Emitter& out, const std::vector<Condition>& when) {
  if (when.empty()) return;
  key(out, "when");
  list(out, when, show_condition);
}

void show_rule(Emitter& out, const MapRule& rule) {
  out << YAML::BeginMap;
  key(out, "type");
  out << rule.type;
  if (rule.extends) {
    key(out, "extends");
    out << "true";
  }
  show_when(out, rule.when);
  if (rule.each) {
    key(out, "each");
    out << YAML::Flow << YAML::BeginMap;
    key(out, "at");
    text(out, rule.each->at.text);
    key(out, "as");
    out << row_form_names[static_cast<std::size_t>(rule.each->form)];
    show_when(out, rule.each->when);
    out << YAML::EndMap;
  }
  key(out, "fields");
  out << YAML::BeginMap;
  for (const auto& field : rule.fields) show_field(out, field);
  out << YAML::EndMap << YAML::EndMap;
}

}  // namespace

void show_map_rules(Emitter& out, const std::vector<MapRule>& rules) {
  if (rules.empty()) return;
  key(out, "map");
  out << YAML::BeginSeq;
  for (const auto& rule : rules) show_rule(out, rule);
  out << YAML::EndSeq;
}

}  // namespace pilotwatch::settings
