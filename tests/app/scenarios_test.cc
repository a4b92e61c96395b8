// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "app/simulation.h"

using namespace pilotwatch;
using namespace pilotwatch::app;
using nlohmann::json;

namespace {

std::vector<json> records(const std::string& scenario, std::uint64_t seed = 1) {
  auto options = scenario_options(scenario);
  options.seed = seed;
  Simulation simulation(options);
  std::vector<json> out;
  while (auto line = simulation.next()) out.push_back(json::parse(line->json));
  return out;
}

/// How many of the records that `is` names have the member with the value.
struct Share {
  double events = 0, n = 0;
  [[nodiscard]] double value() const { return events / n; }
};
Share share(const std::vector<json>& all, const char* type, const char* member, const json& value) {
  Share out;
  for (const auto& r : all) {
    if (r["type"] != type) continue;
    ++out.n;
    out.events += r.value(member, json()) == value ? 1 : 0;
  }
  return out;
}

/// Complaints by the group of the decision that they are about.
std::map<std::string, int> complaints_by_group(const std::vector<json>& all) {
  std::map<std::string, std::string> groups;
  std::map<std::string, int> out;
  for (const auto& r : all) {
    if (r["type"] == "prediction") ++out["decisions " + (groups[r["id"]] = r["segments"]["nationality"])];
    if (r["type"] == "complaint") ++out["complaints " + groups.at(r["prediction_id"])];
  }
  return out;
}

}  // namespace

TEST_CASE("scenarios: each has records of one pilot of its name, in the order of time") {
  for (const auto name : simulated_scenarios) {
    CAPTURE(name);
    const auto all = records(std::string(name));
    CHECK(all.size() > 3000);
    std::string last;
    for (const auto& r : all) {
      REQUIRE(r["pilot"] == name);
      REQUIRE(r["time"].get<std::string>() >= last);
      last = r["time"];
    }
    CHECK(all != records(std::string(name), 2));
  }
  CHECK_THROWS_AS(scenario_options("enron"), std::invalid_argument);
}

TEST_CASE("scenarios: the rates are those of the sources") {
  const auto midas = records("midas");
  CHECK(share(midas, "complaint_update", "found_for", "person").value() == Approx(.92).margin(.03));
  CHECK(share(midas, "outcome", "actual", 0).value() ==
        share(midas, "complaint_update", "found_for", "person").value());
  const auto dwp = records("dwp");
  CHECK(share(dwp, "outcome", "actual", 1).value() == Approx(.37).margin(.035));
  CHECK(share(dwp, "prediction", "prediction", 1).value() == Approx(.2).margin(.02));
  CHECK(share(records("robodebt"), "outcome", "actual", 0).value() == Approx(.2).margin(.015));
}

TEST_CASE("scenarios: the counts of toeslagen are the same with every seed") {
  for (const std::uint64_t seed : {1U, 2U, 77U}) {
    CAPTURE(seed);
    CHECK(complaints_by_group(records("toeslagen", seed)) ==
          std::map<std::string, int>{
              {"complaints one", 10}, {"complaints second", 12}, {"decisions one", 3200}, {"decisions second", 800}});
  }
}

TEST_CASE("scenarios: only one kind of complaint surges in mycity") {
  std::map<std::string, std::pair<int, int>> by_category;  // before and after day 42
  for (const auto& r : records("mycity")) {
    if (r["type"] != "complaint") continue;
    auto& [before, after] = by_category[r["category"]];
    ++(r["time"] < "2026-02-16" ? before : after);
  }
  const auto& [before, after] = by_category.at("information_wrong");
  CHECK(after > 4 * before);
  const auto& [slow_before, slow_after] = by_category.at("slow");
  CHECK(slow_after < 1.5 * slow_before);
  CHECK(slow_after > 0.6 * slow_before);
}

TEST_CASE("scenarios: in season the errors differ by the hour and the day") {
  std::map<std::string, json> predicted;
  Share night, day;
  for (const auto& r : records("season")) {
    if (r["type"] == "prediction") predicted[r["id"]] = r;
    if (r["type"] != "outcome") continue;
    const auto& p = predicted.at(r["id"]);
    const auto hour = std::stoi(p["time"].get<std::string>().substr(11, 2));
    auto& group = hour < 7 || hour >= 20 ? night : day;
    ++group.n;
    group.events += p["prediction"] != r["actual"] ? 1 : 0;
  }
  CHECK(night.value() > 1.3 * day.value());
}
