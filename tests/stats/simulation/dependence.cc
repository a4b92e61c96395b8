// SPDX-License-Identifier: Apache-2.0
// Losses that depend on each other: clusters break the per-event form, blocks mend it.
#include <functional>

#include "stats/sequential/mean.h"
#include "stats/simulation/acceptance.h"
#include "stats/simulation/streams.h"

namespace pilotwatch::stats::simulation {
namespace {

constexpr double rate = .05;

/// 0/1 losses of mean .05 that keep their value with probability `persistence`, or come in bursts of `burst` equal
/// ones.
class Clustered {
 public:
  Clustered(Random random, double persistence, int burst) : random_(random), persistence_(persistence), burst_(burst) {}
  double next() {
    const bool keep = burst_ > 1 ? left_ > 0 : started_ && random_.bernoulli(persistence_);
    if (!keep) {
      value_ = random_.bernoulli(rate) ? 1 : 0;
      left_ = burst_;
      started_ = true;
    }
    --left_;
    return value_;
  }

 private:
  Random random_;
  double persistence_, value_ = 0;
  int burst_, left_ = 0;
  bool started_ = false;
};

template <class Make>
Mean time_to_alarm(const Scale& scale, double persistence, int burst, Make make) {
  return mean_of(each_stream(scale.streams(150), [&](int stream) {
    Clustered losses(Random(scale.seed + 10, static_cast<std::uint64_t>(stream)), persistence, burst);
    auto detector = make();
    double t = 1;
    while (detector.step(losses.next()) != Signal::alarm) ++t;
    return t;
  }));
}

/// The per-event form (shown, no bound: it is broken here) and blocks, of which those from `bound_from` have a bound.
Test dependence(double persistence, int burst, std::vector<std::uint32_t> sizes, std::uint32_t bound_from) {
  return [=](const Scale& scale) {
    std::vector<Figure> out;
    const Thresholds at{1e5};
    const auto single = time_to_alarm(scale, persistence, burst, [&] { return EventMean(rate, at); });
    out.push_back({"per event (must not be used)", single.value, 0, 20'000, 0});
    for (const auto size : sizes) {
      const auto got = time_to_alarm(scale, persistence, burst, [&] { return BlockMean(rate, size, at); });
      out.push_back({"blocks of " + std::to_string(size), got.value, size >= bound_from ? 80'000.0 : 0,
                     std::numeric_limits<double>::infinity(), scale.quick ? 4 * got.error : 0});
    }
    return out;
  };
}

}  // namespace

void add_dependence_tests(Tests& tests) {
  tests["DEP-1"] = dependence(.3, 1, {20, 50}, 20);
  tests["DEP-2"] = dependence(.7, 1, {20, 50, 100}, 50);
  tests["DEP-3"] = dependence(0, 10, {20, 50}, 20);
}

}  // namespace pilotwatch::stats::simulation
