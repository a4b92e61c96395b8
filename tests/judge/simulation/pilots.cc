// SPDX-License-Identifier: Apache-2.0
// Whole pilots through the fold, with every metric that can have a budget, and the classical kinds beside them.
//
//   pilot_simulation [--quick] [--seed N] [--only null|season|change]
//
// null    nothing is wrong for 180 days, 1 % chance of a false alarm in 90: of 200 pilots at most 11 may page (99.9 %
//         quantile of Binomial(200, .02)). Half of them are binary, the others of the other four tasks. How often the
//         classical kinds page is printed beside, without a bound
// season  the same for 200 binary pilots whose inputs and error rate follow the hours and the days of the week, with
//         limits that know it; beside them the same limits without that
// change  the error rate goes from 4 % to 12 % on day 90: how many decisions until the breach, budget and classical
// Exit 0: within the bounds. The seed is printed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "judge/simulation/null_pilot.h"

namespace {

using namespace pilotwatch;
using namespace pilotwatch::simulation;
using settings::Task;

/// Limits that are there for comparison only.
bool is_beside(const std::string& name) { return name.starts_with("classical") || name.starts_with("unstratified"); }

/// How many pilots paged, on the whole and by limit; true where at most the bound did under the budget.
bool count(const char* what, const std::vector<Breaches>& all) {
  std::map<std::string, int> by_limit;
  int paged = 0;
  for (const auto& breaches : all) {
    bool budgeted = false;
    for (const auto& [name, day] : breaches) {
      ++by_limit[name];
      budgeted = budgeted || !is_beside(name);
    }
    paged += budgeted ? 1 : 0;
  }
  const auto pilots = static_cast<int>(all.size());
  const int most = pilots >= 200 ? 11 : std::max(3, pilots / 10);
  std::printf("%s: %d of %d pilots paged under the budget in %d days (at most %d; expected at most %.1f)\n", what,
              paged, pilots, days, most, pilots * days / 9000.);
  for (const auto& [name, times] : by_limit) {
    std::printf("  %-32s paged in %d%s\n", name.c_str(), times, is_beside(name) ? " (beside)" : "");
  }
  return paged <= most;
}

/// Whether each metric that can have a budget has a limit with one; those that lack one are printed.
bool all_watched(std::span<const settings::Settings> of_task) {
  bool complete = true;
  for (std::size_t i = 0; i < settings::metric_count; ++i) {
    const auto metric = static_cast<settings::Metric>(i);
    const bool watched = std::ranges::any_of(of_task, [&](const settings::Settings& settings) {
      return std::ranges::any_of(settings.pilots.front().limits, [&](const settings::Limit& limit) {
        return limit.metric == metric && limit.evidence == settings::Evidence::budget;
      });
    });
    if (watched || !settings::has_budget(metric)) continue;
    std::printf("null: no limit with a budget on %s; add one to null_settings.cc\n", settings::metric_names[i]);
    complete = false;
  }
  return complete;
}

bool null(std::uint64_t seed, int pilots) {
  std::array<settings::Settings, 5> of_task;
  for (std::size_t i = 0; i < of_task.size(); ++i) of_task[i] = null_settings(static_cast<Task>(i));
  if (!all_watched(of_task)) return false;
  const auto task_of = [](int i) {
    constexpr Task others[] = {Task::multiclass, Task::regression, Task::quantile, Task::generative};
    return i % 2 == 0 ? Task::binary : others[i / 2 % 4];
  };
  const auto all = stats::simulation::each_stream(pilots, [&](int i) {
    return run(of_task[static_cast<std::size_t>(task_of(i))], {}, seed, static_cast<std::uint64_t>(i));
  });
  return count("null", all);
}

bool season(std::uint64_t seed, int pilots) {
  const auto knows = seasonal_settings(true), does_not = seasonal_settings(false);
  const Course course{.seasonal = true, .a_day = 3 * decisions_a_day};
  const auto all = stats::simulation::each_stream(pilots, [&](int i) {
    const auto index = static_cast<std::uint64_t>(i);
    auto breaches = run(knows, course, seed + 2, index);
    breaches.merge(run(does_not, course, seed + 2, index));
    return breaches;
  });
  return count("season", all);
}

bool change(std::uint64_t seed, int pilots) {
  const auto settings = null_settings(Task::binary);
  const auto all = stats::simulation::each_stream(pilots, [&](int i) {
    return run(settings, {.seasonal = false, .a_day = decisions_a_day, .changed_error_rate = .12}, seed + 1,
               static_cast<std::uint64_t>(i));
  });
  std::vector<double> delays;
  for (const auto& breaches : all) {
    const auto found = breaches.find("errors");
    const bool missed = found == breaches.end() || found->second < change_day;
    delays.push_back(missed ? 1e9 : (found->second - change_day) * decisions_a_day);
  }
  const double median = stats::simulation::median_of(delays);
  std::printf(
      "change 4 %% -> 12 %%: breach after %.0f decisions in the median of %d pilots, horizon (%d decisions) included\n",
      median, pilots, 2 * decisions_a_day);
  return median < 40 * decisions_a_day;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::uint64_t seed = 0;
  const char* only = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) only = argv[++i];
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = std::strtoull(argv[++i], nullptr, 10);
  }
  std::printf("seed %llu%s\n", static_cast<unsigned long long>(seed), quick ? ", quick" : "");
  const auto wanted = [&](const char* part) { return only == nullptr || std::strcmp(only, part) == 0; };
  bool good = true;
  if (wanted("null")) good = null(seed, quick ? 20 : 200) && good;
  if (wanted("season")) good = season(seed, quick ? 10 : 200) && good;
  if (wanted("change")) good = change(seed, quick ? 10 : 50) && good;
  return good ? 0 : 1;
}
