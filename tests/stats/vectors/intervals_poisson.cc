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

Ran run_intervals_poisson(const nlohmann::json& file) {
  Ran ran;
  const auto tolerance = tolerance_of(file);
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto events = c["input"]["events"].get<std::uint64_t>();
    const auto exposure = c["input"]["exposure"].get<double>(), confidence = c["input"]["confidence"].get<double>();
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (member == "garwood") {
        ran.values += check_interval(garwood(events, exposure, confidence), expected, tolerance);
      } else if (member == "garwood_per_1000") {
        ran.values += check_interval(garwood(events, exposure / 1000, confidence), expected, tolerance);
      } else if (member == "upper_one_sided") {
        check_value(garwood_upper(events, exposure, confidence), expected, tolerance);
        ++ran.values;
      } else if (member == "rate") {
        const auto has = garwood(events, exposure, confidence).has_value();
        check_value(has ? std::optional(static_cast<double>(events) / exposure) : std::nullopt, expected, tolerance);
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
