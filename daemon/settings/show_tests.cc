// SPDX-License-Identifier: Apache-2.0
#include "settings/show_tests.h"

#include <map>
#include <string>

#include "base/text.h"

namespace pilotwatch::settings {
namespace {

using Emitter = YAML::Emitter;

void key(Emitter& out, const std::string& name) { out << YAML::Key << name << YAML::Value; }

void pair(Emitter& out, const char* name, const std::string& value) {
  key(out, name);
  out << value;
}

void time(Emitter& out, const char* name, const std::optional<Instant>& value) {
  if (value) pair(out, name, format_rfc3339(*value));
}

void scalar(Emitter& out, const Scalar& value, const std::string& behind) {
  if (value.kind == Scalar::Kind::text) {
    out << YAML::DoubleQuoted << value.text + behind;
  } else {
    out << value.text + behind;
  }
}

void values(Emitter& out, const TestMember& member) {
  if (!member.listed) return scalar(out, member.runs.front().value, "");
  out << YAML::Flow << YAML::BeginSeq;
  for (const auto& run : member.runs) {
    const auto last = run.last ? ".." + format_number(*run.last) : "";
    scalar(out, run.value, last + "*" + std::to_string(run.times));
  }
  out << YAML::EndSeq;
}

/// Members of one object stand in one map.
void members(Emitter& out, const TestSeries& series) {
  std::map<std::string, std::vector<const TestMember*>> objects;
  for (const auto& member : series.members) {
    const auto dot = member.name.find('.');
    if (dot != std::string::npos) {
      objects[member.name.substr(0, dot)].push_back(&member);
      continue;
    }
    key(out, member.name);
    values(out, member);
  }
  for (const auto& [object, of_object] : objects) {
    key(out, object);
    out << YAML::Flow << YAML::BeginMap;
    for (const auto* member : of_object) {
      out << YAML::Key << YAML::DoubleQuoted << member->name.substr(object.size() + 1) << YAML::Value;
      values(out, *member);
    }
    out << YAML::EndMap;
  }
}

void series(Emitter& out, const TestSeries& s) {
  out << YAML::BeginMap;
  pair(out, "type", s.type);
  time(out, "time", s.first);
  pair(out, "every", format_duration(s.every));
  pair(out, "times", std::to_string(s.times));
  time(out, "opened_at", s.opened_at);
  members(out, s);
  out << YAML::EndMap;
}

void step(Emitter& out, const TestStep& s) {
  out << YAML::Flow << YAML::BeginMap;
  pair(out, "to", s.to);
  time(out, "at", s.at);
  time(out, "after", s.after);
  time(out, "by", s.by);
  out << YAML::EndMap;
}

void expectation(Emitter& out, const TestExpectation& e) {
  out << YAML::BeginMap;
  pair(out, "limit", e.limit);
  if (!e.group.empty()) {
    key(out, "group");
    out << YAML::DoubleQuoted << e.group;
  }
  time(out, "at", e.at);
  if (!e.state.empty()) pair(out, "state", e.state);
  if (e.transitions) {
    key(out, "transitions");
    if (e.transitions->empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& s : *e.transitions) step(out, s);
    out << YAML::EndSeq;
  }
  if (!e.never.empty()) {
    key(out, "never");
    out << YAML::Flow << e.never;
  }
  out << YAML::EndMap;
}

void test(Emitter& out, const LimitTest& t, const std::filesystem::path& folder) {
  out << YAML::BeginMap;
  key(out, "name");
  out << YAML::DoubleQuoted << t.name;
  pair(out, "pilot", t.pilot);
  time(out, "start", t.start);
  time(out, "end", t.end);
  if (!t.file.empty()) pair(out, "file", folder.empty() ? t.file.string() : t.file.lexically_relative(folder).string());
  if (!t.records.empty()) {
    key(out, "records");
    out << YAML::BeginSeq;
    for (const auto& s : t.records) series(out, s);
    out << YAML::EndSeq;
  }
  key(out, "expect");
  out << YAML::BeginSeq;
  for (const auto& e : t.expect) expectation(out, e);
  out << YAML::EndSeq << YAML::EndMap;
}

}  // namespace

void show_tests(Emitter& out, const Settings& settings) {
  if (settings.tests.empty()) return;
  key(out, "tests");
  out << YAML::BeginSeq;
  for (const auto& t : settings.tests) test(out, t, settings.file.parent_path());
  out << YAML::EndSeq;
}

}  // namespace pilotwatch::settings
