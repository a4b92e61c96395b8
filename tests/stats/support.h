// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>

#include "stats/answer.h"

namespace pilotwatch::stats::testing {

/// The published vectors, or nullopt (said aloud by name) on a machine that has not got them.
inline std::optional<nlohmann::json> vectors(const std::string& file) {
  const std::string path = std::string(PILOTWATCH_SHARED) + "/vectors/" + file;
  std::ifstream in(path);
  if (!in) {
    WARN("SKIPPED: " << path << " is absent");
    return std::nullopt;
  }
  return nlohmann::json::parse(in);
}

struct Tolerance {
  double rel, abs;
};

/// vectors/README.md: null = undefined, "inf" = a true infinity, otherwise |got - expected| <= max(rel |expected|,
/// abs).
inline void check_value(std::optional<double> got, const nlohmann::json& expected, Tolerance tolerance) {
  CAPTURE(got.value_or(std::numeric_limits<double>::quiet_NaN()), expected.dump());
  REQUIRE(got.has_value() == !expected.is_null());
  if (!got) return;
  if (expected.is_string()) {
    REQUIRE(expected == "inf");
    CHECK(*got == std::numeric_limits<double>::infinity());
    return;
  }
  const double want = expected.get<double>();
  CHECK(std::abs(*got - want) <= std::max(tolerance.rel * std::abs(want), tolerance.abs));
}

inline void check_value(const Answer<double>& got, const nlohmann::json& expected, Tolerance tolerance) {
  check_value(optional(got), expected, tolerance);
}

inline void check_value(double got, const nlohmann::json& expected, Tolerance tolerance) {
  check_value(std::optional(got), expected, tolerance);
}

inline Tolerance tolerance_of(const nlohmann::json& file) {
  return {file["tolerance"]["rel"].get<double>(), file["tolerance"]["abs"].get<double>()};
}

/// A new seed each run, printed; PILOTWATCH_SEED=<number> plays a failure again.
inline std::uint64_t seed_of(const std::string& property) {
  const char* given = std::getenv("PILOTWATCH_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << property << ": seed " << seed << '\n';
  return seed;
}

/// A run that compared nothing must not look like one that passed.
inline void report(const std::string& file, int cases, int values) {
  std::cout << file << ": " << cases << " cases, " << values << " values compared\n";
  REQUIRE(cases > 0);
  REQUIRE(values > 0);
}

}  // namespace pilotwatch::stats::testing
