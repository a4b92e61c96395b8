// SPDX-License-Identifier: Apache-2.0
// Failures that were, played again: after how many cases would they have been found?
//
//   failure_replays [--quick] [--seed N]
//
// Each is played with 200 seeds of `pilotwatch simulate --scenario NAME` through the fold, with
// config/scenarios/NAME.yml. A case is what the sources count: a decided appeal (midas), a reviewed flag (dwp), a
// letter whose debt was checked (robodebt). Printed are median and 95 % quantile of
//
//   one limit   the scenario's limit with evidence `confidence_sequence`: alpha = 1 % by itself, looked at after every
//               case (beta-binomial, Jeffreys' prior)
//   budget      its limit with evidence `budget`, beside all its other limits
//
// and the day since the start, which holds the outcome horizon, since decisions are looked at when it has passed.
// Exit 0: the median of the single limit is within the 95 % count that was computed beforehand for it. The seed is
// printed.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "app/simulation.h"
#include "decode/decode.h"
#include "judge/fold.h"
#include "settings/load.h"
#include "stats/simulation/streams.h"

namespace {

using namespace pilotwatch;

constexpr double never = 1e9;

/// One failure, its limits, and the counts quoted for a single sequence (simulated beforehand; uniform prior).
struct Replay {
  const char* scenario;
  const char* cases;
  const char* single;    ///< name of the limit with a confidence sequence
  const char* budgeted;  ///< and of the one with a budget
  double median, most;   ///< quoted: median and 95 % quantile of cases
};
constexpr Replay replays[] = {
    {"midas", "decided appeals", "overturned-sequence", "overturned-evidence", 27, 49},
    {"dwp", "reviewed flags", "promised-precision-sequence", "promised-precision", 35, 86},
    {"robodebt", "checked letters", "no-debt-sequence", "no-debt", 40, 106},
};

settings::Settings settings_of(const Replay& replay) {
  const auto file = std::string(PILOTWATCH_SOURCE "/config/scenarios/") + replay.scenario + ".yml";
  auto loaded = settings::load(file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    std::printf("%s\n", settings::to_string(problems->front()).c_str());
    std::exit(2);
  }
  return std::get<settings::Settings>(std::move(loaded));
}

struct Delay {
  double cases = never, days = never;
};
struct Found {
  Delay single, budget;
};

class Run {
 public:
  Run(const Replay& replay, const settings::Settings& settings, std::uint64_t seed)
      : replay_(replay), fold_(settings), decoder_(settings, IdKey{}), simulation_(options(replay, seed)) {
    const auto start = *parse_rfc3339(app::SimulateOptions{}.start);
    fold_.on_transition = [this, start](const judge::Transition& t) {
      if (t.to != judge::State::breach) return;
      const double day = std::chrono::duration<double, std::ratio<86'400>>(t.at - start).count();
      for (auto* found : {&found_.single, &found_.budget}) {
        if (t.limit != (found == &found_.single ? replay_.single : replay_.budgeted) || found->cases < never) continue;
        *found = {static_cast<double>(t.evidence->observations), day};
      }
    };
  }

  Found run() {
    std::string lines;
    for (int n = 0; found_.single.cases == never || found_.budget.cases == never;) {
      const auto line = simulation_.next();
      if (line) (lines += line->json) += '\n';
      if (line && ++n % 50 != 0) continue;
      apply(lines);
      lines.clear();
      if (!line) {
        fold_.finish(Instant{});
        break;
      }
    }
    return found_;
  }

 private:
  static app::SimulateOptions options(const Replay& replay, std::uint64_t seed) {
    auto out = app::scenario_options(replay.scenario);
    out.seed = seed;
    return out;
  }

  void apply(const std::string& lines) {
    decode::Input input;
    input.bytes = lines;
    input.any_time = true;
    auto decoded = decoder_.decode(input);
    record::Entry entry;
    entry.submissions.emplace_back();
    entry.submissions.back().batch = std::move(decoded.batch);
    fold_.apply(entry, ++sequence_);
  }

  const Replay& replay_;
  judge::Fold fold_;
  decode::Decoder decoder_;
  app::Simulation simulation_;
  Found found_;
  std::uint64_t sequence_ = 0;
};

double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size()))) - 1];
}

bool play(const Replay& replay, std::uint64_t seed, int seeds) {
  const auto settings = settings_of(replay);
  const auto all = stats::simulation::each_stream(
      seeds, [&](int i) { return Run(replay, settings, seed + static_cast<std::uint64_t>(i)).run(); });
  const auto of = [&](auto measure) {
    std::vector<double> out;
    for (const auto& found : all) out.push_back(measure(found));
    return out;
  };
  const auto print = [&](const char* what, Delay Found::*which, const std::string& quoted) {
    const auto cases = of([&](const Found& found) { return (found.*which).cases; });
    const auto on_day = of([&](const Found& found) { return (found.*which).days; });
    std::printf("%-9s %s found after %.0f %s (95 %%: %.0f%s), on day %.0f (%.0f); not found in %td of %d\n",
                replay.scenario, what, quantile(cases, .5), replay.cases, quantile(cases, .95), quoted.c_str(),
                quantile(on_day, .5), quantile(on_day, .95), std::count(cases.begin(), cases.end(), never), seeds);
  };
  char quoted[64];
  std::snprintf(quoted, sizeof quoted, "; quoted %.0f and %.0f", replay.median, replay.most);
  print("one limit:", &Found::single, quoted);
  print("budget:   ", &Found::budget, "");
  const auto single = of([](const Found& found) { return found.single.cases; });
  const auto budget = of([](const Found& found) { return found.budget.cases; });
  return quantile(single, .5) <= replay.most && std::count(budget.begin(), budget.end(), never) <= seeds / 20;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::uint64_t seed = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = std::strtoull(argv[++i], nullptr, 10);
  }
  const int seeds = quick ? 20 : 200;
  std::printf("seeds %llu to %llu%s\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed) + static_cast<unsigned long long>(seeds) - 1,
              quick ? ", quick" : "");
  bool found = true;
  for (const auto& replay : replays) found = play(replay, seed, seeds) && found;
  return found ? 0 : 1;
}
