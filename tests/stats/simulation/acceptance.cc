// SPDX-License-Identifier: Apache-2.0
// Runs ../shared/vectors/acceptance_simulations.json: every test of the file, and fails on one it does not know.
//
//   acceptance [--quick] [--seed N] [ID...]     exit 0: all pass, 1: a figure is out of its bounds, 77: the file is
//   absent
#include "stats/simulation/acceptance.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

namespace {

using namespace pilotwatch::stats::simulation;

bool run(const std::string& id, const Test& test, const nlohmann::json& text, const Scale& scale) {
  const auto start = std::chrono::steady_clock::now();
  bool passes = true;
  std::printf("%s: %s\n", id.c_str(), text["setup"].get<std::string>().c_str());
  for (const auto& figure : test(scale)) {
    std::printf("  %-34s %12.6g   bounds [%.6g, %.6g]", figure.name.c_str(), figure.observed, figure.low, figure.high);
    if (figure.slack > 0) std::printf(" +- %.3g (quick)", figure.slack);
    std::printf("  %s\n", figure.passes() ? "ok" : "FAILED");
    passes = passes && figure.passes();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("  %-34s %s;  the file: %s  (%.1f s)\n", "", text.value("observed", nlohmann::json("-")).dump().c_str(),
              text["pass_if"].get<std::string>().c_str(), took.count());
  std::fflush(stdout);
  return passes;
}

}  // namespace

int main(int argc, char** argv) {
  Scale scale;
  std::set<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      scale.quick = true;
    } else if (argument == "--seed" && i + 1 < argc) {
      scale.seed = std::stoull(argv[++i]);
    } else {
      wanted.insert(argument);
    }
  }
  const std::string path = std::string(PILOTWATCH_SHARED) + "/vectors/acceptance_simulations.json";
  std::ifstream in(path);
  if (!in) {
    std::cout << "SKIPPED: " << path << " is absent\n";
    return 77;
  }
  const auto file = nlohmann::json::parse(in);
  Tests tests;
  add_bernoulli_tests(tests);
  add_dependence_tests(tests);
  add_numeric_tests(tests);
  add_other_tests(tests);
  std::printf("seed %llu%s\n", static_cast<unsigned long long>(scale.seed), scale.quick ? ", quick" : "");
  int failed = 0, ran = 0;
  for (const auto& text : file["tests"]) {
    const std::string id = text["id"];
    if (!wanted.empty() && !wanted.contains(id)) continue;
    if (!tests.contains(id)) {
      std::printf("%s: FAILED, unknown to this program\n", id.c_str());
      ++failed;
      continue;
    }
    failed += run(id, tests.at(id), text, scale) ? 0 : 1;
    ++ran;
  }
  std::printf("%d of %zu tests run, %d failed\n", ran, file["tests"].size(), failed);
  return failed == 0 && ran > 0 ? 0 : 1;
}
