// SPDX-License-Identifier: Apache-2.0
// False alarms and delays of the alarm engine and of the classical rules, side by side on the same streams.
//
//   alarm_quality [--streams N] [--seed N] [TABLE...]      tables: bernoulli, base-rates, numeric; default all
//
// bernoulli   0/1 losses, limit 5 %, 100,000 observations, a change at 50,000; N streams (default 200)
// base-rates  false alarms per 100,000 at other rates, nothing changes; N streams
// numeric     ten features against 5,000 reference rows, windows of 1,000; N/10 streams
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stats/classical/adwin.h"
#include "stats/classical/ddm.h"
#include "stats/classical/eddm.h"
#include "stats/classical/hddm_a.h"
#include "stats/classical/hddm_w.h"
#include "stats/classical/kswin.h"
#include "stats/classical/page_hinkley.h"
#include "stats/distance/binning.h"
#include "stats/distance/ks.h"
#include "stats/distance/ks_p.h"
#include "stats/distance/psi.h"
#include "stats/distance/wasserstein.h"
#include "stats/interval/one_sample.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/category.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/numeric.h"
#include "stats/sequential/plan.h"
#include "stats/sequential/tolerance.h"
#include "stats/simulation/streams.h"
#include "support/detection_score.h"

namespace {

using namespace pilotwatch;
using namespace pilotwatch::stats;
using simulation::each_stream;
using simulation::Random;
using testing::Tally;

constexpr std::uint64_t length = 100'000, change_at = 50'000, window = 1000;

struct Options {
  int streams = 200;
  std::uint64_t seed = 0;
};

using Stream = std::vector<double>;

Stream bernoulli(Random random, double before, double after) {
  Stream out(length);
  for (std::uint64_t t = 0; t < length; ++t) out[t] = random.bernoulli(t < change_at ? before : after) ? 1 : 0;
  return out;
}

/// A rule on the error rate of each window of 1,000.
class WindowRule {
 public:
  WindowRule(double low, double high) : low_(low), high_(high) {}
  Signal step(double x) {
    sum_ += x;
    if (++n_ < window) return Signal::none;
    const double mean = sum_ / static_cast<double>(window);
    n_ = 0;
    sum_ = 0;
    return mean < low_ || mean > high_ ? Signal::alarm : Signal::none;
  }

 private:
  double low_, high_, sum_ = 0;
  std::uint64_t n_ = 0;
};

/// Errors among 5,000 reference labels.
std::uint64_t reference_errors(Random& random, double rate) {
  std::uint64_t errors = 0;
  for (int i = 0; i < 5000; ++i) errors += random.bernoulli(rate) ? 1 : 0;
  return errors;
}

class Conformal {
 public:
  Conformal(std::uint64_t errors, std::uint64_t key) : detector_(errors, 5000, 1, Thresholds{1e5}), key_(key) {}
  Signal step(double x) { return detector_.step(x > 0, tie_breaker(key_, ++event_), 1); }

 private:
  ReferenceRate detector_;
  std::uint64_t key_, event_ = 0;
};

/// A test since the start: alarms once.
class SinceStart {
 public:
  Signal step(double x) {
    Evidence<6>::Values e;
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = mean_bet(.05, odds_grid[k]).e(x);
    evidence_.step(e, 0);
    if (done_ || evidence_.s() < 100) return Signal::none;
    done_ = true;
    return Signal::alarm;
  }

 private:
  Evidence<6> evidence_{Growth::process};
  bool done_ = false;
};

/// The CUSUM form of the engine.
class Cusum {
 public:
  Signal step(double x) {
    Evidence<6>::Values e;
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = mean_bet(.05, odds_grid[k]).e(x);
    evidence_.step(e, 1);
    if (evidence_.s() < 1e5) return Signal::none;
    evidence_.reset();
    return Signal::alarm;
  }

