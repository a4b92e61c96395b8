// SPDX-License-Identifier: Apache-2.0
// Bernoulli losses with limit .05: time to the first false alarm, false alarms in 100,000, delays.
#include <cmath>

#include "stats/interval/one_sample.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/category.h"
#include "stats/sequential/mean.h"
#include "stats/simulation/acceptance.h"
#include "stats/simulation/streams.h"

namespace pilotwatch::stats::simulation {
namespace {

constexpr double limit = .05;
constexpr int horizon = 100'000, change_at = 50'000;
const std::vector<double> changes{.08, .10, .20};

EventMean event(double n, double m = limit) { return {m, Thresholds{n}}; }
BlockMean blocks(double n, std::uint32_t size = 20) { return {limit, size, Thresholds{n}}; }

/// Observations until the first alarm, at most `censored`.
template <class Make>
Mean time_to_alarm(const Scale& scale, int streams, double rate, Make make, double censored = 1e12) {
  return mean_of(each_stream(scale.streams(streams), [&](int stream) {
    Random random(scale.seed, static_cast<std::uint64_t>(stream));
    auto detector = make();
    double t = 1;
    while (detector.step(random.bernoulli(rate) ? 1 : 0) != Signal::alarm && t < censored) ++t;
    return t;
  }));
}

/// Alarms in `length` observations.
template <class Make>
std::vector<double> alarms(const Scale& scale, int streams, double rate, int length, Make make) {
  return each_stream(scale.streams(streams), [&](int stream) {
    Random random(scale.seed + 1, static_cast<std::uint64_t>(stream));
    auto detector = make();
    double count = 0;
    for (int t = 0; t < length; ++t) count += detector.step(random.bernoulli(rate) ? 1 : 0) == Signal::alarm ? 1 : 0;
    return count;
  });
}

Mean share_with_alarm(std::vector<double> counts) {
  for (double& count : counts) count = count > 0 ? 1 : 0;
  return mean_of(counts);
}

/// Median observations from the change to the next alarm, for each of `to`; the calm before is simulated once a stream.
template <class Detector>
std::vector<double> delays_of(Detector detector, Random random, const std::vector<double>& to) {
  for (int t = 0; t < change_at; ++t) detector.step(random.bernoulli(limit) ? 1 : 0);
  std::vector<double> out;
  for (const double rate : to) {
    auto changed = detector;
    auto numbers = random;
    double delay = 1;
    while (changed.step(numbers.bernoulli(rate) ? 1 : 0) != Signal::alarm) ++delay;
    out.push_back(delay);
  }
  return out;
}

template <class Make>
std::vector<double> median_delays(const Scale& scale, int streams, Make make, const std::vector<double>& to = changes) {
  const auto all = each_stream(scale.streams(streams), [&](int stream) {
    return delays_of(make(), Random(scale.seed + 2, static_cast<std::uint64_t>(stream)), to);
  });
  std::vector<double> out;
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::vector<double> one;
    for (const auto& delays : all) one.push_back(delays[i]);
    out.push_back(median_of(one));
  }
  return out;
}

Figure mean_figure(const std::string& name, const Scale& scale, Mean got, double low, double high) {
  return {name, got.value, low, high, scale.quick ? 4 * got.error : 0};
}

/// Delays within `share` of those observed, or one block.
std::vector<Figure> delay_figures(const Scale& scale, const std::vector<double>& got, const std::vector<double>& want,
                                  double share, double block = 0) {
  std::vector<Figure> out;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double room = std::max(share * want[i], block);
    out.push_back({"median delay " + std::to_string(i), got[i], want[i] - room, want[i] + room,
                   scale.quick ? .15 * want[i] + block : 0});
  }
  return out;
}

/// The exact monitor against 5,000 reference labels.
class ReferenceLabels {
 public:
  ReferenceLabels(double n, Random& random) : detector_(labels(random), 5000, 1, Thresholds{n}), key_(random.bits()) {}
  Signal step(double x) { return detector_.step(x > 0, tie_breaker(key_, ++event_), 1); }

 private:
  static std::uint64_t labels(Random& random) {
    std::uint64_t errors = 0;
    for (int i = 0; i < 5000; ++i) errors += random.bernoulli(limit) ? 1 : 0;
    return errors;
  }
  ReferenceRate detector_;
  std::uint64_t key_, event_ = 0;
};

std::vector<Figure> reference_labels(const Scale& scale) {
  const auto counts = each_stream(scale.streams(1000), [&](int stream) {
    Random random(scale.seed + 3, static_cast<std::uint64_t>(stream));
    ReferenceLabels detector(1e5, random);
    double count = 0;
    for (int t = 0; t < horizon; ++t) count += detector.step(random.bernoulli(limit) ? 1 : 0) == Signal::alarm ? 1 : 0;
    return count;
  });
  const auto all = each_stream(scale.streams(1000), [&](int stream) {
    Random random(scale.seed + 4, static_cast<std::uint64_t>(stream));
    const ReferenceLabels detector(1e5, random);
    return delays_of(detector, random, changes);
  });
  std::vector<double> medians;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    std::vector<double> one;
    for (const auto& delays : all) one.push_back(delays[i]);
    medians.push_back(median_of(one));
  }
  auto out = delay_figures(scale, medians, {658, 295, 59}, .10);
  out.push_back(mean_figure("alarms per 100,000", scale, mean_of(counts), 0, 1));
  return out;
}

