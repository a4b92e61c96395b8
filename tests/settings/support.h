// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "settings/load.h"

namespace pilotwatch::settings::testing {

/// Every problem on its line; "" where there is none.
inline std::string problems(std::string_view yaml) {
  const auto parsed = parse(yaml, "p.yml");
  std::string out;
  if (const auto* found = std::get_if<std::vector<Problem>>(&parsed)) {
    for (const auto& problem : *found) out += to_string(problem) + '\n';
  }
  return out;
}

inline Settings valid(std::string_view yaml, const std::filesystem::path& file = "p.yml") {
  auto parsed = parse(yaml, file);
  if (auto* settings = std::get_if<Settings>(&parsed)) return std::move(*settings);
  throw std::runtime_error(problems(yaml));
}

/// Lines that follow a pilot of the task, at the indentation of its keys; the first is line 2.
inline std::string pilot(const std::string& task, const std::string& rest) {
  return "pilots:\n- {name: p, task: " + task +
         ", reference: {first: 100}, features: [{name: age, kind: numeric}, {name: sex, kind: categorical}]," +
         " segments: {attributes: [region]}" + rest + "}\n";
}

/// The complaints about one limit of such a pilot, without place.
inline std::string limit_problems(const std::string& task, const std::string& limit) {
  const std::string yaml =
      pilot(task, (task == "multiclass" ? ", classes: [a, b]" : std::string()) + ", limits: [{" + limit + "}]");
  const auto parsed = parse(yaml, "p.yml");
  std::string out;
  if (const auto* found = std::get_if<std::vector<Problem>>(&parsed)) {
    for (const auto& problem : *found)
      out += (out.empty() ? "" : "\n") +
             problem.path.substr(std::min(problem.path.size(), std::string("pilots[0].").size())) + ": " +
             problem.message;
  }
  return out;
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace pilotwatch::settings::testing
