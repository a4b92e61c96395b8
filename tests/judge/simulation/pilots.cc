// SPDX-License-Identifier: Apache-2.0
// Whole pilots through the fold, with every kind of limit that has a budget, and the classical kinds beside them.
//
//   pilot_simulation [--quick] [--seed N]
//
// null    nothing is wrong for 180 days, 1 % chance of a false alarm in 90: of 200 pilots at most 11 may page (99.9 %
// quantile
//         of Binomial(200, .02)); how often the classical kinds page is printed beside, without a bound
// change  the error rate goes from 4 % to 12 % on day 90: how many decisions until the breach, budget and classical
// Exit 0: within the bounds. The seed is printed.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "judge/fold.h"
#include "stats/simulation/streams.h"

namespace {

using namespace pilotwatch;
using settings::Evidence;
using settings::Metric;
using stats::simulation::Random;

constexpr int days = 180, change_day = 90, decisions_a_day = 60;

settings::Limit limit_of(const char* name, Metric metric, double bound, Evidence evidence) {
  settings::Limit limit;
  limit.name = name;
  limit.metric = metric;
  limit.max = bound;
  limit.evidence = evidence;
  limit.window = {settings::WindowKind::day, 0};
  return limit;
}

settings::Pilot pilot_of() {
  settings::Pilot pilot;
  pilot.name = "p";
  pilot.classes = {"0", "1"};
  pilot.positive = "1";
  pilot.clock = settings::PilotClock::event;
  pilot.outcome_horizon = std::chrono::hours{48};
  pilot.windows = {{settings::WindowKind::day, 0}};
  pilot.features = {{"income", settings::FeatureKind::numeric},
                    {"age", settings::FeatureKind::numeric},
                    {"channel", settings::FeatureKind::categorical}};
  pilot.reference.first = 1500;
  pilot.reference.bins = 10;
  pilot.segments.attributes = {"region"};
  const auto budget = [&](const char* name, Metric metric, double bound, const char* feature = "",
                          const char* segment = "") {
    pilot.limits.push_back(limit_of(name, metric, bound, Evidence::budget));
    pilot.limits.back().feature = feature;
    pilot.limits.back().segment = segment;
  };
  budget("errors", Metric::error_rate, .05);
  budget("errors by region", Metric::error_rate, .05, "", "region");
  budget("false positives", Metric::false_positive_rate, .05);
  budget("false negatives", Metric::false_negative_rate, .1);
  budget("selection", Metric::selection_rate, .32);
  budget("complaints", Metric::complaints_per_1000, 12);
  budget("failures", Metric::failure_rate, .012);
  budget("drift of income", Metric::drift, 1, "income");
  budget("drift of age", Metric::drift, 1, "age");
  budget("drift of channel", Metric::drift, 1, "channel");
  budget("income moved", Metric::ks, .1, "income");
  pilot.limits.push_back(limit_of("coverage", Metric::coverage, 0, Evidence::budget));
  pilot.limits.back().max.reset();
  pilot.limits.back().min = .85;
  pilot.limits.push_back(limit_of("classical: point", Metric::error_rate, .05, Evidence::point));
  pilot.limits.push_back(limit_of("classical: interval", Metric::error_rate, .05, Evidence::interval));
  pilot.limits.push_back(limit_of("classical: psi > .2", Metric::psi, .2, Evidence::point));
  pilot.limits.back().feature = "income";
  return pilot;
}

/// First day of a breach by limit (name, or name and group).
using Breaches = std::map<std::string, double>;

class Run {
 public:
  Run(std::uint64_t seed, int index, double changed_rate)
      : settings_{[] {
          settings::Settings out;
          out.pilots = {pilot_of()};
          return out;
        }()},
        fold_(settings_),
        random_(seed, static_cast<std::uint64_t>(index)),
        changed_rate_(changed_rate) {
    fold_.on_transition = [this](const judge::Transition& t) {
      if (t.to != judge::State::breach) return;
      const double day = std::chrono::duration<double, std::ratio<86'400>>(t.at - start).count();
      breaches_.try_emplace(t.limit, day);
    };
  }

  Breaches run() {
    for (int day = 0; day < days; ++day) send_day(day);
    return breaches_;
  }

