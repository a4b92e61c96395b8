// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/ks.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "stats/distance/binned.h"
#include "stats/distance/samples.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using testing::infinity;
using testing::lcg;
using testing::missing;
using testing::Positions;
using testing::positions_of;
using testing::random_sample;
using testing::Sample;

/// Straight from the definition, O((n + m)^2): F and G at every value and just below it.
double by_definition(const Sample& a, const Sample& b) {
  const auto share_where = [](const Sample& sample, auto wanted) {
    return static_cast<double>(std::count_if(sample.begin(), sample.end(), wanted)) /
           static_cast<double>(sample.size());
  };
  double d = 0;
  for (const auto* sample : {&a, &b}) {
    for (const double v : *sample) {
      const auto up_to = [v](double x) { return x <= v; };
      const auto below = [v](double x) { return x < v; };
      d = std::max({d, std::abs(share_where(a, up_to) - share_where(b, up_to)),
                    std::abs(share_where(a, below) - share_where(b, below))});
    }
  }
  return d;
}

TEST_CASE("freeze: keeps distinct values and cumulative counts, whatever the order") {
  const auto frozen = freeze({3, 1, missing, 2, 1, -0.0, 0.0}, 10);
  CHECK(frozen.exact);
  CHECK(frozen.values == Sample{0, 1, 2, 3});
  CHECK(frozen.cumulative == std::vector<std::uint64_t>{2, 4, 5, 6});
  CHECK(frozen.n() == 6);
  CHECK_FALSE(std::signbit(freeze({-0.0}, 10).values[0]));  // equal references have equal bytes
  CHECK(freeze({}, 10).n() == 0);
  CHECK(freeze({missing}, 10).values.empty());
}

TEST_CASE("position: below, at and between the points") {
  const auto frozen = freeze({10, 20, 30}, 10);
  const Sample at{5, 10, 15, 20, 25, 30, 35, -infinity, infinity};
  const std::vector<std::size_t> expected{0, 1, 2, 3, 4, 5, 6, 0, 6};
  for (std::size_t i = 0; i < at.size(); ++i) CHECK(frozen.position(at[i]) == expected[i]);
  CHECK(FrozenSample{}.position(1.0) == 0);
  CHECK(freeze({-0.0}, 10).position(0.0) == 1);
  CHECK(freeze({0.0}, 10).position(-0.0) == 1);
}

TEST_CASE("position: agrees with a linear count for every size") {
  for (std::size_t size = 0; size <= 70; ++size) {
    Sample values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<double>(i);
    const auto frozen = freeze(values, 1000);
    for (std::size_t twice = 0; twice <= 2 * size; ++twice) {  // -0.5, 0, 0.5, ...
      REQUIRE(frozen.position(static_cast<double>(twice) / 2 - 0.5) == twice);
    }
  }
}

TEST_CASE("ks: worked by hand, with ties") {
  const auto frozen = freeze({1, 2, 3, 4}, 10);
  const Sample live{2, 2, 2.5, 9};  // at 1: F 1/4, G 0; at 2: 2/4, 2/4; at 2.5: 2/4, 3/4; at 4: 1, 3/4
  const auto got = ks(frozen, positions_of(frozen, live)).value();
  CHECK(got.d == 0.25);
  CHECK(got.lower == 0.25);
  CHECK(got.upper == 0.25);
  CHECK(got.n_reference == 4);
  CHECK(got.n_live == 4);
}

TEST_CASE("ks: sees live values that lie all between two reference values") {
  const auto frozen = freeze({0, 0, 0, 10}, 10);
  CHECK(ks(frozen, positions_of(frozen, {5, 5}))->d == 0.75);  // just below 5
  CHECK(ks(frozen, positions_of(frozen, {-5, 5}))->d == 0.5);  // just below 0
  CHECK(ks(frozen, positions_of(frozen, {11, 12}))->d == 1.0);
  CHECK(ks(frozen, positions_of(frozen, {-1}))->d == 1.0);
}

