// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "stats/interval/one_sample.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

int check_interval(const Answer<Interval>& got, const nlohmann::json& expected, Tolerance tolerance) {
  REQUIRE(got.has_value() == !expected.is_null());
  if (!got) return 1;
  REQUIRE(expected.size() == 2);
  check_value(got->lower, expected[0], tolerance);
  check_value(got->upper, expected[1], tolerance);
  return 2;
}

}  // namespace

Ran run_intervals_proportion(const nlohmann::json& file) {
  Ran ran;
  const auto tolerance = tolerance_of(file);
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto k = c["input"]["successes"].get<std::uint64_t>(), n = c["input"]["trials"].get<std::uint64_t>();
    const auto confidence = c["input"]["confidence"].get<double>();
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (member == "wilson") {
        ran.values += check_interval(wilson(k, n, confidence), expected, tolerance);
      } else if (member == "clopper_pearson") {
        ran.values += check_interval(clopper_pearson(k, n, confidence), expected, tolerance);
      } else if (member == "jeffreys") {
        ran.values += check_interval(jeffreys(k, n, confidence), expected, tolerance);
      } else if (member == "cp_upper_one_sided") {
        check_value(clopper_pearson_upper(k, n, confidence), expected, tolerance);
        ++ran.values;
      } else if (member == "cp_lower_one_sided") {
        check_value(clopper_pearson_lower(k, n, confidence), expected, tolerance);
        ++ran.values;
      } else {
        FAIL("unknown member");
      }
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
