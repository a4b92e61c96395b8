// SPDX-License-Identifier: Apache-2.0
// The published vectors, all of them: prints what was compared, fails on a file or a case it does not know.
#include "stats/vectors/vectors.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;
const std::filesystem::path folder = std::filesystem::path(PILOTWATCH_SHARED) / "vectors";

const std::map<std::string, Ran (*)(const json&)> runners{
    {"distances_binned.json", run_distances_binned},
    {"distances_samples.json", run_distances_samples},
    {"peer_vectors.json", run_peer_vectors},
    {"intervals_proportion.json", run_intervals_proportion},
    {"intervals_poisson.json", run_intervals_poisson},
    {"fairness.json", run_fairness},
    {"classification.json", run_classification},
    {"multiclass.json", run_multiclass},
    {"regression.json", run_regression},
    {"sequential.json", run_sequential},
};
/// Not unit vectors: tests/stats/simulation runs them, and fails on an id it does not know.
const std::set<std::string> run_elsewhere{"acceptance_simulations.json"};

TEST_CASE("vectors: every file of the folder, every case, every value") {
  if (!std::filesystem::exists(folder)) {
    WARN("SKIPPED: " << folder << " is absent");
    return;
  }
  for (const auto& [name, run] : runners) {
    DYNAMIC_SECTION(name) {
      std::ifstream in(folder / name);
      REQUIRE(in);  // a file that has gone is noticed
      const auto file = json::parse(in);
      const auto ran = run(file);
      const auto cases = file.contains("cases") ? file["cases"].size() : file.size();
      std::cout << name << ": " << ran.cases << " of " << cases << " cases, " << ran.values << " values compared\n";
      CHECK(static_cast<std::size_t>(ran.cases) == cases);
      CHECK(ran.values >= ran.cases);
    }
  }
  SECTION("no file is unknown") {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      CAPTURE(name);
      if (entry.path().extension() == ".json") CHECK((runners.contains(name) || run_elsewhere.contains(name)));
    }
  }
}

}  // namespace
}  // namespace pilotwatch::stats::testing
