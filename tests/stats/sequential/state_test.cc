// SPDX-License-Identifier: Apache-2.0
// Every detector: the state that was written goes on, bit for bit, as the one that was read. And the two with states of
// their own kind: calibration and embeddings.
#include <catch2/catch.hpp>
#include <random>

#include "stats/sequential/bets.h"
#include "stats/sequential/calibration.h"
#include "stats/sequential/category.h"
#include "stats/sequential/embedding.h"
#include "stats/sequential/gap.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/numeric.h"
#include "stats/sequential/rate.h"
#include "stats/sequential/reductions.h"
#include "stats/sequential/tolerance.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

static_assert(Detector<BlockMean> && Detector<EventMean> && Detector<Recovery> && Detector<PoissonRate> &&
              Detector<GroupGap>);

template <class D>
std::string bytes_of(const D& detector) {
  ByteWriter out;
  detector.write(out);
  return out.take();
}

/// make(): a fresh detector; step(detector, rng): one observation. Returns alarms seen, so that resets are covered too.
template <class Make, class Step>
int check_round_trips(int cases, int length, Make make, Step step) {
  const auto seed = testing::seed_of("round trip");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int alarms = 0;
  for (int round = 0; round < cases; ++round) {
    CAPTURE(round);
    auto original = make();
    const int before = static_cast<int>(rng() % static_cast<unsigned>(length));
    for (int t = 0; t < before; ++t) alarms += step(original, rng) == Signal::alarm ? 1 : 0;
    auto restored = make();
    const auto saved = bytes_of(original);
    ByteReader in(saved);
    restored.read(in);
    REQUIRE(in.at_end());
    REQUIRE(bytes_of(restored) == saved);
    auto again = rng;
    for (int t = 0; t < length; ++t) {
      const auto signal = step(original, rng);
      REQUIRE(signal == step(restored, again));
      alarms += signal == Signal::alarm ? 1 : 0;
    }
    REQUIRE(bytes_of(restored) == bytes_of(original));
  }
  return alarms;
}

double loss(std::mt19937_64& rng) { return rng() % 8 == 0 ? 1 : 0; }
const Thresholds low{50, 5, 1};

TEST_CASE("state: means, rates and gaps go on exactly where they were") {
  CHECK(check_round_trips(
            2000, 60, [] { return BlockMean(.05, 7, low); }, [](auto& d, auto& rng) { return d.step(loss(rng)); }) > 0);
  CHECK(check_round_trips(
            2000, 60, [] { return EventMean(.05, low); }, [](auto& d, auto& rng) { return d.step(loss(rng)); }) > 0);
  CHECK(check_round_trips(
            1000, 60, [] { return Recovery(.3, 20); }, [](auto& d, auto& rng) { return d.step(loss(rng)); }) > 0);
  CHECK(check_round_trips(
            1000, 60, [] { return PoissonRate(.05, low); }, [](auto& d, auto& rng) { return d.step(loss(rng)); }) > 0);
  CHECK(check_round_trips(
            1000, 60,
            [] {
              return GroupGap(GapLimit{1, .01}, 8, low);
            },
            [](auto& d, auto& rng) { return d.step(rng() % 2 == 0 ? 0 : 3); }) > 0);
}

TEST_CASE("state: distributions go on exactly where they were") {
  static const RankReference bins{std::vector<std::uint32_t>(16, 20)};
  static const auto check_points = CdfReference::of(bins, .05, .01), wide = CdfReference::of(bins, .2, .01);
  static const CategoryReference categories{{150, 40, 10, 0}};
  static const auto limits = category_limits(categories, .05, .01);
  const auto skewed = [](auto& rng) { return std::min<std::size_t>(rng() % 16, 15 - rng() % 8); };
  const auto tie = [](auto& rng) { return (static_cast<double>(rng() >> 11) + .5) * 0x1p-53; };
  CHECK(check_round_trips(
            500, 100, [] { return RankDrift(bins, 5, low); },
            [&](auto& d, auto& rng) { return d.step(skewed(rng), tie(rng), 1); }) > 0);
  CHECK(check_round_trips(
            500, 100, [] { return EventRankDrift(bins, low); },
            [&](auto& d, auto& rng) { return d.step(skewed(rng), tie(rng), 1); }) > 0);
  CHECK(check_round_trips(
            500, 100, [] { return CategoryDrift(categories, 5, low); },
            [&](auto& d, auto& rng) { return d.step(rng() % 4, tie(rng), 1); }) > 0);
  CHECK(check_round_trips(
            500, 100, [] { return ReferenceRate(10, 200, 3, low); },
            [&](auto& d, auto& rng) { return d.step(rng() % 4 == 0, tie(rng), 1); }) > 0);
  CHECK(check_round_trips(
            300, 100, [] { return CdfDrift(check_points, 5, low); },
            [&](auto& d, auto& rng) { return d.step(rng() % 4, 1); }) > 0);
  CHECK(check_round_trips(
            300, 100, [] { return CategoryTolerance(limits, 5, low); },
            [&](auto& d, auto& rng) { return d.step(rng() % 4, 1); }) > 0);
  CHECK(check_round_trips(
            100, 200, [] { return CdfRecovery(wide, 3); }, [&](auto& d, auto& rng) { return d.step(rng() % 16, 1); }) >
        0);
  CHECK(check_round_trips(
            200, 100, [] { return CalibrationDrift(.05, 5, low); },
            [&](auto& d, auto& rng) { return d.step(tie(rng) * .3, rng() % 2 == 0, 1); }) > 0);
}

