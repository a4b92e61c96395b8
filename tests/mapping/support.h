// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mapping/translator.h"
#include "settings/load.h"

namespace pilotwatch::mapping::testing {

/// A source by its keys beside name and pilot: "http: true, preset: kserve". Lives as long as the program.
inline const settings::Source& source(const std::string& keys) {
  static std::deque<settings::Settings> kept;
  const auto yaml = "pilots: [{name: p, task: binary}]\nsources:\n- {name: s, " + keys + "}\n";
  auto parsed = settings::parse(yaml, "p.yml");
  if (auto* problems = std::get_if<std::vector<settings::Problem>>(&parsed))
    throw std::runtime_error(settings::to_string(problems->front()));
  kept.push_back(std::get<settings::Settings>(std::move(parsed)));
  return kept.back().sources.front();
}

/// "1 {record}" a line, then "1 reason: detail" a line for rejects, then "ignored N" where any were.
inline std::string text(const Output& out) {
  std::string shown;
  std::size_t at = 0;
  for (const auto line : out.lines) {
    const auto end = out.records.find('\n', at);
    shown += std::to_string(line) + " " + out.records.substr(at, end - at) + "\n";
    at = end + 1;
  }
  CHECK(at == out.records.size());
  for (const auto& reject : out.rejects) {
    shown += std::to_string(reject.line) + " " + record::reason_names[static_cast<std::size_t>(reject.reason)] + ": " +
             reject.detail + "\n";
  }
  if (out.ignored > 0) shown += "ignored " + std::to_string(out.ignored) + "\n";
  return shown;
}

inline Output translate(const std::string& keys, std::string_view bytes, Framing framing = Framing::json,
                        std::vector<std::pair<std::string, std::string>> attributes = {}) {
  Translator translator(source(keys), 1 << 20);
  Input input;
  input.bytes = bytes;
  input.framing = framing;
  input.attributes = std::move(attributes);
  input.received = parse_rfc3339("2026-05-01T00:00:00Z");
  return translator.translate(input);
}

inline std::string mapped(const std::string& keys, std::string_view bytes, Framing framing = Framing::json,
                          std::vector<std::pair<std::string, std::string>> attributes = {}) {
  return text(translate(keys, bytes, framing, std::move(attributes)));
}

/// One rule for predictions of which only these fields count; `id` and `time` are constant.
inline std::string field(const std::string& name, const std::string& rule, const std::string& record,
                         const std::string& more = "") {
  const auto keys = "http: true, map: [{type: prediction, " + more + "fields: {id: {value: i}, time: {value: t}, " +
                    name + ": " + rule + "}}]";
  const auto shown = mapped(keys, record);
  const std::string begin = R"(1 {"type":"prediction","id":"i","time":"t",)";
  return shown.starts_with(begin) ? shown.substr(begin.size(), shown.size() - begin.size() - 2) : shown;
}

}  // namespace pilotwatch::mapping::testing