std::vector<Figure> bounded_reference(const Scale& scale) {
  const auto make = [](Random& random) {
    std::uint64_t errors = 0;
    for (int i = 0; i < 5000; ++i) errors += random.bernoulli(limit) ? 1 : 0;
    return event(1e5, clopper_pearson_upper(errors, 5000, .99).value());
  };
  const auto counts = each_stream(scale.streams(1000), [&](int stream) {
    Random random(scale.seed + 5, static_cast<std::uint64_t>(stream));
    auto detector = make(random);
    double count = 0;
    for (int t = 0; t < horizon; ++t) count += detector.step(random.bernoulli(limit) ? 1 : 0) == Signal::alarm ? 1 : 0;
    return count;
  });
  const auto all = each_stream(scale.streams(2000), [&](int stream) {
    Random random(scale.seed + 6, static_cast<std::uint64_t>(stream));
    const auto detector = make(random);
    return delays_of(detector, random, changes);
  });
  std::vector<double> medians;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    std::vector<double> one;
    for (const auto& delays : all) one.push_back(delays[i]);
    medians.push_back(median_of(one));
  }
  auto out = delay_figures(scale, medians, {1231, 448, 70}, .15);
  out.push_back(mean_figure("alarms per 100,000", scale, mean_of(counts), 0, 1));
  return out;
}

std::vector<Figure> base_rates(const Scale& scale) {
  std::vector<Figure> out;
  for (const double rate : {.005, .05, .2, .5}) {
    const auto got = mean_of(alarms(scale, 200, rate, horizon, [&] { return event(1e5, rate); }));
    out.push_back(mean_figure("alarms per 100,000 at " + std::to_string(rate), scale, got, 0, 1.2));
  }
  return out;
}

std::vector<Figure> shared_budget(const Scale& scale) {
  std::vector<Figure> out;
  const std::vector<double> want{642, 983, 1331, 1606};
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double monitors = std::pow(10, i);
    const auto got = median_delays(scale, 2000, [&] { return event(1e5 * monitors); }, {.08});
    auto figures = delay_figures(scale, got, {want[i]}, .10);
    figures[0].name = std::to_string(static_cast<int>(monitors)) + " monitors";
    out.push_back(figures[0]);
  }
  return out;
}

}  // namespace

void add_bernoulli_tests(Tests& tests) {
  const auto arl = [](auto make, double low, double high, double rate = limit, double censored = 1e12) {
    return [=](const Scale& scale) {
      const auto got = time_to_alarm(scale, 1000, rate, make, censored);
      return std::vector{mean_figure("mean time to a false alarm", scale, got, low, high)};
    };
  };
  tests["ARL-1"] = arl([] { return event(1e5); }, 1e5, 165'000);
  tests["ARL-2"] = arl([] { return event(1e4); }, 1e4, 17'000);
  tests["ARL-3"] = arl([] { return event(1e3); }, 1e3, 1'800);
  tests["ARL-4"] = arl([] { return blocks(1e5); }, 1e5, 145'000);
  tests["ARL-5"] = arl([] { return event(1e5); }, 400'000, 1e12, .045, 1e6);
  const auto pfa = [](auto make, int streams, int length, double most) {
    return [=](const Scale& scale) {
      const auto got = share_with_alarm(alarms(scale, streams, limit, length, make));
      return std::vector{mean_figure("share with a false alarm", scale, got, 0, most)};
    };
  };
  tests["PFA-1"] = pfa([] { return event(1e5); }, 1000, 10'000, .10);
  tests["PFA-2"] = pfa([] { return event(1e7); }, 2000, horizon, .01);
  tests["PFA-3"] = pfa([] { return blocks(1e7); }, 2000, horizon, .01);
  tests["COUNT-1"] = [](const Scale& scale) {
    const auto got = mean_of(alarms(scale, 2000, limit, horizon, [] { return event(1e5); }));
    return std::vector{mean_figure("alarms per 100,000", scale, got, .60, 1)};
  };
  tests["BASE-1"] = base_rates;
  const auto delay = [](auto make, std::vector<double> want, double share, double block) {
    return
        [=](const Scale& scale) { return delay_figures(scale, median_delays(scale, 2000, make), want, share, block); };
  };
  tests["DELAY-1"] = delay([] { return event(1e5); }, {647, 292, 59}, .10, 0);
  tests["DELAY-2"] = delay([] { return event(1e7); }, {1276, 534, 94}, .10, 0);
  tests["DELAY-3"] = delay([] { return blocks(1e5); }, {700, 360, 140}, .15, 20);
  tests["DELAY-4"] = delay([] { return blocks(1e7); }, {1440, 680, 220}, .15, 20);
  tests["REF-1"] = reference_labels;
  tests["REF-2"] = bounded_reference;
  tests["MULTI-1"] = shared_budget;
  tests["MULTI-2"] = [](const Scale& scale) {
    auto out = delay_figures(scale, median_delays(scale, 2000, [] { return event(1e8); }), {1629.5, 670.5, 111}, .10);
    const auto more =
        delay_figures(scale, median_delays(scale, 2000, [] { return blocks(1e8); }), {1820, 840, 260}, .15, 20);
    out.insert(out.end(), more.begin(), more.end());
    return out;
  };
}

}  // namespace pilotwatch::stats::simulation
