// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/ruling.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/fairness/multiple.h"
#include "stats/interval/planning.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

GroupCounts selected(std::uint64_t k, std::uint64_t n) { return {n, k, {}}; }
Comparison shown(Scale scale, double value, double lower, double upper, std::uint64_t n = 100) {
  Comparison out{scale, "test/v1", value, Interval{lower, upper}};
  out.group_n = n;
  return out;
}

TEST_CASE("judge: wholly inside is met, wholly beyond is not, anything else is not enough evidence") {
  const ComparisonLimit limit{-.1, .1};
  CHECK(judge(shown(Scale::difference, 0, -.1, .1), limit).verdict == Compliance::met);
  CHECK(judge(shown(Scale::difference, .2, .11, .3), limit).verdict == Compliance::not_met);
  CHECK(judge(shown(Scale::difference, -.2, -.3, -.11), limit).verdict == Compliance::not_met);
  CHECK(judge(shown(Scale::difference, .2, .1, .3), limit).verdict == Compliance::not_enough_evidence);
  CHECK(judge(shown(Scale::difference, 0, -.2, .05), limit).verdict == Compliance::not_enough_evidence);
  CHECK(judge(shown(Scale::difference, 0, -.2, .2), limit).verdict == Compliance::not_enough_evidence);
}

TEST_CASE("judge: more cases, worked by hand") {
  // the upper end is 0.2 from the value and must come to 0.1: four times the cases
  CHECK(*judge(shown(Scale::difference, 0, -.05, .2), {-.1, .1}).more_cases == 300);
  // beyond: the lower end is 0.3 from 0.4 and must come to 0.15
  CHECK(*judge(shown(Scale::difference, .4, .1, .7), {-1, .25}).more_cases == 300);
  CHECK(*judge(shown(Scale::difference, -.4, -.7, -.1), {-.25, 1}).more_cases == 300);
  // a ratio on the log scale: ln 4 must come to ln 2
  CHECK(*judge(shown(Scale::ratio, 1, .25, 1.5), {.5, 10}).more_cases == 300);
  CHECK_FALSE(judge(shown(Scale::difference, .1, 0, .2), {-1, .1}).more_cases.has_value());  // on the limit for ever
  CHECK_FALSE(judge(shown(Scale::ratio, 0, 0, 2), {.5, 1}).more_cases.has_value());
}

TEST_CASE("judge: what cannot be computed says why, and what has too few cases how many more") {
  const GroupCounts big = fully_known({50, 50, 50, 50}), none{};
  const auto selective =
      judge(rate_difference(big, big, GroupRate::false_positive, {.known = KnownOutcomes::of_selected}), {});
  CHECK(selective.verdict == Compliance::cannot_be_computed);
  CHECK(*selective.why == Undefined::selective_labels);
  CHECK(*judge(rate_difference(none, big, GroupRate::selection), {}).why == Undefined::no_data);
  const auto few = judge(rate_ratio_of_groups(selected(10, 20), selected(50, 100), GroupRate::selection), {.8, 1.25});
  CHECK(few.verdict == Compliance::not_enough_evidence);
  CHECK(*few.why == Undefined::too_few);
  CHECK(*few.more_cases == 10);
}

TEST_CASE("judge: with as many more cases as it says the interval comes off the limit") {
  const auto seed = testing::seed_of("more cases");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int tried = 0;
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 200 + rng() % 500, m = 200 + rng() % 500;
    const std::uint64_t k = 20 + rng() % (n - 40), j = 20 + rng() % (m - 40);
    for (const bool ratio : {false, true}) {
      const auto compare = [&](GroupCounts a, GroupCounts b) {
        return ratio ? rate_ratio_of_groups(a, b, GroupRate::selection) : rate_difference(a, b, GroupRate::selection);
      };
      const ComparisonLimit limit = ratio ? ComparisonLimit{.8, 1.25} : ComparisonLimit{-.1, .1};
      const auto now = judge(compare(selected(k, n), selected(j, m)), limit);
      if (now.verdict != Compliance::not_enough_evidence || !now.more_cases || *now.more_cases > 100 * n) continue;
      ++tried;
      CAPTURE(n, k, m, j, ratio, *now.more_cases);
      // twice what it says is surely enough; a third of the growth is surely not
      const auto grown = [&](double times) {
        const auto f = [&](std::uint64_t x) {
          return static_cast<std::uint64_t>(std::llround(static_cast<double>(x) * times));
        };
        return judge(compare(selected(f(k), f(n)), selected(f(j), f(m))), limit).verdict;
      };
      const double more = static_cast<double>(*now.more_cases) / static_cast<double>(n);
      if (more > 0.5) {
        REQUIRE(grown(1 + 1.5 * more) != Compliance::not_enough_evidence);
        REQUIRE(grown(1 + more / 3) == Compliance::not_enough_evidence);
      }
    }
  }
  CHECK(tried > 1000);
}

