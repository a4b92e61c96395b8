// SPDX-License-Identifier: Apache-2.0
// The published schema names what the program knows, no more and no less. tests/e2e/backtest_schema_test.py validates
// whole outputs against it.
#include "sinks/schema.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "judge/status.h"
#include "record/record.h"

using namespace pilotwatch;
using Json = nlohmann::json;
using Names = std::set<std::string>;

namespace {

const Json& schema() {
  static const Json parsed = Json::parse(sinks::backtest_schema());
  return parsed;
}

Names names(const Json& list) { return list.get<Names>(); }

template <std::size_t N>
Names names(const char* const (&list)[N]) {
  return {std::begin(list), std::end(list)};
}

}  // namespace

TEST_CASE("schema: the program has the repository's file, byte for byte") {
  std::ifstream file(PILOTWATCH_SOURCE "/daemon/sinks/schema/backtest.json", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(sinks::backtest_schema() == text.str());
  CHECK(schema().at("$id") == sinks::backtest_schema_id);
  CHECK(schema().at("$defs").at("schema_line").at("properties").at("schema").at("const") == sinks::backtest_schema_id);
}

TEST_CASE("schema: every metric with figures is known, and has one range") {
  auto ours = names(settings::metric_names);
  ours.erase("drift");  // evidence only, no figure of a window
  const auto& defs = schema().at("$defs");
  CHECK(names(defs.at("metric").at("enum")) == ours);
  std::map<std::string, int> ranges;
  for (const auto& range : defs.at("metric_ranges").at("anyOf")) {
    const auto& metric = range.at("properties").at("metric");
    for (const auto& name : metric.contains("enum") ? metric.at("enum") : Json{metric.at("const")}) ++ranges[name];
  }
  Names ranged;
  for (const auto& [name, times] : ranges) {
    CAPTURE(name);
    CHECK(times == 1);
    ranged.insert(name);
  }
  CHECK(ranged == ours);
}

TEST_CASE("schema: states and kinds of changes are those of the program") {
  const auto& defs = schema().at("$defs");
  CHECK(names(defs.at("limit_state").at("enum")) == names(judge::state_names));
  const auto& change = defs.at("change_line").at("properties").at("change").at("properties");
  CHECK(names(change.at("what").at("enum")) == names(record::what_names));
  const auto& finding = defs.at("finding_line").at("properties").at("finding").at("properties");
  CHECK(names(finding.at("kind").at("enum")) == Names{engine::unannounced_version_change});
}

TEST_CASE("schema: objects are strict: every member is required, described by its name, and no other is allowed") {
  std::size_t objects = 0;
  const std::function<void(const Json&)> visit = [&](const Json& node) {
    if (node.is_object() && node.contains("required")) {
      ++objects;
      CAPTURE(node.at("required"));
      CHECK(node.value("additionalProperties", true) == false);
      for (const auto& name : node.at("required")) CHECK(node.at("properties").contains(name));
    }
    if (node.is_structured()) {
      for (const auto& child : node) visit(child);
    }
  };
  visit(schema());
  CHECK(objects >= 10);
}
