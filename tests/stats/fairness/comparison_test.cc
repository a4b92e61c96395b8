// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/comparison.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using enum GroupRate;

/// tp, fp, fn, tn
GroupCounts group(std::uint64_t tp, std::uint64_t fp, std::uint64_t fn, std::uint64_t tn) {
  return fully_known({tp, fp, fn, tn});
}
GroupCounts selected(std::uint64_t k, std::uint64_t n) { return {n, k, {}}; }

TEST_CASE("share_of: worked by hand, every rate of 40 30 20 10") {
  const auto g = group(40, 30, 20, 10);
  CHECK(*rate_of(g, selection) == 0.7);
  CHECK(*rate_of(g, true_positive) == 40.0 / 60);
  CHECK(*rate_of(g, false_negative) == 20.0 / 60);
  CHECK(*rate_of(g, false_positive) == 30.0 / 40);
  CHECK(*rate_of(g, true_negative) == 10.0 / 40);
  CHECK(*rate_of(g, precision) == 40.0 / 70);
  CHECK(*rate_of(g, false_discovery) == 30.0 / 70);
  CHECK(*rate_of(g, false_omission) == 20.0 / 30);
  CHECK(*rate_of(g, negative_predictive) == 10.0 / 30);
  CHECK(*rate_of(g, accuracy) == 0.5);
  CHECK(*rate_of(g, prevalence) == 0.6);
  CHECK(std::string(name(false_omission)) == "false-omission-rate");
}

TEST_CASE("share_of: what cannot be computed says why") {
  CHECK(rate_of({}, selection).error() == Undefined::no_data);
  CHECK(rate_of(selected(1, 2), true_positive).error() == Undefined::no_data);
  CHECK(rate_of(group(0, 1, 0, 1), true_positive).error() == Undefined::no_positives);
  CHECK(rate_of(group(1, 0, 1, 0), false_positive).error() == Undefined::no_negatives);
  CHECK(rate_of(group(0, 0, 1, 1), precision).error() == Undefined::none_predicted);
  CHECK(rate_of(group(1, 1, 0, 0), false_omission).error() == Undefined::all_predicted);
}

TEST_CASE("share_of: where only the selected have outcomes, only precision and false discoveries remain") {
  const auto g = group(40, 30, 0, 0);
  for (const auto rate : {true_positive, false_negative, false_positive, true_negative, false_omission,
                          negative_predictive, accuracy, prevalence}) {
    CAPTURE(name(rate));
    CHECK(rate_of(g, rate, KnownOutcomes::of_selected).error() == Undefined::selective_labels);
    CHECK(rate_difference(g, g, rate, {.known = KnownOutcomes::of_selected}).value.error() ==
          Undefined::selective_labels);
  }
  CHECK(*rate_of(g, precision, KnownOutcomes::of_selected) == 40.0 / 70);
  CHECK(*rate_of(g, false_discovery, KnownOutcomes::of_selected) == 30.0 / 70);
  CHECK(rate_of(g, selection, KnownOutcomes::of_selected).has_value());
  CHECK(average_odds_difference(g, g, {.known = KnownOutcomes::of_selected}).value.error() ==
        Undefined::selective_labels);
  CHECK(*rate_of(group(4, 3, 2, 1), true_positive, KnownOutcomes::audit_sample) == 4.0 / 6);
}

TEST_CASE("rate_difference and rate_ratio_of_groups: the published 12/40 against 48/80") {
  const auto a = selected(12, 40), b = selected(48, 80);
  const auto d = rate_difference(a, b, selection);
  CHECK(*d.value == Approx(-.3).epsilon(1e-14));
  CHECK(std::abs(d.interval->lower - -.455876304) <= 1e-9);
  CHECK(std::abs(d.interval->upper - -.1107680477) <= 1e-9);
  CHECK((d.group_n == 40 && d.reference_n == 80));
  const auto r = rate_ratio_of_groups(a, b, selection);
  CHECK(*r.value == Approx(.5).epsilon(1e-14));
  CHECK(std::abs(r.interval->lower - .301432941) <= 1e-9);
  CHECK(std::abs(r.interval->upper - .8293718634) <= 1e-9);
}

