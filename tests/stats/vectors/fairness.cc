// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>

#include "stats/fairness/comparison.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

GroupCounts rows_of(const nlohmann::json& input, int group) {
  GroupCounts out;
  for (std::size_t i = 0; i < input["group"].size(); ++i) {
    if (input["group"][i] != group) continue;
    const bool selected = input["pred"][i] == 1;
    ++out.total;
    out.selected += selected ? 1U : 0U;
    if (!input["y"].is_null()) out.outcomes.add(selected, input["y"][i] == 1);
  }
  return out;
}

}  // namespace

Ran run_fairness(const nlohmann::json& file) {
  Ran ran;
  const auto tolerance = tolerance_of(file);
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto u = rows_of(c["input"], 1), p = rows_of(c["input"], 0);
    const std::map<std::string, std::optional<double>> got{
        {"rate_unprivileged", optional(rate_of(u, GroupRate::selection))},
        {"rate_privileged", optional(rate_of(p, GroupRate::selection))},
        {"spd", optional(rate_difference(u, p, GroupRate::selection).value)},
        {"dir", optional(rate_ratio_of_groups(u, p, GroupRate::selection).value)},
        {"tpr_u", optional(rate_of(u, GroupRate::true_positive))},
        {"tpr_p", optional(rate_of(p, GroupRate::true_positive))},
        {"fpr_u", optional(rate_of(u, GroupRate::false_positive))},
        {"fpr_p", optional(rate_of(p, GroupRate::false_positive))},
        {"eod", optional(rate_difference(u, p, GroupRate::true_positive).value)},
        {"aod", optional(average_odds_difference(u, p).value)},
        {"equalized_odds_diff", optional(equalised_odds_difference(u, p).value)},
        {"accuracy_gap", optional(rate_difference(u, p, GroupRate::accuracy).value)}};
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      REQUIRE(got.contains(member));
      check_value(got.at(member), expected, tolerance);
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
