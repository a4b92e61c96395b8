// SPDX-License-Identifier: Apache-2.0
// `pilotwatch test config`: the tests of limits that stand in the settings.
#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "app/limit_test_run.h"
#include "app/references.h"
#include "base/text.h"
#include "settings/load.h"

namespace pilotwatch::app {
namespace {

std::string place(const settings::Settings& settings, settings::Position at) {
  return settings.file.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

/// Names of groups come from records.
void print(std::string line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  std::printf("%s\n", to_valid_utf8(line).c_str());
}

void print_transitions(const TestResult& result) {
  for (const auto& t : result.transitions) {
    print("    " + format_rfc3339(t.at) + " " + t.limit + (t.group.empty() ? "" : " (" + t.group + ")") + ": " +
          judge::state_names[static_cast<std::size_t>(t.from)] + " -> " +
          judge::state_names[static_cast<std::size_t>(t.to)] + ": " + t.reason);
  }
  print("    until " + format_rfc3339(result.end));
}

/// True where all expectations hold.
bool run(const settings::Settings& settings, const settings::LimitTest& test, const std::vector<TestRecord>& records,
         bool verbose) {
  const auto result = run_limit_test(settings, test, records);
  const bool passed = result.failures.empty();
  print(place(settings, test.place) + ": " + (passed ? "ok" : "FAILED") + ": " + test.name);
  for (const auto& failure : result.failures) {
    print("  " + place(settings, failure.place) + ": " + failure.expected);
    print("      got " + failure.got);
  }
  // Two series of one id are one series: mostly not what was meant.
  if (result.repeats > 0) print("  " + std::to_string(result.repeats) + " records repeat others and change nothing");
  if (result.refused > 0) print("  " + std::to_string(result.refused) + " records are more than the pilot's bounds let in");
  if (verbose) print_transitions(result);
  return passed;
}

int tell(const std::vector<settings::Problem>& problems) {
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", settings::to_string(problem).c_str());
  return 2;
}

int run_all(const settings::Settings& settings, const TestConfigOptions& options) {
  for (const auto& name : options.names) {
    if (std::ranges::find(settings.tests, name, &settings::LimitTest::name) != settings.tests.end()) continue;
    std::fprintf(stderr, "%s has no test named '%s'\n", options.config_file.c_str(), name.c_str());
    return 2;
  }
  std::size_t passed = 0, failed = 0;
  for (const auto& test : settings.tests) {
    if (!options.names.empty() && std::ranges::find(options.names, test.name) == options.names.end()) continue;
    auto records = test_records(settings, test);
    if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&records)) return tell(*problems);
    ++(run(settings, test, std::get<std::vector<TestRecord>>(records), options.verbose) ? passed : failed);
  }
  if (passed + failed == 0) {
    std::fprintf(stderr, "%s has no tests\n", options.config_file.c_str());
    return 2;
  }
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return failed > 0 ? 1 : 0;
}

}  // namespace

int test_config(const TestConfigOptions& options) {
  const auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) return tell(*problems);
  try {
    return run_all(std::get<settings::Settings>(loaded), options);
  } catch (const ReferenceError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

}  // namespace pilotwatch::app
