// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binning.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/distance/binned_reference.h"
#include "stats/distance/category_bins.h"
#include "stats/distance/ks.h"
#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::BinVector;
using testing::infinity;
using testing::missing;
using testing::random_sample;
using testing::Sample;

BinVector counted(const Bins& bins, const Sample& values) {
  const auto out = histogram(bins, values);
  return {out.all().begin(), out.all().end()};
}

TEST_CASE("quantile bins: worked by hand, with below, above and missing beside them") {
  const auto bins = Bins::quantile(Sample{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, missing}, 5).value();
  CHECK(bins.inner() == 5);
  CHECK(bins.size() == 8);
  CHECK(bins.formula() == std::string("bins-quantile/v1"));
  // (..1) [1, 2] (2, 4] (4, 6] (6, 8] (8, 10] (10..) missing
  CHECK(counted(bins, {0.5, -infinity, 1, 2, 2.5, 8, 8.5, 10, 10.5, infinity, missing}) ==
        BinVector{2, 2, 1, 0, 1, 2, 2, 1});
}

TEST_CASE("quantile bins: ties leave fewer, and a constant has one") {
  const auto tied = Bins::quantile(Sample{0, 0, 0, 0, 0, 0, 0, 1, 1, 2}, 10).value();
  CHECK(counted(tied, {0, 0, 0, 0, 0, 0, 0, 1, 1, 2}) == BinVector{0, 7, 2, 1, 0, 0});
  const auto constant = Bins::quantile(Sample{3, 3, 3}).value();
  CHECK(counted(constant, {2, 3, 4}) == BinVector{1, 1, 1, 0});
}

TEST_CASE("quantile bins: the same edges as quantile_edges, each within 1/k of the mass without ties") {
  const auto seed = testing::seed_of("quantile bins");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto reference = random_sample(rng, 100, round % 4);
    const std::size_t k = 1 + rng() % 80;
    const auto bins = Bins::quantile(reference, k).value();
    const auto counts = counted(bins, reference);
    REQUIRE((counts.front() == 0 && counts[bins.above()] == 0 && counts[bins.missing()] == 0));
    for (std::size_t i = 1; i <= bins.inner(); ++i) REQUIRE(counts[i] > 0);
    if (round % 4 == 0) {
      for (const auto count : counts) REQUIRE(count <= (reference.size() + k - 1) / k);
    }
    auto edges = quantile_edges(freeze(reference, 1000), k);
    const double last = *std::max_element(reference.begin(), reference.end());
    if (edges.empty() || edges.back() != last) edges.push_back(last);
    REQUIRE(edges.size() == bins.inner());
    for (std::size_t i = 0; i < edges.size(); ++i) REQUIRE(bins.upper(i + 1) == edges[i]);
  }
}

TEST_CASE("bin_of: agrees with a linear count for every number of bins") {
  for (std::size_t k = 1; k <= 300; ++k) {
    Sample edges;
    for (std::size_t i = 0; i <= k; ++i) edges.push_back(static_cast<double>(i));
    const auto bins = Bins::explicit_edges(edges).value();
    REQUIRE(bins.bin_of(-0.5) == bins.below());
    for (std::size_t i = 0; i < k; ++i) {
      REQUIRE(bins.bin_of(static_cast<double>(i)) == i + 1);  // [i, i + 1)
      REQUIRE(bins.bin_of(std::nextafter(static_cast<double>(i + 1), 0.0)) == i + 1);
    }
    REQUIRE(bins.bin_of(static_cast<double>(k)) == k);  // the last one is closed
    REQUIRE(bins.bin_of(std::nextafter(static_cast<double>(k), infinity)) == bins.above());
    REQUIRE(bins.bin_of(infinity) == bins.above());
    REQUIRE(bins.bin_of(-infinity) == bins.below());
    REQUIRE(bins.bin_of(missing) == bins.missing());
    REQUIRE(bins.bin_of(-missing) == bins.missing());
  }
}

TEST_CASE("explicit edges: an edge belongs to the bin it begins, the last to the last bin; -0 is 0") {
  const auto bins = Bins::explicit_edges(Sample{0, 1, 10}).value();
  CHECK(counted(bins, {-1e-300, -0.0, 0.5, 1, 9, 10, 11}) == BinVector{1, 2, 3, 1, 0});
  CHECK(Bins::explicit_edges(Sample{0}).error() == Undefined::out_of_domain);
  CHECK(Bins::explicit_edges(Sample{0, 0}).error() == Undefined::out_of_domain);
  CHECK(Bins::explicit_edges(Sample{1, 0}).error() == Undefined::out_of_domain);
  CHECK(Bins::explicit_edges(Sample{0, infinity}).error() == Undefined::out_of_domain);
  CHECK(Bins::explicit_edges(Sample{0, missing}).error() == Undefined::out_of_domain);
}