TEST_CASE("ks: without values on a side there is nothing to say") {
  const auto frozen = freeze({1, 2}, 10);
  CHECK(ks(frozen, Positions{}).error() == Undefined::no_data);
  CHECK(ks(FrozenSample{}, Positions{{0, 3}}).error() == Undefined::no_reference);
  CHECK(ks_two_sample(Sample{missing}, Sample{1}).error() == Undefined::no_reference);
  CHECK(ks_two_sample(Sample{1}, Sample{}).error() == Undefined::no_data);
}

TEST_CASE("ks: quantile bins lose at most one bin, on the portable samples") {
  const auto reference = lcg(101, 5000);
  auto live = lcg(102, 1000);
  for (double& x : live) x = std::pow(x, 1.1);
  const auto frozen = freeze(reference, 10'000);
  const auto positions = positions_of(frozen, live);
  const double d = ks(frozen, positions).value().d;
  CHECK(d == Approx(0.0436).epsilon(1e-12));
  for (const std::size_t bins : {10, 20, 64, 256}) {
    const auto edges = quantile_edges(frozen, bins);
    const auto binned = ks_binned(reference_bin_counts(frozen, edges), bin_counts(frozen, edges, positions)).value();
    CHECK(binned <= d + 1e-12);
    CHECK(binned >= d - 1.0 / static_cast<double>(bins) - 1e-12);
  }
}

TEST_CASE("ks: positions give the two-sample D exactly, ties included") {
  const auto seed = testing::seed_of("ks exact");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto reference = random_sample(rng, 60, round % 4);
    auto live = random_sample(rng, 60, static_cast<int>(rng() % 4));
    if (round % 3 == 0)
      live.insert(live.end(), reference.begin(), reference.begin() + static_cast<std::ptrdiff_t>(reference.size() / 2));
    const auto frozen = freeze(reference, 1000);
    const auto got = ks(frozen, positions_of(frozen, live)).value();
    const auto plain = ks_two_sample(reference, live).value();
    REQUIRE(std::abs(got.d - plain) <= 1e-12);
    REQUIRE(std::abs(plain - by_definition(reference, live)) <= 1e-12);
    REQUIRE((got.lower == got.d && got.upper == got.d));
    REQUIRE(ks(frozen, positions_of(frozen, reference))->d == 0.0);
  }
}

TEST_CASE("ks: the bracket of a thinned reference holds the exact D and is narrow") {
  const auto seed = testing::seed_of("ks bracket");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int thinned = 0;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto reference = random_sample(rng, 400, round % 4);
    const auto live = random_sample(rng, 100, static_cast<int>(rng() % 4));
    const std::size_t most = 2 + rng() % 40;
    const auto frozen = freeze(reference, most);
    REQUIRE(frozen.values.size() <= most);
    REQUIRE(std::adjacent_find(frozen.values.begin(), frozen.values.end(), std::greater_equal<>{}) ==
            frozen.values.end());
    REQUIRE(frozen.values.front() == *std::min_element(reference.begin(), reference.end()));
    REQUIRE(frozen.values.back() == *std::max_element(reference.begin(), reference.end()));
    for (std::size_t i = 0; i < frozen.values.size(); ++i) {
      const auto up_to = [v = frozen.values[i]](double x) { return x <= v; };
      REQUIRE(frozen.cumulative[i] ==
              static_cast<std::uint64_t>(std::count_if(reference.begin(), reference.end(), up_to)));
    }
    const auto got = ks(frozen, positions_of(frozen, live)).value();
    const auto d = ks_two_sample(reference, live).value();
    CAPTURE(most, frozen.values.size(), got.lower, d, got.upper);
    REQUIRE(got.d == got.lower);
    REQUIRE(got.lower <= d + 1e-12);
    REQUIRE(d <= got.upper + 1e-12);
    REQUIRE(got.upper - got.lower <= 2.0 / static_cast<double>(most - 1) + 1e-12);
    thinned += frozen.exact ? 0 : 1;
  }
  CHECK(thinned > 1000);
}

TEST_CASE("ks: live values below a frequent smallest value count for the lower end of the bracket") {
  Sample reference(100, 0.0);
  for (int i = 1; i <= 100; ++i) reference.push_back(i);
  const auto frozen = freeze(reference, 11);
  CHECK_FALSE(frozen.exact);
  const Sample live{-2, -1, 0.5, 1000};  // just below 0: G = 1/2, F = 0; at 0: both 1/2
  const auto got = ks(frozen, positions_of(frozen, live)).value();
  CHECK(ks_two_sample(reference, live).value() == 0.5);
  CHECK(got.lower == 0.5);
  CHECK(got.upper == 0.5);
}