TEST_CASE("state: pairs and embeddings go on exactly where they were") {
  AucPairs original, restored;
  std::mt19937_64 rng{37};
  for (int t = 0; t < 100; ++t) original.pair(static_cast<double>(rng() % 10), rng() % 3 == 0);
  const auto saved = bytes_of(original);
  ByteReader in(saved);
  restored.read(in);
  for (int t = 0; t < 1000; ++t) {
    const auto score = static_cast<double>(rng() % 10);
    const bool positive = rng() % 2 == 0;
    REQUIRE(original.pair(score, positive) == restored.pair(score, positive));
  }
  std::vector<float> rows(100 * 4);
  for (float& x : rows) x = static_cast<float>(rng() % 1000) / 1000;
  static const EmbeddingReference reference(rows, 4, median_distance(rows, 4), 1);
  check_round_trips(
      20, 40, [] { return EmbeddingDrift(reference, 0, .01, low); },
      [](auto& d, auto& numbers) {
        const std::array<float, 4> x{static_cast<float>(numbers() % 3), 1, 2, 3};
        return d.step(x, 1);
      });
}

TEST_CASE("state: a blob that has been cut off is refused") {
  BlockMean detector(.05, 20, low);
  detector.step(1);
  const auto saved = bytes_of(detector);
  for (std::size_t size = 0; size < saved.size(); ++size) {
    BlockMean other(.05, 20, low);
    ByteReader in(std::string_view(saved).substr(0, size));
    CHECK_THROWS_AS(other.read(in), CorruptBytes);
  }
}

TEST_CASE("calibration drift: scores that mean what they say are calm, too high ones are seen and their bins named") {
  std::mt19937_64 rng{41};
  std::uniform_real_distribution<double> unit(0, 1);
  CalibrationDrift calm(.05, 20, Thresholds{1e5}), off = calm;
  for (int t = 0; t < 50'000; ++t) {
    const double s = unit(rng);
    REQUIRE(calm.step(s, unit(rng) < s, 1) != Signal::alarm);
  }
  int delay = 0;
  std::array<std::array<double, 2>, 10> last{};
  for (bool alarm = false; !alarm && delay < 50'000; ++delay) {
    last = off.by_bin();
    const double s = unit(rng);
    alarm = off.step(s, unit(rng) < (s > .7 ? s - .4 : s), 1) == Signal::alarm;
  }
  CHECK(delay < 20'000);
  double loudest = 0;
  std::size_t bin = 0, side = 0;
  for (std::size_t b = 0; b < 10; ++b) {
    for (std::size_t k = 0; k < 2; ++k) {
      if (last[b][k] > loudest) loudest = last[bin = b][side = k];
    }
  }
  CHECK(bin >= 7);
  CHECK(side == 1);
}

TEST_CASE("embedding drift: a shifted cloud is seen, the same cloud is not") {
  std::mt19937_64 rng{43};
  std::normal_distribution<float> normal;
  constexpr std::size_t dimension = 8;
  const auto row = [&](float shift) {
    std::array<float, dimension> x;
    for (float& value : x) value = normal(rng);
    x[0] += shift;
    return x;
  };
  std::vector<float> rows;
  for (int i = 0; i < 2000; ++i) {
    const auto x = row(0);
    rows.insert(rows.end(), x.begin(), x.end());
  }
  const EmbeddingReference reference(rows, dimension, median_distance(rows, dimension), 9);
  EmbeddingReference::Features phi;
  reference.features_of(row(0), phi);
  double square = 0;
  for (const double value : phi) square += value * value;
  CHECK(square == Approx(1).epsilon(1e-12));
  EmbeddingDrift detector(reference, 0, .001, Thresholds{1e4});
  for (int t = 0; t < 3000; ++t) REQUIRE(detector.step(row(0), 1) != Signal::alarm);
  int delay = 0;
  while (detector.step(row(3), 1) != Signal::alarm && delay < 3000) ++delay;
  CHECK(delay < 1500);
}

}  // namespace
}  // namespace pilotwatch::stats
