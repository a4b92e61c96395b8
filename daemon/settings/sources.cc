// SPDX-License-Identifier: Apache-2.0
// YAML `sources`: who brings records, for whom, and in what form.
#include <algorithm>
#include <array>

#include "settings/sections.h"

namespace pilotwatch::settings {
namespace {

constexpr std::array kind_keys = {"file", "http", "otlp"};

class SourceReader {
 public:
  SourceReader(const Value& value, bool pilots_are_sound, const Settings& settings)
      : map_(value), pilots_are_sound_(pilots_are_sound), settings_(settings) {}

  Source read(UniqueNames& names) {
    out_.name = names.read(map_, "name");
    if (out_.name == settings_.http.name) map_.take("name")->problem("'http' is the name of what comes by HTTP");
    read_kind();
    read_rest();
    read_pilots();
    // Nobody sends the wire format as OTLP.
    if (out_.kind == SourceKind::otlp) out_.mapping.preset = SourcePreset::otel_genai;
    read_mapping(map_, out_.mapping);
    map_.finish();
    return std::move(out_);
  }

 private:
  /// Exactly one of `file: PATTERN`, `http: true`, `otlp: true`.
  void read_kind() {
    std::vector<Value> given;
    for (const auto* key : kind_keys) {
      if (auto value = map_.take(key)) given.push_back(*std::move(value));
    }
    if (given.empty()) map_.value().problem("needs one of file, http, otlp");
    if (given.size() > 1) given[1].key_problem("a source is of one kind only: file, http or otlp");
    if (given.size() == 1) read_kind(given.front());
    one_kind_ = given.size() == 1;
  }

  void read_kind(const Value& value) {
    if (value.path().ends_with(".file")) return read_files(value);
    if (value.flag() == false) value.wrong("true");
    out_.kind = value.path().ends_with(".http") ? SourceKind::http : SourceKind::otlp;
  }

  void read_files(const Value& value) {
    out_.kind = SourceKind::file;
    const auto add = [&](const Value& item) {
      if (const auto path = item.filled_text()) out_.files.push_back(beside_config(*path));
    };
    if (!value.node().IsSequence()) return add(value);
    for (const auto& item : value.items()) add(item);
    if (value.node().size() == 0) value.problem("needs at least one file");
  }

  /// Keys that only some kinds have.
  void read_rest() {
    only("poll_interval", out_.kind == SourceKind::file, "file");
    map_.read("poll_interval", out_.poll_interval, &Value::duration, Zero::refused);
    read_tail();
    only("format", out_.kind != SourceKind::otlp, "file and http");
    map_.read_choice("format", out_.format, source_format_names);
    only("separator", out_.kind != SourceKind::otlp, "file and http");
    std::size_t separator = 0;
    map_.read_choice("separator", separator, separator_names);
    out_.separator = ",;\t"[separator];
    only("token_file", out_.kind != SourceKind::file, "http and otlp");
    std::string token_file;
    map_.read("token_file", token_file, &Value::filled_text);
    if (!token_file.empty()) out_.token_file = beside_config(token_file);
  }

  /// How files are followed.
  void read_tail() {
    for (const auto* key : {"start_at", "max_open_files", "ignore_older"})
      only(key, out_.kind == SourceKind::file, "file");
    map_.read_choice("start_at", out_.start_at, start_at_names);
    map_.read("max_open_files", out_.max_open_files, &Value::whole, Whole{4, 100'000});
    map_.read("ignore_older", out_.ignore_older, &Value::duration, Zero::allowed);
  }

  void only(std::string_view key, bool here, const char* kinds) {
    if (here || !one_kind_) return;
    if (const auto value = map_.take(key)) value->key_problem(std::string("is only for sources of kind ") + kinds);
  }

  void read_pilots() {
    if (const auto value = map_.take("pilot")) out_.pilot = known_pilot(*value);
    if (const auto value = map_.take("pilots")) {
      for (const auto& item : value->items()) out_.pilots.push_back(known_pilot(item));
      if (value->node().IsSequence() && value->node().size() == 0) value->problem("needs at least one pilot");
      if (!out_.pilot.empty() && std::ranges::find(out_.pilots, out_.pilot) == out_.pilots.end())
        value->problem("must name " + in_quotes(out_.pilot) + ", the pilot of records that name none");
    }
  }

  std::string known_pilot(const Value& value) const {
    const auto name = value.text().value_or("");
    std::vector<std::string_view> known;
    for (const auto& pilot : settings_.pilots) known.push_back(pilot.name);
    if (value.node().IsScalar() && pilots_are_sound_) value.must_be_known(name, "a pilot", known);
    return name;
  }

  [[nodiscard]] std::filesystem::path beside_config(const std::string& path) const {
    return (settings_.file.parent_path() / path).lexically_normal();
  }

  MapReader map_;
  bool pilots_are_sound_;
  const Settings& settings_;
  bool one_kind_ = false;
  Source out_;
};

}  // namespace

void read_sources(const Value& list, bool pilots_are_sound, Settings& out) {
  UniqueNames names;
  for (const auto& item : list.items()) out.sources.push_back(SourceReader(item, pilots_are_sound, out).read(names));
}

}  // namespace pilotwatch::settings
