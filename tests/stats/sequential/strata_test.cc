// SPDX-License-Identifier: Apache-2.0
// Drift by stratum: a known season is no drift, a change is; and with one stratum nothing is different.
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <optional>
#include <random>

#include "stats/sequential/bets.h"
#include "stats/sequential/budget.h"
#include "stats/sequential/category.h"
#include "stats/sequential/numeric.h"

namespace pilotwatch::stats {
namespace {

constexpr std::size_t hours = 24, bins = 64;

/// A normal value whose mean swings by one sd over the day, in one of 64 bins of about equal mass over all hours.
struct Season {
  std::mt19937_64 rng;
  std::normal_distribution<double> normal;
  double shift = 0;

  std::size_t bin(std::size_t hour) {
    const double swing = std::sin(2 * std::numbers::pi * static_cast<double>(hour) / hours);
    const double x = normal(rng) + swing + shift;
    const double u = .5 * std::erfc(-x / std::sqrt(2 * 1.5));  // variance 1 + 1/2
    return std::min(static_cast<std::size_t>(u * bins), bins - 1);
  }
  /// Of five categories, the first one the more frequent the higher the hour's mean.
  std::size_t category(std::size_t hour) { return std::min<std::size_t>(bin(hour) / 13, 4); }
};

struct Reference {
  RankReference whole{std::vector<std::uint32_t>(bins)};
  StrataReference strata{std::vector(hours, RankReference{std::vector<std::uint32_t>(bins)})};
  CategoryReference categories{std::vector<std::uint64_t>(5)};
  CategoryStrata category_strata{std::vector(hours, CategoryReference{std::vector<std::uint64_t>(5)})};
};

Reference reference_of(Season& season, std::size_t rows) {
  Reference out;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto hour = i % hours, bin = season.bin(hour), category = season.category(hour);
    ++out.whole.counts[bin];
    ++out.strata.strata[hour].counts[bin];
    ++out.categories.counts[category];
    ++out.category_strata.strata[hour].counts[category];
  }
  return out;
}

struct Alarms {
  int ranks = 0, whole_ranks = 0, categories = 0, whole_categories = 0;  ///< streams with one
};

/// Hours follow each other in runs of `run` values, as decisions do.
Alarms alarms(int streams, std::size_t values, double over, std::size_t run) {
  Alarms out;
  for (int stream = 0; stream < streams; ++stream) {
    Season season{std::mt19937_64(static_cast<std::uint64_t>(stream) * 7919 + 1), {}};
    const auto reference = reference_of(season, 4800);
    const auto at = thresholds(over, 1);
    RankDrift ranks(reference.strata, 20, at), whole_ranks(reference.whole, 20, at);
    CategoryDrift categories(reference.category_strata, 20, at), whole_categories(reference.categories, 20, at);
    Alarms seen;
    for (std::size_t t = 0; t < values; ++t) {
      const auto hour = t / run % hours, bin = season.bin(hour), category = season.category(hour);
      const double tie = tie_breaker(3, t);
      seen.ranks |= ranks.step(bin, tie, 1, hour) == Signal::alarm;
      seen.whole_ranks |= whole_ranks.step(bin, tie, 1) == Signal::alarm;
      seen.categories |= categories.step(category, tie, 1, hour) == Signal::alarm;
      seen.whole_categories |= whole_categories.step(category, tie, 1) == Signal::alarm;
    }
    out.ranks += seen.ranks;
    out.whole_ranks += seen.whole_ranks;
    out.categories += seen.categories;
    out.whole_categories += seen.whole_categories;
  }
  return out;
}

template <class Detector>
std::string state_of(const Detector& detector) {
  ByteWriter out;
  detector.write(out);
  return out.take();
}

}  // namespace