TEST_CASE("sturges and doane: worked by hand") {
  // 8 values, range 7: sturges log2(8) + 1 = 4 bins of 7/4. Symmetric values, so doane's skewness adds nothing.
  const Sample even{0, 1, 2, 3, 4, 5, 6, 7};
  for (const auto& bins : {Bins::sturges(even).value(), Bins::doane(even).value()}) {
    CHECK(bins.inner() == 4);
    CHECK(counted(bins, {0, 1.75, 3.5, 5.25, 7}) == BinVector{0, 1, 1, 1, 2, 0, 0});
  }
  // 0, 0, 0, 1: g = 2/sqrt 3 = 1.1547, s = sqrt(6 * 2 / 25) = 0.6928, log2(1 + 1.6667) = 1.415: ceil(4.415) = 5 bins
  CHECK(Bins::doane(Sample{0, 0, 0, 1})->inner() == 5);
  CHECK(Bins::sturges(Sample{0, 0, 0, 1})->inner() == 3);
  CHECK(Bins::doane(Sample{0, 1})->inner() == 1);
  // all equal: one bin from value - 1/2 to value + 1/2
  CHECK(counted(*Bins::doane(Sample{3, 3}), {2.4, 2.5, 3, 3.5, 3.6}) == BinVector{1, 3, 1, 0});
}

TEST_CASE("bins: say why there are none") {
  for (const auto make : {Bins::doane, Bins::sturges}) {
    CHECK(make(Sample{missing}).error() == Undefined::no_reference);
    CHECK(make(Sample{0, infinity}).error() == Undefined::out_of_domain);
    CHECK(make(Sample{-1.7e308, 1.7e308}).error() == Undefined::out_of_domain);
  }
  CHECK(Bins::quantile(Sample{}).error() == Undefined::no_reference);
  CHECK(Bins::quantile(Sample{-infinity, 0}).error() == Undefined::out_of_domain);
}

TEST_CASE("bins: no reference value falls outside, whatever the rule and the scale, in any order") {
  const auto seed = testing::seed_of("bins hold the reference");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    auto reference = random_sample(rng, 40, round % 4);
    const double scale = std::pow(10.0, static_cast<double>(rng() % 600) - 300), offset = round % 3 == 0 ? 1e9 : 0;
    for (double& x : reference) x = x * scale + offset;
    auto turned = reference;
    std::shuffle(turned.begin(), turned.end(), rng);
    for (const auto make : {Bins::doane, Bins::sturges}) {
      const auto bins = make(reference).value(), again = make(turned).value();
      const auto counts = counted(bins, reference);
      REQUIRE((counts.front() == 0 && counts[bins.above()] == 0));
      REQUIRE(again.inner() == bins.inner());
      for (std::size_t i = 0; i <= bins.inner(); ++i) REQUIRE(again.upper(i) == bins.upper(i));
    }
  }
}

TEST_CASE("BinCounts: parts merge to the whole in any order, can be taken back, and are read as they were written") {
  const auto seed = testing::seed_of("bin counts");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto bins = Bins::quantile(random_sample(rng, 30, round % 4), 8).value();
    auto live = random_sample(rng, 30, round % 3);
    if (round % 2 == 0) live.push_back(missing);
    const auto middle = live.begin() + static_cast<std::ptrdiff_t>(rng() % (live.size() + 1));
    const auto whole = histogram(bins, live);
    auto merged = histogram(bins, Sample(middle, live.end()));
    const auto first = histogram(bins, Sample(live.begin(), middle));
    merged += first;
    REQUIRE(merged == whole);
    merged -= first;
    REQUIRE(merged == histogram(bins, Sample(middle, live.end())));
    BinCounts threefold(bins.size());
    threefold.add(3, 3);
    threefold.add(3, -2);
    BinCounts once(bins.size());
    once.add(3);
    REQUIRE(threefold == once);
    ByteWriter out;
    whole.write(out);
    BinCounts read;
    ByteReader in(out.bytes());
    read.read(in);
    REQUIRE((read == whole && in.at_end()));
    ByteReader cut(std::string_view(out.bytes()).substr(0, rng() % out.bytes().size()));
    REQUIRE_THROWS_AS(read.read(cut), CorruptBytes);
    REQUIRE(read == whole);
  }
}

