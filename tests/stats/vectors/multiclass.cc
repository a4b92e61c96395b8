// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "stats/performance/multiclass.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {

Ran run_multiclass(const nlohmann::json& file) {
  const auto tolerance = tolerance_of(file);
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto& input = c["input"];
    const std::size_t classes = c["expected"]["confusion"].size();
    if (input.contains("labels")) REQUIRE(input["labels"].size() == classes);
    ClassMatrix matrix(classes);
    for (std::size_t i = 0; i < input["y"].size(); ++i) {
      matrix.add(input["y"][i].get<std::size_t>(), input["pred"][i].get<std::size_t>());
    }
    const std::map<std::string, Answer<double>> got{
        {"accuracy", accuracy(matrix)}, {"mcc", mcc(matrix)},           {"cohen_kappa", cohen_kappa(matrix)},
        {"macro_f1", macro_f1(matrix)}, {"micro_f1", micro_f1(matrix)}, {"weighted_f1", weighted_f1(matrix)}};
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (member == "confusion") {
        for (std::size_t i = 0; i < classes; ++i) {
          REQUIRE(expected[i].size() == classes);
          for (std::size_t j = 0; j < classes; ++j, ++ran.values) CHECK(matrix.count(i, j) == expected[i][j]);
        }
        continue;
      }
      if (!got.contains(member)) FAIL("unknown member");
      check_value(got.at(member), expected, tolerance);
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
