// SPDX-License-Identifier: Apache-2.0
// Figures of 11 groups published by the Aequitas project, recomputed from its data.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "stats/fairness/ruling.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using nlohmann::json;
using enum GroupRate;
const std::string folder = std::string(PILOTWATCH_SHARED) + "/data/compas_aequitas/";

using Groups = std::map<std::string, GroupCounts>;

/// attribute -> group -> counts. The columns: entity_id, score (0/1), label_value (0/1), race, sex, age_cat.
std::optional<std::map<std::string, Groups>> read_groups() {
  std::ifstream in(folder + "compas_for_aequitas.csv");
  if (!in) {
    WARN("SKIPPED: " << folder << "compas_for_aequitas.csv is absent");
    return std::nullopt;
  }
  std::map<std::string, Groups> out;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() == 6);
    ConfusionCounts one;
    one.add(std::stod(cells[1]) == 1, std::stod(cells[2]) == 1);
    for (const auto& [attribute, column] : {std::pair{"race", 3}, {"sex", 4}, {"age_cat", 5}}) {
      out[attribute][cells[static_cast<std::size_t>(column)]] += fully_known(one);
    }
  }
  return out;
}

double ratio(const GroupCounts& a, const GroupCounts& b, GroupRate rate) {
  return *rate_ratio_of_groups(a, b, rate).value;
}

std::map<std::string, double> figures(const GroupCounts& g, const GroupCounts& reference, double all_selected) {
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  const auto& c = g.outcomes;
  return {{"tp", count(c.tp)},
          {"fp", count(c.fp)},
          {"fn", count(c.fn)},
          {"tn", count(c.tn)},
          {"group_size", count(g.total)},
          {"tpr", *rate_of(g, true_positive)},
          {"tnr", *rate_of(g, true_negative)},
          {"fpr", *rate_of(g, false_positive)},
          {"fnr", *rate_of(g, false_negative)},
          {"fdr", *rate_of(g, false_discovery)},
          {"for", *rate_of(g, false_omission)},
          {"npv", *rate_of(g, negative_predictive)},
          {"precision", *rate_of(g, precision)},
          {"pprev", *rate_of(g, selection)},
          {"ppr", count(g.selected) / all_selected},
          {"prev", *rate_of(g, prevalence)},
          {"fpr_disparity", ratio(g, reference, false_positive)},
          {"fnr_disparity", ratio(g, reference, false_negative)},
          {"fdr_disparity", ratio(g, reference, false_discovery)},
          {"for_disparity", ratio(g, reference, false_omission)},
          {"precision_disparity", ratio(g, reference, precision)},
          {"npv_disparity", ratio(g, reference, negative_predictive)},
          {"pprev_disparity", ratio(g, reference, selection)},
          {"ppr_disparity", count(g.selected) / count(reference.selected)},
          {"tpr_disparity", ratio(g, reference, true_positive)}};
}

TEST_CASE("compas_aequitas: counts, rates and disparities of 11 groups are the published ones") {
  const auto attributes = read_groups();
  if (!attributes) return;
  std::ifstream in(folder + "expected.json");
  const auto expected = json::parse(in)["values"];
  int groups = 0, values = 0;
  for (const auto& [attribute, published] : expected.items()) {
    const auto& mine = attributes->at(attribute);
    REQUIRE(mine.size() == published["groups"].size());
    const auto& reference = mine.at(published["reference"].get<std::string>());
    double all_selected = 0;
    for (const auto& [name, g] : mine) all_selected += static_cast<double>(g.selected);
    for (const auto& [name, members] : published["groups"].items()) {
      CAPTURE(attribute, name);
      const auto got = figures(mine.at(name), reference, all_selected);
      CHECK(got.size() == members.size());
      for (const auto& [member, value] : members.items()) {
        CAPTURE(member);
        REQUIRE(got.contains(member));
        testing::check_value(got.at(member), value, {1e-12, 0});
        ++values;
      }
      ++groups;
    }
  }
  CHECK(groups == 11);
  testing::report("compas_aequitas", groups, values);
}

Compliance verdict(const GroupCounts& g, const GroupCounts& reference, GroupRate rate, Minimum minimum = {}) {
  return judge(rate_ratio_of_groups(g, reference, rate, {.minimum = minimum}), {0.8, 1.25}).verdict;
}

TEST_CASE("compas_aequitas: groups of 18 and 32 are not enough evidence, whatever their point values say") {
  const auto attributes = read_groups();
  if (!attributes) return;
  const auto& race = attributes->at("race");
  const auto& reference = race.at("Caucasian");
  for (const auto* small : {"Native American", "Asian"}) {
    for (const auto rate : {false_discovery, false_positive, false_negative}) {
      CAPTURE(small, name(rate));
      CHECK(verdict(race.at(small), reference, rate) == Compliance::not_enough_evidence);
      CHECK(verdict(race.at(small), reference, rate, {1, 1}) == Compliance::not_enough_evidence);  // nor by intervals
    }
  }
  CHECK(race.at("Native American").total == 18);
  CHECK(race.at("Asian").total == 32);
}

TEST_CASE("compas_aequitas: the large groups' published verdicts hold with intervals where these can tell") {
  const auto attributes = read_groups();
  if (!attributes) return;
  const auto& race = attributes->at("race");
  const auto& reference = race.at("Caucasian");
  const auto& black = race.at("African-American");
  CHECK(verdict(black, reference, false_discovery) == Compliance::met);
  CHECK(verdict(black, reference, false_positive) == Compliance::not_met);
  CHECK(verdict(black, reference, false_negative) == Compliance::not_met);
  // published as passed: the value is inside, the interval of 637 people is not
  CHECK(verdict(race.at("Hispanic"), reference, false_positive) == Compliance::not_enough_evidence);
}

}  // namespace
}  // namespace pilotwatch::stats
