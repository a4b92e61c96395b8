// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/frozen_bins.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "stats/distance/binned_reference.h"

using namespace pilotwatch::stats;

namespace {

std::vector<PositionCount> positions(const FrozenSample& sample, const std::vector<double>& values) {
  std::map<std::uint32_t, std::uint64_t> counts;
  for (const double x : values) ++counts[static_cast<std::uint32_t>(sample.position(x))];
  return {counts.begin(), counts.end()};
}

}  // namespace

TEST_CASE("frozen bins: of an exact sample are those of the values themselves") {
  const auto seed = GENERATE(take(200, random(0u, 1u << 30)));
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto draw = [&](std::size_t n, double shift) {
    std::vector<double> out;
    const bool ties = rng() % 2 == 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = std::normal_distribution<double>(shift, 3)(rng);
      out.push_back(ties ? std::floor(x) : x);
    }
    return out;
  };
  const auto reference = draw(1 + rng() % 500, 0), live = draw(1 + rng() % 300, 1);
  const auto k = 1 + rng() % 80;
  const auto sample = freeze(reference, 10'000);
  const auto ours = frozen_bins(sample, k).value();
  const auto bins = Bins::quantile(reference, k).value();
  const auto theirs = binned_reference(bins, reference).value();

  REQUIRE(ours.upper.size() == bins.inner());
  for (std::size_t i = 0; i < bins.inner(); ++i) CHECK(ours.upper[i] == bins.upper(i + 1));
  CHECK(std::ranges::equal(ours.reference, theirs.ordered()));
  CHECK(std::ranges::equal(ours.counts(sample, positions(sample, live)), histogram(bins, live).first(bins.ordered())));
  REQUIRE(ours.representatives.size() == theirs.representatives.size());
  for (std::size_t i = 0; i < ours.representatives.size(); ++i)
    CHECK(ours.representatives[i] == Approx(theirs.representatives[i]).epsilon(1e-12).margin(1e-12));
  CHECK(ours.sd == Approx(theirs.sd).epsilon(1e-12).margin(1e-12));
}

TEST_CASE("frozen bins: a thinned sample keeps all cases; one value is one bin; nothing has none") {
  std::vector<double> many;
  for (int i = 0; i < 5000; ++i) many.push_back(i);
  const auto thinned = frozen_bins(freeze(many, 200), 64).value();
  std::uint64_t sum = 0;
  for (const auto count : thinned.reference) sum += count;
  CHECK(sum == 5000);
  CHECK(thinned.sd == Approx(5000 / std::sqrt(12.0)).epsilon(0.01));
  CHECK(std::ranges::is_sorted(thinned.representatives));

  const auto one = frozen_bins(freeze({2, 2, 2}, 10), 64).value();
  CHECK(one.reference == std::vector<std::uint64_t>{0, 3, 0});
  CHECK(one.sd == 0);
  CHECK(frozen_bins(FrozenSample{}, 64).error() == Undefined::no_reference);
}