 private:
  void send_day(int day) {
    record::Entry entry;
    entry.submissions.emplace_back();
    auto& batch = entry.submissions.back().batch;
    batch.strings = {"",       "p",   "0",     "1",    "income", "age",   "channel",
                     "region", "web", "phone", "post", "north",  "south", "east"};
    for (int i = 0; i < decisions_a_day; ++i) {
      const Instant time = start + std::chrono::hours{24 * day} + std::chrono::minutes{24 * i};
      add_case(batch, time, day >= change_day ? changed_rate_ : .04);
    }
    // Outcomes and complaints of two days ago have come in between: their order within the day does not matter.
    std::stable_sort(batch.records.begin(), batch.records.end(),
                     [](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
    fold_.apply(entry, ++sequence_);
  }

  static Instant time_of(const record::Record& r) {
    return std::visit([](const auto& body) { return body.time; }, r.body);
  }

  void add_case(record::Batch& batch, Instant time, double error_rate) {
    const Id128 id{++ids_, random_.bits()};
    const bool selected = random_.bernoulli(.3), wrong = random_.bernoulli(error_rate);
    record::Prediction p;
    p.id = id;
    p.time = time;
    p.prediction = record::StringRef{selected ? 3U : 2U};
    p.failed = random_.bernoulli(.01);
    p.features = {{4, 30'000 + 9'000 * random_.normal()},
                  {5, 20 + 60 * random_.uniform()},
                  {6, record::StringRef{random_.bernoulli(.7)   ? 8U
                                        : random_.bernoulli(.7) ? 9U
                                                                : 10U}}};
    p.segments = {{7, random_.bernoulli(.5) ? 11U : random_.bernoulli(.6) ? 12U : 13U}};
    batch.records.push_back({1, 0, std::move(p)});
    if (random_.bernoulli(.9)) {
      record::Outcome o;
      o.prediction_id = id;
      o.time = time + std::chrono::minutes{static_cast<int>(1 + random_.bits() % 600)};
      o.actual = record::StringRef{selected != wrong ? 3U : 2U};
      o.content = random_.bits();
      batch.records.push_back({1, 0, o});
    }
    if (random_.bernoulli(.01)) {
      record::Complaint c;
      c.id = {ids_, random_.bits()};
      c.time = time + std::chrono::minutes{5};
      c.prediction_id = id;
      batch.records.push_back({1, 0, std::move(c)});
    }
  }

  static constexpr Instant start{std::chrono::duration_cast<Millis>(std::chrono::hours{24 * 20'000})};
  settings::Settings settings_;
  judge::Fold fold_;
  Random random_;
  double changed_rate_;
  Breaches breaches_;
  std::uint64_t sequence_ = 0, ids_ = 0;
};

bool classical(const std::string& name) { return name.starts_with("classical"); }

bool null(std::uint64_t seed, int pilots) {
  const auto all = stats::simulation::each_stream(pilots, [&](int i) { return Run(seed, i, .04).run(); });
  std::map<std::string, int> by_limit;
  int paged = 0;
  for (const auto& breaches : all) {
    bool budgeted = false;
    for (const auto& [name, day] : breaches) {
      ++by_limit[name];
      budgeted = budgeted || !classical(name);
    }
    paged += budgeted ? 1 : 0;
  }
  const int most = pilots >= 200 ? 11 : std::max(3, pilots / 10);
  std::printf("null: %d of %d pilots paged under the budget in %d days (at most %d; expected at most %.1f)\n", paged,
              pilots, days, most, pilots * days / 9000.);
  for (const auto& [name, count] : by_limit) {
    std::printf("  %-24s paged in %d of %d%s\n", name.c_str(), count, pilots, classical(name) ? " (no guarantee)" : "");
  }
  return paged <= most;
}

bool change(std::uint64_t seed, int pilots) {
  const auto all = stats::simulation::each_stream(pilots, [&](int i) { return Run(seed + 1, i, .12).run(); });
  std::vector<double> delays;
  for (const auto& breaches : all) {
    const auto found = breaches.find("errors");
    delays.push_back(
        found == breaches.end() || found->second < change_day ? 1e9 : (found->second - change_day) * decisions_a_day);
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
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = std::strtoull(argv[++i], nullptr, 10);
  }
  std::printf("seed %llu%s\n", static_cast<unsigned long long>(seed), quick ? ", quick" : "");
  const bool calm = null(seed, quick ? 20 : 200);
  const bool seen = change(seed, quick ? 10 : 50);
  return calm && seen ? 0 : 1;
}