TEST_CASE("binned_reference: counts, representatives and moments, worked by hand") {
  const Sample reference{0, 1, 2, 9, missing};
  const auto got = binned_reference(*Bins::explicit_edges(Sample{0, 3, 6, 10}), reference).value();
  CHECK(BinVector(got.ordered().begin(), got.ordered().end()) == BinVector{0, 3, 0, 1, 0});
  CHECK(got.counts.all()[got.bins.missing()] == 1);
  CHECK(got.mean == 3);
  CHECK(got.sd == Approx(std::sqrt((9 + 4 + 1 + 36) / 4.0)).epsilon(1e-15));
  const Sample expected{0, 1, 4.5, 9, 10};  // edge, mean of 0 1 2, middle of [3, 6), 9, edge
  for (std::size_t i = 0; i < 5; ++i) CHECK(got.representatives[i] == Approx(expected[i]).margin(1e-15));
  CHECK(binned_reference(got.bins, Sample{missing}).error() == Undefined::no_reference);
  CHECK(binned_reference(got.bins, Sample{infinity}).error() == Undefined::out_of_domain);
}

TEST_CASE("binned_reference: representatives ascend, lie in their bins, and do not depend on the order") {
  const auto seed = testing::seed_of("representatives");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    auto reference = random_sample(rng, 40, round % 4);
    Sample edges{-3, -1, 0, 0.25, 1, 2};
    const auto bins = round % 3 == 0   ? Bins::explicit_edges(edges).value()
                      : round % 3 == 1 ? Bins::quantile(reference, 7).value()
                                       : Bins::doane(reference).value();
    const auto got = binned_reference(bins, reference).value();
    REQUIRE(got.representatives.size() == bins.ordered());
    REQUIRE(std::is_sorted(got.representatives.begin(), got.representatives.end()));
    for (std::size_t i = 1; i <= bins.inner(); ++i) REQUIRE(got.representatives[i] <= bins.upper(i));
    std::shuffle(reference.begin(), reference.end(), rng);
    const auto again = binned_reference(bins, reference).value();
    REQUIRE((again.representatives == got.representatives && again.sd == got.sd && again.counts == got.counts));
  }
}

TEST_CASE("binned_reference: the sd of values at an offset of 1e9 keeps its digits") {
  const Sample reference{1e9 + 1, 1e9 + 2, 1e9 + 3};
  CHECK(binned_reference(*Bins::quantile(reference), reference)->sd == Approx(std::sqrt(2.0 / 3)).epsilon(1e-14));
}

TEST_CASE("CategoryBins: the most frequent, other, unseen and missing, whatever the order") {
  const std::vector<CategoryBins::Count> counts{{"b", 5}, {"a", 5}, {"c", 9}, {"d", 1}, {"gone", 0}};
  const auto bins = CategoryBins::top(counts, 2).value();
  CHECK(bins.kept() == 2);
  CHECK(bins.size() == 5);
  CHECK(bins.bin_of("c") == 0);
  CHECK(bins.bin_of("a") == 1);  // as frequent as b, and before it
  CHECK(bins.bin_of("b") == bins.other());
  CHECK(bins.bin_of("d") == bins.other());
  CHECK(bins.bin_of("e") == bins.unseen());
  CHECK(bins.bin_of("") == bins.unseen());
  CHECK(bins.bin_of("gone") == bins.unseen());
  CHECK(bins.missing() == 4);
  CHECK(CategoryBins::top({{"x", 0}}, 5).error() == Undefined::no_reference);
  CHECK(CategoryBins::top({{"x", 1}}, 5)->kept() == 1);
}

TEST_CASE("CategoryBins: 255, 256, 257 and 65,537 categories are no special numbers") {
  for (const std::size_t k : {255, 256, 257, 65'537}) {
    std::vector<CategoryBins::Count> counts;
    for (std::size_t i = 0; i < k; ++i) counts.emplace_back("c" + std::to_string(i), k - i);
    const auto bins = CategoryBins::top(counts, k).value();
    REQUIRE(bins.kept() == k);
    for (std::size_t i = 0; i < k; ++i) REQUIRE(bins.bin_of(counts[i].first) == i);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