 private:
  Evidence<6> evidence_{Growth::cusum};
};

template <class D>
testing::Indices run(D detector, const Stream& stream) {
  testing::Indices out;
  for (std::uint64_t t = 0; t < stream.size(); ++t) {
    if (detector.step(stream[t]) == Signal::alarm) out.push_back(t);
  }
  return out;
}

std::string text(std::optional<std::uint64_t> value) { return value ? std::to_string(*value) : "never"; }

/// make(random): a detector; `random` is the stream's own, for references.
template <class Make>
void bernoulli_row(const Options& options, const char* name, Make make) {
  constexpr std::array rates{.08, .10, .20};
  std::array<Tally, rates.size()> scores;
  const auto all = each_stream(options.streams, [&](int i) {
    std::array<Tally, rates.size()> own;
    const auto index = static_cast<std::uint64_t>(i);
    Random extra(options.seed + 1, index);
    const auto detector = make(extra);
    own[0].add_stable(run(detector, bernoulli(Random(options.seed, index), .05, .05)), length);
    for (std::size_t k = 0; k < rates.size(); ++k) {
      own[k].add_changed(run(detector, bernoulli(Random(options.seed, index), .05, rates[k])), change_at);
    }
    return own;
  });
  for (const auto& own : all) {
    for (std::size_t k = 0; k < rates.size(); ++k) scores[k] += own[k];
  }
  std::printf("%-46s %8.3f %6.3f %7s %7s %7s  %5.3f   %s / %s / %s\n", name, *scores[0].false_alarms_per_100k(),
              *scores[0].any(), text(scores[0].median_delay()).c_str(), text(scores[1].median_delay()).c_str(),
              text(scores[2].median_delay()).c_str(), *scores[0].missed(), text(scores[0].delay_quantile(.95)).c_str(),
              text(scores[1].delay_quantile(.95)).c_str(), text(scores[2].delay_quantile(.95)).c_str());
  std::fflush(stdout);
}

void bernoulli_table(const Options& options) {
  const double sd = std::sqrt(.05 * .95 / static_cast<double>(window));
  const auto fixed = [](auto detector) { return [detector](Random&) { return detector; }; };
  std::printf("\nBernoulli losses, 5 %% -> 8 / 10 / 20 %% at 50,000, %d streams of 100,000\n", options.streams);
  std::printf("%-46s %8s %6s %7s %7s %7s  %5s   %s\n", "", "/100k", "P(any)", "8 %", "10 %", "20 %", "missed",
              "p95 delay 8 / 10 / 20 %");
  bernoulli_row(options, "window 1000, z-test p<.05, known baseline",
                fixed(WindowRule(.05 - 1.96 * sd, .05 + 1.96 * sd)));
  bernoulli_row(options, "the same against 5,000 reference labels", [](Random& random) {
    const double p = static_cast<double>(reference_errors(random, .05)) / 5000;
    const double room = 1.96 * std::sqrt(p * (1 - p) * (1. / 1000 + 1. / 5000));
    return WindowRule(p - room, p + room);
  });
  bernoulli_row(options, "mean +- 3 sd, true mean and sd", fixed(WindowRule(.05 - 3 * sd, .05 + 3 * sd)));
  bernoulli_row(options, "point estimate > 6 %", fixed(WindowRule(0, .06)));
  bernoulli_row(options, "window z-test p<.01 one-sided", fixed(WindowRule(0, .05 + 2.326 * sd)));
  bernoulli_row(options, "Page-Hinkley (page-hinkley-fading/v1)", fixed(PageHinkley()));
  bernoulli_row(options, "ADWIN (adwin-river-0.15/v1)", fixed(AdwinRiver()));
  bernoulli_row(options, "ADWIN, mended (adwin-river-pr1613/v1)", fixed(AdwinRiverPr1613()));
  bernoulli_row(options, "DDM (ddm-river/v1)", fixed(DdmRiver()));
  bernoulli_row(options, "EDDM (eddm-river/v1)", fixed(EddmRiver()));
  bernoulli_row(options, "HDDM-A (hddm-a-river/v1)", fixed(HddmARiver()));
  bernoulli_row(options, "HDDM-W (hddm-w-river/v1)", fixed(HddmWRiver()));
  bernoulli_row(options, "e-SR per event, N=1e5", fixed(EventMean(.05, Thresholds{1e5})));
  bernoulli_row(options, "e-CUSUM, N=1e5", fixed(Cusum()));
  bernoulli_row(options, "e-SR per event, <=1 % in 100k (N=1e7)", fixed(EventMean(.05, Thresholds{1e7})));
  bernoulli_row(options, "e-SR block means B=20, N=1e5 (default)", fixed(BlockMean(.05, 20, Thresholds{1e5})));
  bernoulli_row(options, "e-SR block means B=20, N=1e7", fixed(BlockMean(.05, 20, Thresholds{1e7})));
  bernoulli_row(options, "e-SR, baseline = 99 % bound of 5,000 labels", [](Random& random) {
    return EventMean(clopper_pearson_upper(reference_errors(random, .05), 5000, .99).value(), Thresholds{1e5});
  });
  bernoulli_row(options, "e-SR conformal against 5,000 labels",
                [](Random& random) { return Conformal(reference_errors(random, .05), random.bits()); });
  bernoulli_row(options, "e-process since start, alpha 1 %", fixed(SinceStart()));
}

template <class Make>
void base_rate_row(const Options& options, const char* name, Make make) {
  std::printf("%-46s", name);
  for (const double rate : {.005, .05, .2, .5}) {
    const auto counts = each_stream(options.streams, [&](int i) {
      Random random(options.seed + 2, static_cast<std::uint64_t>(i));
      return static_cast<double>(run(make(rate), bernoulli(random, rate, rate)).size());
    });
    std::printf(" %8.3f", simulation::mean_of(counts).value);
  }
  std::printf("\n");
  std::fflush(stdout);
}

void base_rate_table(const Options& options) {
  std::printf("\nFalse alarms per 100,000, nothing changes, %d streams\n%-46s %8s %8s %8s %8s\n", options.streams, "",
              "0.5 %", "5 %", "20 %", "50 %");
  base_rate_row(options, "Page-Hinkley (page-hinkley-fading/v1)", [](double) { return PageHinkley(); });
  base_rate_row(options, "ADWIN (adwin-river-0.15/v1)", [](double) { return AdwinRiver(); });
  base_rate_row(options, "ADWIN, mended (adwin-river-pr1613/v1)", [](double) { return AdwinRiverPr1613(); });
  base_rate_row(options, "DDM (ddm-river/v1)", [](double) { return DdmRiver(); });
  base_rate_row(options, "EDDM (eddm-river/v1)", [](double) { return EddmRiver(); });
  base_rate_row(options, "HDDM-A (hddm-a-river/v1)", [](double) { return HddmARiver(); });
  base_rate_row(options, "HDDM-W (hddm-w-river/v1)", [](double) { return HddmWRiver(); });
  base_rate_row(options, "e-SR per event, N=1e5", [](double p) { return EventMean(p, Thresholds{1e5}); });
  base_rate_row(options, "e-SR block means, N=1e5",
                [](double p) { return BlockMean(p, block_size(p), Thresholds{1e5}); });
}

// Ten numeric features

constexpr std::size_t features = 10;
struct Shift {
  const char* name;
  double shift, scale;
};
constexpr std::array shifts{Shift{".1 sd", .1, 1}, Shift{".2 sd", .2, 1}, Shift{".5 sd", .5, 1}, Shift{"x1.3", 0, 1.3}};

/// One feature of one stream: its reference, and its values.
struct Feature {
  std::vector<double> reference;
  FrozenSample frozen;
  Bins bins, deciles;
  RankReference ranks;
  CdfReference check_points;
  BinCounts decile_counts;
  Stream values;

