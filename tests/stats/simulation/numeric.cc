// SPDX-License-Identifier: Apache-2.0
// Ten numeric features against references of 5,000 rows, one budget for all of them.
#include "stats/sequential/numeric.h"

#include "stats/sequential/bets.h"
#include "stats/simulation/acceptance.h"
#include "stats/simulation/numeric_streams.h"

namespace pilotwatch::stats::simulation {
namespace {

constexpr int features = 10, rows = 5000, horizon = 100'000, change_at = 50'000;
const Thresholds share{1e5 * features};

struct Change {
  double shift, scale;
};
const std::vector<Change> changes{{.1, 1}, {.2, 1}, {.5, 1}, {0, 1.3}};

/// Alarms of one feature in 100,000 observations; ten streams of it are one stream of ten features.
template <class Make>
Mean alarms(const Scale& scale, Make make) {
  const auto counts = each_stream(scale.streams(60) * features, [&](int stream) {
    Random random(scale.seed + 20, static_cast<std::uint64_t>(stream));
    const NormalReference reference(random, rows);
    auto detector = make(reference.bins);
    const auto key = random.bits();
    double count = 0;
    for (std::uint64_t t = 0; t < horizon; ++t) {
      count += detector.step(reference.bin(random.normal()), tie_breaker(key, t), 1) == Signal::alarm ? 1 : 0;
    }
    return count;
  });
  const auto one = mean_of(counts);
  return {one.value * features, one.error * features};
}

template <class Make>
std::vector<double> median_delays(const Scale& scale, Make make) {
  const auto all = each_stream(scale.streams(400), [&](int stream) {
    Random random(scale.seed + 21, static_cast<std::uint64_t>(stream));
    const NormalReference reference(random, rows);
    auto detector = make(reference.bins);
    const auto key = random.bits();
    std::uint64_t t = 0;
    for (; t < change_at; ++t) detector.step(reference.bin(random.normal()), tie_breaker(key, t), 1);
    std::vector<double> out;
    for (const auto& change : changes) {
      auto changed = detector;
      auto numbers = random;
      double delay = 1;
      auto event = t;
      while (changed.step(reference.bin(change.shift + change.scale * numbers.normal()), tie_breaker(key, event++),
                          1) != Signal::alarm &&
             delay < horizon) {
        ++delay;
      }
      out.push_back(delay);
    }
    return out;
  });
  std::vector<double> out;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    std::vector<double> one;
    for (const auto& delays : all) one.push_back(delays[i]);
    out.push_back(median_of(one));
  }
  return out;
}

std::vector<Figure> delays(const Scale& scale) {
  const std::vector<double> per_event{1678, 469, 110, 182}, block{2810, 1090, 350, 400};
  std::vector<Figure> out;
  const auto add = [&](const char* form, const std::vector<double>& got, const std::vector<double>& want) {
    const char* names[] = {".1 sd", ".2 sd", ".5 sd", "scale 1.3"};
    for (std::size_t i = 0; i < got.size(); ++i) {
      out.push_back(
          {std::string(form) + names[i], got[i], .8 * want[i], 1.2 * want[i], scale.quick ? .25 * want[i] : 0});
    }
  };
  add("per event ", median_delays(scale, [](const auto& r) { return EventRankDrift(r, share); }), per_event);
  add("blocks ", median_delays(scale, [](const auto& r) { return RankDrift(r, 20, share); }), block);
  return out;
}

/// Ranks against a reference of 500 that never grows, as if it were the truth: why pilotwatch does not offer them.
std::vector<Figure> fixed_reference(const Scale& scale) {
  const auto& table = event_rank_table();
  const auto counts = each_stream(scale.streams(200), [&](int stream) {
    Random random(scale.seed + 22, static_cast<std::uint64_t>(stream));
    const NormalReference reference(random, 500);
    std::vector<double> below{0};
    for (const auto count : reference.bins.counts) below.push_back(below.back() + count / 500.0);
    Watch<23> watch(Thresholds{1e5});
    double alarms = 0;
    for (int t = 0; t < horizon; ++t) {
      const auto bin = reference.bin(random.normal());
      const double u = below[bin] + random.uniform() * (below[bin + 1] - below[bin]);
      const auto cell = std::min(static_cast<std::size_t>(u * rank_cells), rank_cells - 1);
      std::array<double, 23> e;
      for (std::size_t k = 0; k < e.size(); ++k) e[k] = static_cast<double>(table.by_cell[cell][k]);
      alarms += watch.step(e, 1, table.weights) == Signal::alarm ? 1 : 0;
    }
    return alarms;
  });
  return {{"alarms per 100,000 (must not be offered)", mean_of(counts).value, 5}};
}

}  // namespace

void add_numeric_tests(Tests& tests) {
  const auto count = [](auto make) {
    return [=](const Scale& scale) {
      const auto got = alarms(scale, make);
      return std::vector<Figure>{{"alarms per 100,000, all ten", got.value, 0, 1.3, scale.quick ? 4 * got.error : 0}};
    };
  };
  tests["NUM-1"] = count([](const RankReference& r) { return EventRankDrift(r, share); });
  tests["NUM-2"] = count([](const RankReference& r) { return RankDrift(r, 20, share); });
  tests["NUM-3"] = delays;
  tests["NUM-4"] = fixed_reference;
}

}  // namespace pilotwatch::stats::simulation