TEST_CASE("event_rate_ratio: the published 12/800 against 10/3200") {
  const auto r = event_rate_ratio({12, 800}, {10, 3200});
  CHECK(*r.value == Approx(4.8).epsilon(1e-14));
  CHECK(std::abs(r.interval->lower - 1.900616691) <= 1e-9);
  CHECK(std::abs(r.interval->upper - 12.40272859) <= 5e-9);
  // a group that never complains is a finding, not a gap in the data
  const auto silent = event_rate_ratio({0, 1000}, {20, 1000});
  CHECK(*silent.value == 0);
  CHECK(silent.interval->upper < 0.25);
  CHECK(event_rate_ratio({5, 1000}, {0, 1000}).value.error() == Undefined::zero_denominator);
  CHECK(event_rate_ratio({5, 1000}, {0, 1000}).interval->lower > 0);
  CHECK(event_rate_ratio({1, 1000}, {1, 1000}).interval.error() == Undefined::too_few);
  CHECK(*event_rate_ratio({1, 1000}, {1, 1000}).until_minimum == 1500);  // 5 events at 2 in so many
  CHECK(event_rate_ratio({9, 10}, {9, 1000}).interval.error() == Undefined::too_few);
  CHECK(*event_rate_ratio({9, 10}, {9, 1000}).until_minimum == 20);
  CHECK(event_rate_ratio({0, 10}, {0, 10}).value.error() == Undefined::no_data);
}

TEST_CASE("comparisons: below 30 cases or 5 events a group there is a value and no interval") {
  const auto b = selected(50, 100);
  CHECK(rate_difference(selected(10, 29), b, selection).interval.error() == Undefined::too_few);
  CHECK(*rate_difference(selected(10, 29), b, selection).value == 10.0 / 29 - 0.5);
  CHECK(*rate_difference(selected(10, 29), b, selection).until_minimum == 1);
  CHECK(rate_difference(selected(4, 100), b, selection).interval.error() == Undefined::too_few);
  CHECK(*rate_difference(selected(4, 100), b, selection).until_minimum == 25);  // 5 events at 4 %
  CHECK_FALSE(rate_difference(selected(0, 100), b, selection).until_minimum.has_value());
  CHECK(rate_difference(b, selected(4, 100), selection).interval.error() == Undefined::too_few);
  CHECK(rate_ratio_of_groups(selected(10, 29), b, selection).interval.error() == Undefined::too_few);
  CHECK(rate_difference(selected(5, 30), b, selection).interval.has_value());
  CHECK(rate_difference(selected(4, 29), b, selection, {.minimum = {1, 1}}).interval.has_value());
  CHECK(average_odds_difference(group(5, 5, 24, 25), group(50, 50, 50, 50)).interval.error() == Undefined::too_few);
  CHECK(equalised_odds_difference(group(5, 5, 24, 25), group(50, 50, 50, 50)).interval.error() == Undefined::too_few);
  CHECK(rate_ratio_of_groups(selected(3, 9), selected(0, 9), selection).value.error() == Undefined::zero_denominator);
}

TEST_CASE("average_odds_difference: worked by hand; opposite differences cancel, equalised odds keeps the larger") {
  // TPR 30/40 and 20/40, FPR 10/40 and 30/40
  const auto a = group(30, 10, 10, 30), b = group(20, 30, 20, 10);
  const auto aod = average_odds_difference(a, b);
  CHECK(*aod.value == Approx((0.25 - 0.5) / 2).epsilon(1e-14));
  const auto w = [](std::uint64_t k) { return wilson(k, 40, 0.95).value(); };
  const double below =
      std::hypot(std::hypot(.75 - w(30).lower, w(20).upper - .5), std::hypot(.25 - w(10).lower, w(30).upper - .75));
  CHECK(aod.interval->lower == Approx(-0.125 - below / 2).epsilon(1e-13));
  const auto eod = equalised_odds_difference(a, b);
  CHECK(*eod.value == Approx(0.5).epsilon(1e-14));
  const auto fpr = newcombe({10, 40}, {30, 40}, 0.975).value();
  CHECK(eod.interval->lower == Approx(-fpr.upper).epsilon(1e-13));
  CHECK(eod.interval->upper == Approx(-fpr.lower).epsilon(1e-13));
}