TEST_CASE("ks: a frequent value does not widen the bracket") {
  Sample reference(5000, 0.5);  // half of all are one value; without the point below it the bracket would be 0.5 wide
  const auto rest = lcg(7, 5000);
  reference.insert(reference.end(), rest.begin(), rest.end());
  const auto frozen = freeze(reference, 101);
  CHECK_FALSE(frozen.exact);
  const auto live = lcg(8, 1000);
  const auto got = ks(frozen, positions_of(frozen, live)).value();
  const auto d = ks_two_sample(reference, live).value();
  CHECK((got.lower <= d && d <= got.upper));
  CHECK(got.upper - got.lower < 0.02);
}

TEST_CASE("positions: parts merge to the whole") {
  const auto seed = testing::seed_of("positions");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto frozen = freeze(random_sample(rng, 80, round % 4), 1 + rng() % 100);
    const auto live = random_sample(rng, 80, round % 3);
    const auto middle = live.begin() + static_cast<std::ptrdiff_t>(rng() % (live.size() + 1));
    std::map<std::uint32_t, std::uint64_t> merged;
    for (const auto& part : {Sample(live.begin(), middle), Sample(middle, live.end())}) {
      for (const auto& [position, count] : positions_of(frozen, part)) merged[position] += count;
    }
    const Positions parts(merged.begin(), merged.end());
    REQUIRE(parts == positions_of(frozen, live));
    REQUIRE(ks(frozen, parts)->upper == ks(frozen, positions_of(frozen, live))->upper);
  }
}

TEST_CASE("quantile_edges: worked by hand, and fewer where values tie") {
  const auto ten = freeze({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 100);
  CHECK(quantile_edges(ten, 5) == Sample{2, 4, 6, 8});
  CHECK(reference_bin_counts(ten, quantile_edges(ten, 5)) == std::vector<std::uint64_t>{2, 2, 2, 2, 2});
  CHECK(quantile_edges(ten, 3) == Sample{4, 7});
  CHECK(quantile_edges(ten, 1).empty());
  CHECK(quantile_edges(FrozenSample{}, 10).empty());

  const auto tied = freeze({0, 0, 0, 0, 0, 0, 0, 1, 1, 2}, 100);
  CHECK(quantile_edges(tied, 10) == Sample{0, 1});
  CHECK(reference_bin_counts(tied, quantile_edges(tied, 10)) == std::vector<std::uint64_t>{7, 2, 1});
}

TEST_CASE("quantile_edges: beyond a greatest value that is frequent there is an empty bin to drift into") {
  const auto constant = freeze({3, 3, 3}, 100);
  const auto edges = quantile_edges(constant, 10);
  CHECK(edges == Sample{3});
  CHECK(reference_bin_counts(constant, edges) == std::vector<std::uint64_t>{3, 0});
  CHECK(bin_counts(constant, edges, positions_of(constant, {2, 3, 4})) == std::vector<std::uint64_t>{2, 1});
}

TEST_CASE("bin_counts: the same as counting raw values in (e_j-1, e_j]") {
  const auto seed = testing::seed_of("bins");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto binned = [](const Sample& sample, const Sample& edges) {
    std::vector<std::uint64_t> out(edges.size() + 1);
    for (const double x : sample) {
      ++out[static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), x) - edges.begin())];
    }
    return out;
  };
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    const auto reference = random_sample(rng, 200, round % 4), live = random_sample(rng, 80, round % 3);
    const auto frozen = freeze(reference, 2 + rng() % 150);
    const std::size_t bins = 2 + rng() % 20;
    const auto edges = quantile_edges(frozen, bins);
    REQUIRE(edges.size() < bins);
    const auto of_reference = reference_bin_counts(frozen, edges);
    REQUIRE(of_reference == binned(reference, edges));
    REQUIRE(bin_counts(frozen, edges, positions_of(frozen, live)) == binned(live, edges));
    REQUIRE(psi_jeffreys(of_reference, binned(live, edges)).value() >= 0);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