TEST_CASE("strata: a season is no drift by stratum, and one without") {
  // At most one alarm in 100,000 values: in 2,500 of each of 200 streams with chance 1/40. 13 is the 99.9 % quantile of
  // Binomial(200, 1/40).
  const auto seen = alarms(200, 2500, 100'000, 60);
  CAPTURE(seen.ranks, seen.whole_ranks, seen.categories, seen.whole_categories);
  CHECK(seen.ranks <= 13);
  CHECK(seen.categories <= 13);
  CHECK(seen.whole_ranks >= 190);
  CHECK(seen.whole_categories >= 190);
}

TEST_CASE("strata: a shift in all hours is found within the season") {
  std::vector<std::size_t> ranks, categories;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Season season{std::mt19937_64(seed * 104'729 + 5), {}};
    const auto reference = reference_of(season, 4800);
    const auto at = thresholds(100'000, 1);
    RankDrift by_rank(reference.strata, 20, at);
    CategoryDrift by_category(reference.category_strata, 20, at);
    std::optional<std::size_t> rank_delay, category_delay;
    for (std::size_t t = 0; t < 8000 && (!rank_delay || !category_delay); ++t) {
      if (t == 2000) season.shift = .5;
      const auto hour = t / 60 % hours, bin = season.bin(hour), category = season.category(hour);
      const double tie = tie_breaker(9, t);
      const bool moved = by_rank.step(bin, tie, 1, hour) == Signal::alarm;
      const bool mixed = by_category.step(category, tie, 1, hour) == Signal::alarm;
      if (t < 2000) continue;
      if (moved && !rank_delay) rank_delay = t - 2000;
      if (mixed && !category_delay) category_delay = t - 2000;
    }
    ranks.push_back(rank_delay.value_or(6000));
    categories.push_back(category_delay.value_or(6000));
  }
  for (auto* delays : {&ranks, &categories}) std::nth_element(delays->begin(), delays->begin() + 20, delays->end());
  CAPTURE(ranks[20], categories[20]);
  CHECK(ranks[20] <= 800);
  CHECK(categories[20] <= 1200);
}

TEST_CASE("strata: with one stratum both detectors are bit for bit what they are without") {
  Season season{std::mt19937_64(11), {}};
  const auto reference = reference_of(season, 2400);
  const StrataReference one{{reference.whole}};
  const CategoryStrata one_mix{{reference.categories}};
  const auto at = thresholds(2000, 1);
  RankDrift ranks(reference.whole, 20, at), by_stratum(one, 20, at);
  CategoryDrift mix(reference.categories, 20, at), mix_by_stratum(one_mix, 20, at);
  int alarms = 0;
  for (std::size_t t = 0; t < 6000; ++t) {
    if (t == 3000) season.shift = 1;
    const auto hour = t / 60 % hours, bin = season.bin(hour), category = season.category(hour);
    const double tie = tie_breaker(1, t);
    const auto said = ranks.step(bin, tie, 1);
    CHECK(by_stratum.step(bin, tie, 1, 0) == said);
    CHECK(mix_by_stratum.step(category, tie, 1, 0) == mix.step(category, tie, 1));
    alarms += said == Signal::alarm ? 1 : 0;
    if (t % 97 != 0) continue;
    REQUIRE(state_of(by_stratum) == state_of(ranks));
    REQUIRE(state_of(mix_by_stratum) == state_of(mix));
  }
  CHECK(alarms > 0);
}

TEST_CASE("strata: a state that was written and read goes on as if it never had been") {
  Season season{std::mt19937_64(12), {}};
  const auto reference = reference_of(season, 4800);
  const auto at = thresholds(5000, 1);
  RankDrift ranks(reference.strata, 20, at), read_ranks(reference.strata, 20, at);
  CategoryDrift mix(reference.category_strata, 20, at), read_mix(reference.category_strata, 20, at);
  for (std::size_t t = 0; t < 4000; ++t) {
    if (t == 2000) season.shift = .8;
    const auto hour = t / 7 % hours, bin = season.bin(hour), category = season.category(hour);
    const double tie = tie_breaker(1, t);
    static_cast<void>(ranks.step(bin, tie, 1, hour));
    static_cast<void>(mix.step(category, tie, 1, hour));
    if (t == 1234) {
      const auto bytes = state_of(ranks), mix_bytes = state_of(mix);
      ByteReader in(bytes), mix_in(mix_bytes);
      read_ranks.read(in);
      read_mix.read(mix_in);
    } else if (t > 1234) {
      static_cast<void>(read_ranks.step(bin, tie, 1, hour));
      static_cast<void>(read_mix.step(category, tie, 1, hour));
    }
  }
  CHECK(state_of(read_ranks) == state_of(ranks));
  CHECK(state_of(read_mix) == state_of(mix));
}

}  // namespace pilotwatch::stats