  Feature(Random& random, const Shift& change)
      : reference(sample(random, 5000)),
        frozen(freeze(reference, 1'000'000)),
        bins(Bins::quantile(reference).value()),
        deciles(Bins::quantile(reference, 10).value()),
        decile_counts(histogram(deciles, reference)) {
    ranks.counts.assign(bins.ordered(), 0);
    for (const double x : reference) ++ranks.counts[bins.bin_of(x)];
    check_points = CdfReference::of(ranks, .05, 1e-3 / features);
    values = sample(random, length);
    for (std::uint64_t t = change_at; t < length; ++t) values[t] = change.shift + change.scale * values[t];
  }
  static std::vector<double> sample(Random& random, std::size_t n) {
    std::vector<double> out(n);
    for (double& x : out) x = random.normal();
    return out;
  }
};

enum Rule { ks, ks_bonferroni, w1, psi_1, psi_2, ks_share, kswin, event, block, cdf, rules };
constexpr const char* rule_names[rules] = {"KS p<.05 per 1000, any of 10",
                                           "KS Bonferroni",
                                           "Wasserstein/sd >= .1",
                                           "PSI >= .1 (reference deciles)",
                                           "PSI >= .2 (reference deciles)",
                                           "share of KS-drifted features >= .5",
                                           "KSWIN (kswin-splitmix64/v1), any of 10",
                                           "conformal e-SR per event, one budget for all",
                                           "conformal e-SR, block means B=20",
                                           "CDF e-SR, KS distance > .05 certain, B=1"};

/// Alarm times of every rule on ten features, of which the first changes.
std::array<testing::Indices, rules> run_features(Random random, const Shift& change) {
  std::array<std::set<std::uint64_t>, rules> alarms;
  std::array<std::vector<int>, 1> drifted{std::vector<int>(length / window, 0)};
  const Thresholds share{1e5 * features};
  for (std::size_t f = 0; f < features; ++f) {
    const Feature own(random, f == 0 ? change : Shift{"", 0, 1});
    for (std::uint64_t w = 0; w < length / window; ++w) {
      const std::uint64_t at = (w + 1) * window - 1;
      const std::span<const double> values(own.values.data() + w * window, window);
      const double d = ks_two_sample(own.reference, values).value();
      const double p = ks_p_limit(d, own.reference.size(), window).value();
      if (p < .05) {
        alarms[ks].insert(at);
        ++drifted[0][w];
      }
      if (p < .05 / features) alarms[ks_bonferroni].insert(at);
      if (wasserstein1(own.reference, values).value() >= .1) alarms[w1].insert(at);
      const auto live = histogram(own.deciles, values);
      const double psi =
          psi_jeffreys(own.decile_counts.first(own.deciles.ordered()), live.first(own.deciles.ordered())).value();
      if (psi >= .1) alarms[psi_1].insert(at);
      if (psi >= .2) alarms[psi_2].insert(at);
    }
    EventRankDrift by_event(own.ranks, share);
    RankDrift by_block(own.ranks, 20, share);
    CdfDrift by_cdf(own.check_points, 1, share);
    Kswin::Options options;
    options.seed = f + 1;
    Kswin by_kswin(options);
    for (std::uint64_t t = 0; t < length; ++t) {
      const auto bin = own.bins.bin_of(own.values[t]);
      const double tie = tie_breaker(f + 1, t);
      if (by_event.step(bin, tie, 1) == Signal::alarm) alarms[event].insert(t);
      if (by_block.step(bin, tie, 1) == Signal::alarm) alarms[block].insert(t);
      if (by_cdf.step(bin, 1) == Signal::alarm) alarms[cdf].insert(t);
      if (by_kswin.step(own.values[t]) == Signal::alarm) alarms[kswin].insert(t);
    }
  }
  for (std::uint64_t w = 0; w < length / window; ++w) {
    if (drifted[0][w] >= 5) alarms[ks_share].insert((w + 1) * window - 1);
  }
  std::array<testing::Indices, rules> out;
  for (std::size_t r = 0; r < rules; ++r) out[r].assign(alarms[r].begin(), alarms[r].end());
  return out;
}

void numeric_table(const Options& options) {
  const int streams = std::max(4, options.streams / 10);
  std::array<std::array<Tally, shifts.size()>, rules> scores;
  const auto all = each_stream(streams, [&](int i) {
    std::array<std::array<Tally, shifts.size()>, rules> own;
    const Random random(options.seed + 3, static_cast<std::uint64_t>(i));
    const auto calm = run_features(random, {"", 0, 1});
    for (std::size_t r = 0; r < rules; ++r) own[r][0].add_stable(calm[r], length);
    for (std::size_t k = 0; k < shifts.size(); ++k) {
      const auto changed = run_features(random, shifts[k]);
      for (std::size_t r = 0; r < rules; ++r) own[r][k].add_changed(changed[r], change_at);
    }
    return own;
  });
  for (const auto& own : all) {
    for (std::size_t r = 0; r < rules; ++r) {
      for (std::size_t k = 0; k < shifts.size(); ++k) scores[r][k] += own[r][k];
    }
  }
  std::printf(
      "\nTen numeric features, reference 5,000, a change of the first at 50,000, %d streams of 100,000\n%-46s %8s",
      streams, "", "/100k");
  for (const auto& shift : shifts) std::printf("  %-16s", shift.name);
  std::printf("\n");
  for (std::size_t r = 0; r < rules; ++r) {
    std::printf("%-46s %8.3f", rule_names[r], *scores[r][0].false_alarms_per_100k());
    for (const auto& score : scores[r]) {
      std::printf("  %-7s (%3.0f %%)  ", text(score.median_delay()).c_str(), 100 * *score.missed());
    }
    std::printf("\n");
  }
  std::printf("(delays: median observations; in brackets the share that is never seen)\n");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::set<std::string> tables;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--streams" && i + 1 < argc) {
      options.streams = std::atoi(argv[++i]);
    } else if (argument == "--seed" && i + 1 < argc) {
      options.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      tables.insert(argument);
    }
  }
  if (tables.empty()) tables = {"bernoulli", "base-rates", "numeric"};
  if (options.streams < 1) return 2;
  if (tables.contains("bernoulli")) bernoulli_table(options);
  if (tables.contains("base-rates")) base_rate_table(options);
  if (tables.contains("numeric")) numeric_table(options);
}
