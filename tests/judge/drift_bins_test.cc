// SPDX-License-Identifier: Apache-2.0
// Which rows of a frozen reference choose the categories, which are counted, and what that means for false alarms.
#include "judge/drift_bins.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "stats/sequential/bets.h"
#include "stats/sequential/budget.h"

namespace pilotwatch::judge {
namespace {

using Mix = std::discrete_distribution<int>;

Mix zipf(int categories, double exponent) {
  std::vector<double> shares;
  for (int i = 1; i <= categories; ++i) shares.push_back(std::pow(i, -exponent));
  return {shares.begin(), shares.end()};
}

engine::FrozenFeature frozen(const std::map<std::string, std::uint64_t>& counts) {
  engine::FrozenFeature out;
  for (const auto& [category, count] : counts) {
    out.categories.push_back(category);
    out.category_counts.push_back(count);
    out.n += count;
  }
  return out;
}

engine::FrozenFeature drawn(Mix mix, int rows, std::mt19937_64& rng) {
  std::map<std::string, std::uint64_t> counts;
  for (int i = 0; i < rows; ++i) ++counts[std::to_string(mix(rng))];
  return frozen(counts);
}

engine::FeatureValue value(std::string category) { return {std::nullopt, std::move(category)}; }

constexpr double over = 10'000;  // one false alarm in so many decisions

stats::CategoryDrift detector(const DriftBins& bins) { return {bins.categories, 20, stats::thresholds(over, 1)}; }

int alarms(Mix mix, int rows, int streams) {
  int out = 0;
  for (int stream = 0; stream < streams; ++stream) {
    std::mt19937_64 rng(static_cast<std::uint64_t>(stream * 31 + 7));
    const auto feature = drawn(mix, rows, rng);
    const auto bins = drift_bins(feature, false);
    auto drift = detector(bins);
    for (std::uint64_t t = 0; t < static_cast<std::uint64_t>(over); ++t) {
      const auto bin = bins.index_of(value(std::to_string(mix(rng))));
      out += drift.step(bin, stats::tie_breaker(5, t), 1) == stats::Signal::alarm ? 1 : 0;
    }
  }
  return out;
}

/// Values of `draw` until the alarm, after 2,000 of `before`; nothing if that is not within `most`.
template <class Draw>
std::optional<int> delay(const DriftBins& bins, Mix before, Draw draw, int most, std::mt19937_64& rng) {
  auto drift = detector(bins);
  std::uint64_t t = 0;
  bool alarm = false;
  for (; t < 2000; ++t) {
    const auto bin = bins.index_of(value(std::to_string(before(rng))));
    alarm |= drift.step(bin, stats::tie_breaker(6, t), 1) == stats::Signal::alarm;
  }
  CHECK_FALSE(alarm);
  for (int i = 1; i <= most; ++i, ++t) {
    if (drift.step(bins.index_of(draw()), stats::tie_breaker(6, t), 1) == stats::Signal::alarm) return i;
  }
  return std::nullopt;
}

TEST_CASE("drift bins: the bin of a position is that of its value, however many distinct values there are") {
  for (const int distinct : {1, 2, 3, 40, 63, 64, 65, 500, 1023, 5000, 40'000}) {
    engine::FrozenFeature feature;
    for (int i = 0; i < distinct; ++i) {
      feature.sample.values.push_back(i + (i % 3) * .25);
      feature.sample.cumulative.push_back(static_cast<std::uint64_t>(i) + 1);
    }
    feature.n = static_cast<std::uint64_t>(distinct);
    const auto bins = drift_bins(feature, true);
    CAPTURE(distinct, bins.edges.size());
    std::size_t wrong = 0;
    for (std::uint32_t position = 0; position <= 2 * static_cast<std::uint32_t>(distinct); ++position) {
      const auto expected = std::lower_bound(bins.last_positions.begin(), bins.last_positions.end(), position) -
                            bins.last_positions.begin();
      wrong += bins.index_of(position) == static_cast<std::size_t>(expected) ? 0U : 1U;
    }
    CHECK(wrong == 0);
    CHECK(bins.index_of(2 * static_cast<std::uint32_t>(distinct)) == bins.edges.size());
  }
}

TEST_CASE("drift bins: a quarter of the rows chooses the categories, only the others are counted") {
  std::mt19937_64 rng{1};
  const auto feature = drawn(zipf(1000, 1.3), 5000, rng);
  const auto bins = drift_bins(feature, false);
  REQUIRE(bins.categories.counts.size() == 22);
  CHECK_FALSE(bins.numeric());
  CHECK(bins.n == bins.categories.n());
  CHECK(static_cast<double>(bins.n) == Approx(3750).margin(150));
  // A fresh value is unseen as often as a counted row is: that is the point.
  auto mix = zipf(1000, 1.3);
  double unseen = 0;
  for (int i = 0; i < 20'000; ++i) unseen += bins.index_of(value(std::to_string(mix(rng)))) == 21 ? 1 : 0;
  CHECK(static_cast<double>(bins.categories.counts.back()) / static_cast<double>(bins.n) ==
        Approx(unseen / 20'000).margin(.02));
  CHECK(unseen > 1000);
  CHECK(bins.index_of(value("never")) == 21);
  CHECK(bins.name_of(0) == "0");
  CHECK(bins.name_of(20) == "other categories");
  CHECK(bins.name_of(21) == "values rare in the reference or not in it");
  CHECK(drift_bins(feature, false).categories.counts == bins.categories.counts);  // every replay has the same coins
}

TEST_CASE("drift bins: a category's coins do not depend on the others") {
  const auto one = frozen({{"b", 600}}), three = frozen({{"a", 5000}, {"b", 600}, {"c", 2000}});
  const auto alone = drift_bins(one, false), among = drift_bins(three, false);
  REQUIRE(among.name_of(2) == "b");
  CHECK(alone.categories.counts[0] == among.categories.counts[2]);
}

TEST_CASE("drift bins: a reference of one row has no list or no counted row, and still a bin for every value") {
  for (const char* category : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    const auto feature = frozen({{category, 1}});
    const auto bins = drift_bins(feature, false);
    CHECK(bins.n <= 1);
    CHECK(bins.index_of(value(category)) < bins.categories.counts.size());
    CHECK(bins.index_of(value("never")) == bins.categories.counts.size() - 1);
  }
}

TEST_CASE("drift bins: streams like their reference do not alarm, however long the tail of their categories is") {
  // At most one a stream on average. If the rows that choose are counted too: 42, 3.3 and .4.
  CHECK(alarms(zipf(1000, 1.3), 5000, 40) <= 40);
  CHECK(alarms(zipf(100, 0), 300, 40) <= 40);
  CHECK(alarms(zipf(10, 1), 300, 40) <= 40);
}

TEST_CASE("drift bins: another mix, and a category never seen, are still found in a long tail") {
  for (const std::uint64_t seed : {2U, 3U, 4U, 5U, 6U}) {
    CAPTURE(seed);
    std::mt19937_64 rng{seed};
    auto mix = zipf(1000, 1.3), flatter = zipf(1000, 1);
    const auto feature = drawn(mix, 5000, rng);
    const auto bins = drift_bins(feature, false);
    const auto moved = delay(
        bins, mix, [&] { return value(std::to_string(flatter(rng))); }, 1500, rng);
    REQUIRE(moved);
    CAPTURE(*moved);
    CHECK(*moved < 600);
    const auto burst = delay(
        bins, mix, [&] { return value(rng() % 10 < 3 ? "new" : std::to_string(mix(rng))); }, 1500, rng);
    REQUIRE(burst);
    CAPTURE(*burst);
    CHECK(*burst < 500);
  }
}

TEST_CASE("drift bins: a category never seen among few is found at once") {
  std::mt19937_64 rng{7};
  auto mix = zipf(10, 1);
  const auto feature = drawn(mix, 2000, rng);
  const auto bins = drift_bins(feature, false);
  const auto burst = delay(
      bins, mix, [&] { return value(rng() % 20 == 0 ? "new" : std::to_string(mix(rng))); }, 1500, rng);
  REQUIRE(burst);
  CHECK(*burst < 300);
}

TEST_CASE("drift bins: strata have the categories of the whole, and together its counted rows") {
  std::mt19937_64 rng{8};
  auto feature = drawn(zipf(50, 1.1), 4000, rng);
  // Three strata: all even rows, all odd rows, and ten of the most frequent category.
  for (std::uint32_t stratum = 0; stratum < 3; ++stratum) {
    for (std::uint32_t i = 0; i < feature.categories.size(); ++i) {
      const auto rows = static_cast<std::uint32_t>(feature.category_counts[i]);
      const std::uint32_t extra = feature.categories[i] == "0" ? 10 : 0;
      const std::uint32_t own = stratum == 0 ? rows / 2 : stratum == 1 ? rows - rows / 2 - extra : extra;
      if (own > 0) feature.strata.push_back({stratum, i, own});
    }
  }
  const auto whole = drift_bins(feature, false), by_stratum = drift_bins(feature, false, 3);
  CHECK(by_stratum.categories.counts == whole.categories.counts);
  CHECK(by_stratum.category_of == whole.category_of);
  REQUIRE(by_stratum.category_strata.strata.size() == 2);  // ten rows are too few
  CHECK(by_stratum.place_of_stratum == std::vector<std::uint32_t>{0, 1, DriftBins::no_place});
  for (std::size_t i = 0; i < whole.categories.counts.size(); ++i) {
    const auto sum = by_stratum.category_strata.strata[0].counts[i] + by_stratum.category_strata.strata[1].counts[i];
    CHECK(sum <= whole.categories.counts[i]);
    CHECK(sum + 10 >= whole.categories.counts[i]);
    if (i != 0) CHECK(sum == whole.categories.counts[i]);
  }
  CHECK(by_stratum.compared() == by_stratum.category_strata.n());
  CHECK(whole.compared() == whole.n);
  CHECK_FALSE(whole.stratified());
}

}  // namespace
}  // namespace pilotwatch::judge