TEST_CASE("min_max_ratio: the smallest rate over the largest, the price of picking them in the interval") {
  const std::array<GroupCounts, 3> three{selected(30, 100), selected(60, 100), selected(50, 100)};
  const auto r = min_max_ratio(three, selection);
  CHECK(*r.value == Approx(.5).epsilon(1e-14));
  const auto pair = katz({30, 100}, {60, 100}, 1 - 0.05 / 3).value();
  CHECK(r.interval->lower == Approx(pair.lower).epsilon(1e-12));
  CHECK(r.interval->upper == Approx(pair.upper).epsilon(1e-12));
  const std::array<GroupCounts, 2> two{three[0], three[1]};
  CHECK(min_max_ratio(two, selection).interval->upper < r.interval->upper);
  CHECK(min_max_ratio(std::span(three).first(1), selection).value.error() == Undefined::no_data);
  const std::array<GroupCounts, 2> none{selected(0, 50), selected(0, 50)};
  CHECK(min_max_ratio(none, selection).value.error() == Undefined::zero_denominator);
  const std::array<GroupCounts, 2> zero{selected(0, 50), selected(20, 50)};
  CHECK(*min_max_ratio(zero, selection).value == 0);
  CHECK(min_max_ratio(zero, selection).interval.error() == Undefined::too_few);
  CHECK(min_max_ratio(zero, selection, {.minimum = {0, 0}}).interval.error() == Undefined::out_of_domain);
}

TEST_CASE("comparisons: exchange with the groups, hold their value, do not see what they do not need") {
  const auto seed = testing::seed_of("group comparisons");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  const auto any = [&] { return rng() % 200; };
  const CompareSettings loose{.minimum = {1, 1}};
  for (int round = 0; round < 10'000; ++round) {
    const auto a = group(any() + 1, any() + 1, any() + 1, any() + 1),
               b = group(any() + 1, any() + 1, any() + 1, any() + 1);
    const auto rate = static_cast<GroupRate>(rng() % 11);
    const auto d = rate_difference(a, b, rate, loose), back = rate_difference(b, a, rate, loose);
    REQUIRE(*d.value == -*back.value);
    REQUIRE((d.interval->lower <= *d.value && *d.value <= d.interval->upper));
    REQUIRE(d.interval->lower == Approx(-back.interval->upper).margin(1e-14));
    const auto r = rate_ratio_of_groups(a, b, rate, loose);
    REQUIRE(*r.value == Approx(1 / *rate_ratio_of_groups(b, a, rate, loose).value).epsilon(1e-13));
    const auto odds = equalised_odds_difference(a, b, loose), average = average_odds_difference(a, b, loose);
    REQUIRE(*odds.value == *equalised_odds_difference(b, a, loose).value);
    REQUIRE((odds.interval->lower <= *odds.value && *odds.value <= odds.interval->upper));
    REQUIRE((average.interval->lower <= *average.value && *average.value <= average.interval->upper));
    REQUIRE(std::abs(*average.value) <= *odds.value + 1e-15);
    const std::array<GroupCounts, 2> both{a, b};
    const auto least = min_max_ratio(both, rate, loose);
    REQUIRE(*least.value == Approx(std::min(*r.value, 1 / *r.value)).epsilon(1e-13));
    REQUIRE(
        (least.interval->lower <= *least.value * (1 + 1e-13) && *least.value <= least.interval->upper * (1 + 1e-13)));
    REQUIRE(least.interval->upper <= 1);
  }
}

TEST_CASE("GroupCounts: merge, take back, and read as written") {
  const auto seed = testing::seed_of("group counts");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const auto some = [&] { return rng() % 1000; };
    auto a = group(some(), some(), some(), some());
    const auto kept = a, b = group(some(), some(), some(), some());
    a += b;
    REQUIRE(a.total == kept.total + b.total);
    REQUIRE(a.outcomes.tn == kept.outcomes.tn + b.outcomes.tn);
    ByteWriter out;
    a.write(out);
    GroupCounts copy;
    ByteReader in(out.bytes());
    copy.read(in);
    REQUIRE(copy == a);
    REQUIRE(in.at_end());
    a -= b;
    REQUIRE(a == kept);
  }
  ByteWriter out;
  selected(3, 2).write(out);
  ByteReader in(out.bytes());
  GroupCounts bad;
  CHECK_THROWS_AS(bad.read(in), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