TEST_CASE("selection_figures: a burden twice as frequent is no pass, although four fifths would say so") {
  const auto got = selection_figures(OutputKind::burden, selected(1000, 10'000), selected(500, 10'000));
  CHECK(*got.primary.value == Approx(2).epsilon(1e-14));
  CHECK(got.ruling.verdict == Compliance::not_met);
  CHECK(*got.four_fifths == Approx(.9 / .95).epsilon(1e-14));  // the published .947
  CHECK(*got.per_1000.value == Approx(50).epsilon(1e-12));
  CHECK(got.per_1000.interval->lower > 40);
  CHECK(got.per_1000.interval->upper < 60);
  CHECK(got.limit.upper == 1.25);
}

TEST_CASE("selection_figures: a benefit is judged by its impact ratio") {
  const auto low = selection_figures(OutputKind::benefit, selected(2500, 10'000), selected(5000, 10'000));
  CHECK(*low.primary.value == .5);
  CHECK(*low.four_fifths == .5);
  CHECK(low.ruling.verdict == Compliance::not_met);
  CHECK(low.limit.lower == .8);
  const auto more = selection_figures(OutputKind::benefit, selected(6000, 10'000), selected(5000, 10'000));
  CHECK(more.ruling.verdict == Compliance::met);
  const auto few = selection_figures(OutputKind::benefit, selected(10, 40), selected(20, 40));
  CHECK(few.ruling.verdict == Compliance::not_enough_evidence);
  CHECK(few.ruling.more_cases.has_value());
  const auto nobody = selection_figures(OutputKind::burden, selected(5, 100), selected(100, 100));
  CHECK(nobody.four_fifths.error() == Undefined::zero_denominator);
}

TEST_CASE("benjamini_hochberg: worked by hand, m p / rank from the largest down") {
  const std::vector<double> p{.01, .04, .03, .005, .5};
  const auto got = benjamini_hochberg(p);  // .5 5/5; .04 5/4; .03 5/3; .01 5/2; .005 5
  const std::vector<double> want{.025, .05, .05, .025, .5};
  for (std::size_t i = 0; i < p.size(); ++i) CHECK(got[i] == Approx(want[i]).epsilon(1e-14));
  CHECK(benjamini_hochberg({}).empty());
  CHECK(false_coverage_confidence(2, 10) == Approx(.99).epsilon(1e-14));
  CHECK(false_coverage_confidence(0, 10) == Approx(.995).epsilon(1e-14));
}

TEST_CASE("benjamini_hochberg: keeps order, never lowers a p, rejects what the step-up rule rejects") {
  const auto seed = testing::seed_of("benjamini-hochberg");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    std::vector<double> p(1 + rng() % 30);
    for (auto& value : p) value = std::pow(std::uniform_real_distribution<>{}(rng), 1 + static_cast<double>(rng() % 4));
    const auto adjusted = benjamini_hochberg(p);
    auto sorted = p;
    std::sort(sorted.begin(), sorted.end());
    const double q = 0.1, m = static_cast<double>(p.size());
    double cut = -1;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (sorted[i] * m <= q * static_cast<double>(i + 1)) cut = sorted[i];
    }
    for (std::size_t i = 0; i < p.size(); ++i) {
      REQUIRE((p[i] <= adjusted[i] && adjusted[i] <= 1));
      if (std::abs(adjusted[i] - q) > 1e-12) REQUIRE((adjusted[i] <= q) == (p[i] <= cut));
      for (std::size_t j = 0; j < p.size(); ++j) REQUIRE((p[i] < p[j] ? adjusted[i] <= adjusted[j] : true));
    }
  }
}

TEST_CASE("confirmed: a finding that the adjustment takes away becomes not enough evidence") {
  CHECK(confirmed({Compliance::not_met}, .06).verdict == Compliance::not_enough_evidence);
  CHECK(confirmed({Compliance::not_met}, .05).verdict == Compliance::not_met);
  CHECK(confirmed({Compliance::met}, .9).verdict == Compliance::met);
}

TEST_CASE("p-values: 1 - confidence of the interval that ends at the limit") {
  const auto seed = testing::seed_of("p by inversion");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const ShareCount a{1 + rng() % 99, 100}, b{1 + rng() % 299, 300};
    const double confidence = 0.2 + 0.799 * std::uniform_real_distribution<>{}(rng);
    const auto d = newcombe(a, b, confidence).value();
    REQUIRE(*newcombe_p(a, b, d.lower) == Approx(1 - confidence).epsilon(1e-8));
    REQUIRE(*newcombe_p(a, b, d.upper) == Approx(1 - confidence).epsilon(1e-8));
    const auto r = katz(a, b, confidence).value();
    REQUIRE(*katz_p(a, b, r.lower) == Approx(1 - confidence).epsilon(1e-8));
    REQUIRE(*katz_p(a, b, r.upper) == Approx(1 - confidence).epsilon(1e-8));
  }
  CHECK(*newcombe_p({50, 100}, {50, 100}) == 1);
  CHECK(*newcombe_p({5, 1000}, {900, 1000}) == 1e-15);
  CHECK(newcombe_p({0, 0}, {1, 2}).error() == Undefined::no_data);
  CHECK(newcombe_p({1, 2}, {1, 2}, 2).error() == Undefined::out_of_domain);
  CHECK(katz_p({2, 2}, {2, 2}).error() == Undefined::constant);
  CHECK(katz_p({0, 2}, {2, 2}).error() == Undefined::out_of_domain);
}

}  // namespace
}  // namespace pilotwatch::stats
