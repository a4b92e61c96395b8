// SPDX-License-Identifier: Apache-2.0
// Fairness gaps, complaints, shards, restarts, label shift, the calendar clock, dependent monitors.
#include "stats/interval/one_sample.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/gap.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/rate.h"
#include "stats/simulation/acceptance.h"
#include "stats/simulation/streams.h"

namespace pilotwatch::stats::simulation {
namespace {

constexpr int horizon = 100'000, change_at = 50'000;

/// One batch of 80 of group a and 20 of group b.
Signal batch(GroupGap& detector, Random& random, double p_a, double p_b) {
  auto signal = Signal::none;
  for (int i = 0; i < 100; ++i) {
    const bool b = i % 5 == 4;
    const auto said = detector.step(b, random.bernoulli(b ? p_b : p_a), 1);
    if (said == Signal::alarm) signal = said;
  }
  return signal;
}

GroupGap gap_detector() { return {GapLimit{1, .05}, 100, Thresholds{1e5}}; }

std::vector<Figure> gap_at_the_limit(const Scale& scale) {
  const auto got = mean_of(each_stream(scale.streams(300), [&](int stream) {
    Random random(scale.seed + 30, static_cast<std::uint64_t>(stream));
    auto detector = gap_detector();
    double count = 0;
    for (int t = 0; t < horizon; t += 100) count += batch(detector, random, .10, .15) == Signal::alarm ? 1 : 0;
    return count;
  }));
  return {{"alarms per 100,000", got.value, 0, 1, scale.quick ? 4 * got.error : 0}};
}

std::vector<Figure> gap_delays(const Scale& scale) {
  struct Case {
    const char* name;
    double before, after, want;
  };
  std::vector<Figure> out;
  for (const auto& c :
       {Case{".05 -> .15", .15, .25, 1100}, {"0 -> .10", .10, .20, 3650}, {"0 -> .20", .10, .30, 700}}) {
    const auto delays = each_stream(scale.streams(300), [&](int stream) {
      Random random(scale.seed + 31, static_cast<std::uint64_t>(stream));
      auto detector = gap_detector();
      for (int t = 0; t < change_at; t += 100) batch(detector, random, .10, c.before);
      double delay = 100;
      while (batch(detector, random, .10, c.after) != Signal::alarm) delay += 100;
      return delay;
    });
    out.push_back({c.name, median_of(delays), .8 * c.want, 1.2 * c.want, scale.quick ? .3 * c.want : 0});
  }
  return out;
}

std::vector<Figure> complaints_at_the_limit(const Scale& scale) {
  const auto got = mean_of(each_stream(scale.streams(900), [&](int stream) {
    Random random(scale.seed + 32, static_cast<std::uint64_t>(stream));
    PoissonRate detector(.003, Thresholds{1e5});
    double count = 0;
    for (int t = 0; t < horizon; t += 100) {
      count += detector.step(static_cast<double>(random.poisson(.3)), 100) == Signal::alarm ? 1 : 0;
    }
    return count;
  }));
  return {{"alarms per 100,000", got.value, 0, 1, scale.quick ? 4 * got.error : 0}};
}

std::vector<Figure> complaint_delays(const Scale& scale) {
  std::vector<Figure> out;
  const std::pair<double, double> cases[] = {{.0045, 7100}, {.006, 2900}, {.012, 800}};
  for (const auto& [rate, want] : cases) {
    const auto delays = each_stream(scale.streams(900), [&, rate = rate](int stream) {
      Random random(scale.seed + 33, static_cast<std::uint64_t>(stream));
      PoissonRate detector(.003, Thresholds{1e5});
      for (int t = 0; t < change_at; t += 100) detector.step(static_cast<double>(random.poisson(.3)), 100);
      double delay = 100;
      while (detector.step(static_cast<double>(random.poisson(100 * rate)), 100) != Signal::alarm) delay += 100;
      return delay;
    });
    out.push_back(
        {"to " + std::to_string(rate), median_of(delays), .8 * want, 1.2 * want, scale.quick ? .2 * want : 0});
  }
  return out;
}

/// Four shards add up their blocks a tick; one owner steps.
std::vector<Figure> shards(const Scale& scale) {
  Random random(scale.seed + 34, 0);
  BlockMean whole(.05, 20, Thresholds{1e5}), merged(.05, 20, Thresholds{1e5});
  double differences = 0;
  for (int tick = 0; tick < 5000; ++tick) {
    Block all, shard[4];
    for (int i = 0; i < 20; ++i) {
      const double x = tick > 3000 ? random.uniform() * .3 : random.uniform() * .1;
      all.add(x, 1);
      shard[random.bits() % 4].add(x, 1);
    }
    whole.step_block(all);
    Block sum;
    for (const int i : {2, 0, 3, 1}) sum += shard[i];
    merged.step_block(sum);
    differences += whole.watch().s() != merged.watch().s() ? 1 : 0;
  }
  return {{"ticks with another S", differences, 0, 0}};
}

std::string state(const BlockMean& detector) {
  ByteWriter out;
  detector.write(out);
  return out.take();
}

std::vector<Figure> restarts(const Scale& scale) {
  double differences = 0, larger = 0;
  for (int run = 0; run < scale.streams(1000); ++run) {
    Random random(scale.seed + 35, static_cast<std::uint64_t>(run));
    std::vector<double> losses(2000);
    for (double& x : losses) x = random.bernoulli(.06) ? 1 : 0;
    BlockMean calm(.05, 20, Thresholds{}), restored(.05, 20, Thresholds{}), lost(.05, 20, Thresholds{});
    const auto checkpoint = random.bits() % losses.size(),
               killed = checkpoint + random.bits() % (losses.size() - checkpoint);
    std::string saved;
    for (std::size_t t = 0; t < losses.size(); ++t) {
      if (t == checkpoint) saved = state(calm);
      calm.step(losses[t]);
      if (t >= killed / 20 * 20) lost.step(losses[t]);  // the state is gone; it goes on with the next whole block
    }
    ByteReader in(saved);
    restored.read(in);
    for (std::size_t t = checkpoint; t < losses.size(); ++t) restored.step(losses[t]);
    differences += state(restored) != state(calm) ? 1 : 0;
    larger += lost.watch().s() > calm.watch().s() ? 1 : 0;
  }
  return {{"runs with another state", differences, 0, 0}, {"runs with a larger S", larger, 0, 0}};
}

/// Podkopaev and Ramdas: label shift of two Gaussians; null mean = Clopper-Pearson bound of the reference + .05, a test
/// since the start at threshold 40.
Mean detected(const Scale& scale, double target_risk, std::vector<double>& delays) {
  const auto all = each_stream(scale.streams(250), [&](int stream) {
    Random random(scale.seed + 36, static_cast<std::uint64_t>(stream));
    std::uint64_t errors = 0;
    for (int i = 0; i < 1000; ++i) errors += random.bernoulli(.1270) ? 1 : 0;
    const double m = clopper_pearson_upper(errors, 1000, .975).value() + .05;
    Evidence<6> evidence(Growth::process);
    for (int t = 1; t <= 2000; ++t) {
      const double x = random.bernoulli(target_risk) ? 1 : 0;
      Evidence<6>::Values e;
      for (std::size_t k = 0; k < e.size(); ++k) e[k] = mean_bet(m, odds_grid[k]).e(x);
      evidence.step(e, 0);
      if (evidence.s() >= 40) return static_cast<double>(t);
    }
    return std::numeric_limits<double>::infinity();
  });
  std::vector<double> found;
  for (const double t : all) found.push_back(t <= 2000 ? 1 : 0);
  delays = all;
  return mean_of(found);
}

std::vector<Figure> label_shift(const Scale& scale) {
  std::vector<double> delays;
  const auto got = detected(scale, .2597, delays);
  return {{"share detected", got.value, .97, 1, scale.quick ? 4 * got.error : 0},
          {"median", median_of(delays), 0, 380, scale.quick ? 100.0 : 0}};
}

std::vector<Figure> no_label_shift(const Scale& scale) {
  std::vector<double> delays;
  const auto got = detected(scale, .1773, delays);
  return {{"share detected", got.value, 0, .05, scale.quick ? 4 * got.error : 0}};
}

/// 480 a day for half of the day, 24 a day for the other half; the clock is the time that has passed.
std::vector<Figure> calendar(const Scale& scale) {
  const auto days = each_stream(scale.streams(300), [&](int stream) {
    Random random(scale.seed + 37, static_cast<std::uint64_t>(stream));
    BlockMean detector(.05, 20, Thresholds{100});
    double now = 0;
    for (;;) {
      const double rate = now - std::floor(now) < .5 ? 480 : 24;
      const double gap = -std::log(random.uniform()) / rate;
      now += gap;
      if (detector.step(random.bernoulli(.05) ? 1 : 0, gap) == Signal::alarm) return now;
    }
  });
  std::vector<double> early;
  for (const double day : days) early.push_back(day <= 10 ? 1 : 0);
  const auto got = mean_of(days), share = mean_of(early);
  return {{"mean days to a false alarm", got.value, 95, 1e9, scale.quick ? 4 * got.error : 0},
          {"share within 10 days", share.value, 0, .10, scale.quick ? 4 * share.error : 0}};
}

std::vector<Figure> identical_monitors(const Scale& scale) {
  const auto got = mean_of(each_stream(scale.streams(300), [&](int stream) {
    Random random(scale.seed + 38, static_cast<std::uint64_t>(stream));
    EventMean one(.05, Thresholds{1e6});  // ten that see the same do the same
    double count = 0;
    for (int t = 0; t < horizon; ++t) count += one.step(random.bernoulli(.05) ? 1 : 0) == Signal::alarm ? 10 : 0;
    return count;
  }));
  return {{"alarms per 100,000, all ten", got.value, 0, 1.6, scale.quick ? 4 * got.error : 0}};
}

}  // namespace

void add_other_tests(Tests& tests) {
  tests["FAIR-1"] = gap_at_the_limit;
  tests["FAIR-2"] = gap_delays;
  tests["POIS-1"] = complaints_at_the_limit;
  tests["POIS-2"] = complaint_delays;
  tests["MERGE-1"] = shards;
  tests["RESTART-1"] = restarts;
  tests["PR-1"] = label_shift;
  tests["PR-2"] = no_label_shift;
  tests["CAL-1"] = calendar;
  tests["DEPMON-1"] = identical_monitors;
}

}  // namespace pilotwatch::stats::simulation
