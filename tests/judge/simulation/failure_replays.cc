// SPDX-License-Identifier: Apache-2.0
// Failures that were, played again: after how many cases would they have been found?
//
//   failure_replays [--quick] [--seed N]
//
// Each is played with 200 seeds of `pilotwatch simulate --scenario NAME` through the fold, with
// config/scenarios/NAME.yml. A case is what the sources count: a decided appeal (midas), a reviewed flag (dwp), a
// letter whose debt was checked (robodebt). Printed are median and 95 % quantile of
//
//   one limit   a single confidence sequence at alpha = 1 %, looked at after every case as it becomes known
//   budget      the scenario's limit with evidence `budget`, beside all its other limits: cases looked at, and days
//   since the start (which hold
//               the outcome horizon, since decisions are looked at in their order when it has passed)
//
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
#include "stats/interval/sequence.h"
#include "stats/sequential/mean.h"
#include "stats/simulation/streams.h"

namespace {

using namespace pilotwatch;

constexpr double alpha = 0.01, never = 1e9;
constexpr stats::BetaPrior uniform{1, 1};

/// One failure, and the counts quoted for it (exact or simulated; uniform prior).
struct Replay {
  const char* scenario;
  const char* cases;
  double limit;          ///< of the share of events among the cases
  stats::Side wrong;     ///< the side on which it is wrong
  const char* budgeted;  ///< name of the limit with a budget
  double median, most;   ///< quoted: median and 95 % quantile of cases
};
constexpr Replay replays[] = {
    {"midas", "decided appeals", 0.62, stats::Side::above, "overturned-evidence", 27, 49},
    {"dwp", "reviewed flags", 0.64, stats::Side::below, "promised-precision", 35, 86},
    {"robodebt", "checked letters", 0.05, stats::Side::above, "no-debt", 40, 106},
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

/// Whether the record makes a case known, and whether it is an event: an appeal that was won, a review that found the
/// award wrong, no debt.
std::optional<bool> event_of(const Replay& replay, const record::Record& r, const record::Batch& batch) {
  if (std::strcmp(replay.scenario, "midas") == 0) {
    const auto* update = std::get_if<record::ComplaintUpdate>(&r.body);
    if (update == nullptr || !update->found_for) return std::nullopt;
    return *update->found_for == record::FoundFor::person;
  }
  const auto* outcome = std::get_if<record::Outcome>(&r.body);
  if (outcome == nullptr) return std::nullopt;
  const auto& label = batch.strings[std::get<record::StringRef>(outcome->actual)];
  return label == (replay.wrong == stats::Side::above ? "0" : "1");
}

struct Found {
  double single = never, budget = never, budget_days = never;
};

class Run {
 public:
  Run(const Replay& replay, const settings::Settings& settings, std::uint64_t seed)
      : replay_(replay), fold_(settings), decoder_(settings, IdKey{}), simulation_(options(replay, seed)) {
    const auto start = *parse_rfc3339(app::SimulateOptions{}.start);
    fold_.on_transition = [this, start](const judge::Transition& t) {
      if (t.limit != replay_.budgeted || t.to != judge::State::breach || found_.budget < never) return;
      found_.budget = static_cast<double>(t.evidence->observations);
      found_.budget_days = std::chrono::duration<double, std::ratio<86'400>>(t.at - start).count();
    };
  }

  Found run() {
    std::string lines;
    for (int n = 0; found_.single == never || found_.budget == never;) {
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
    for (const auto& r : decoded.batch.records) count(r, decoded.batch);
    record::Entry entry;
    entry.submissions.emplace_back();
    entry.submissions.back().batch = std::move(decoded.batch);
    fold_.apply(entry, ++sequence_);
  }

  void count(const record::Record& r, const record::Batch& batch) {
    const auto event = event_of(replay_, r, batch);
    if (!event || found_.single < never) return;
    ++n_;
    k_ += *event ? 1 : 0;
    const auto interval = *stats::beta_binomial_sequence(k_, n_, alpha, uniform);
    const bool beyond =
        replay_.wrong == stats::Side::above ? interval.lower > replay_.limit : interval.upper < replay_.limit;
    if (beyond) found_.single = static_cast<double>(n_);
  }

  const Replay& replay_;
  judge::Fold fold_;
  decode::Decoder decoder_;
  app::Simulation simulation_;
  Found found_;
  std::uint64_t sequence_ = 0, n_ = 0, k_ = 0;
};

double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size()))) - 1];
}

bool play(const Replay& replay, std::uint64_t seed, int seeds) {
  const auto settings = settings_of(replay);
  const auto all = stats::simulation::each_stream(
      seeds, [&](int i) { return Run(replay, settings, seed + static_cast<std::uint64_t>(i)).run(); });
  std::vector<double> single, budget, days;
  for (const auto& found : all) {
    single.push_back(found.single);
    budget.push_back(found.budget);
    days.push_back(found.budget_days);
  }
  const double median = quantile(single, .5);
  std::printf("%-9s one limit: found after %.0f %s (95 %%: %.0f; quoted %.0f and %.0f)\n", replay.scenario, median,
              replay.cases, quantile(single, .95), replay.median, replay.most);
  const auto missed = std::count(budget.begin(), budget.end(), never);
  std::printf("          budget:    found after %.0f (95 %%: %.0f), on day %.0f (%.0f); not found in %td of %d\n",
              quantile(budget, .5), quantile(budget, .95), quantile(days, .5), quantile(days, .95), missed, seeds);
  return median <= replay.most && missed <= seeds / 20;
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
