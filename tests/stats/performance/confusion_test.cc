// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/confusion.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using Figure = Answer<double> (*)(const ConfusionCounts&);

TEST_CASE("confusion: every figure worked by hand, tp 40 fp 10 fn 20 tn 30") {
  const ConfusionCounts c{40, 10, 20, 30};  // P = 60, N = 40, S = 50, n = 100
  CHECK(accuracy(c).value() == 0.70);
  CHECK(error_rate(c).value() == 0.30);
  CHECK(prevalence(c).value() == 0.60);
  CHECK(selection_rate(c).value() == 0.50);
  CHECK(recall(c).value() == Approx(40 / 60.));
  CHECK(false_negative_rate(c).value() == Approx(20 / 60.));
  CHECK(specificity(c).value() == 0.75);
  CHECK(false_positive_rate(c).value() == 0.25);
  CHECK(precision(c).value() == 0.80);
  CHECK(false_discovery_rate(c).value() == 0.20);
  CHECK(negative_predictive_value(c).value() == 0.60);
  CHECK(false_omission_rate(c).value() == 0.40);
  CHECK(f1(c).value() == Approx(80 / 110.));
  CHECK(f_beta(c, 2).value() == Approx(5 * 0.8 * (2 / 3.) / (4 * 0.8 + 2 / 3.)));
  CHECK(balanced_accuracy(c).value() == Approx((2 / 3. + 0.75) / 2));
  CHECK(jaccard(c).value() == Approx(40 / 70.));
  CHECK(informedness(c).value() == Approx(2 / 3. + 0.75 - 1));
  CHECK(markedness(c).value() == Approx(0.8 + 0.6 - 1));
  CHECK(fowlkes_mallows(c).value() == Approx(std::sqrt(0.8 * 2 / 3)));
  CHECK(positive_likelihood_ratio(c).value() == Approx(2 / 3. / 0.25));
  CHECK(negative_likelihood_ratio(c).value() == Approx(1 / 3. / 0.75));
  CHECK(diagnostic_odds_ratio(c).value() == 6.0);
  CHECK(mcc(c).value() == Approx((40 * 30 - 10 * 20) / std::sqrt(60. * 40 * 50 * 50)));
  CHECK(cohen_kappa(c).value() == Approx((0.7 - 0.5) / (1 - 0.5)));  // p_e = .6 .5 + .4 .5
}

TEST_CASE("confusion: a score at the threshold is predicted, a NaN never") {
  ConfusionCounts c;
  c.add(0.5, 0.5, true);
  c.add(0.499, 0.5, true);
  c.add(std::nan(""), 0.5, false);
  CHECK(c == ConfusionCounts{1, 0, 1, 1});
}

TEST_CASE("confusion: an undefined figure says why") {
  const std::vector<Figure> all{accuracy,
                                error_rate,
                                prevalence,
                                selection_rate,
                                recall,
                                false_negative_rate,
                                specificity,
                                false_positive_rate,
                                precision,
                                false_discovery_rate,
                                negative_predictive_value,
                                false_omission_rate,
                                f1,
                                balanced_accuracy,
                                jaccard,
                                informedness,
                                markedness,
                                fowlkes_mallows,
                                positive_likelihood_ratio,
                                negative_likelihood_ratio,
                                diagnostic_odds_ratio,
                                mcc,
                                cohen_kappa};
  for (const auto f : all) CHECK(f({}).error() == Undefined::no_data);

  const ConfusionCounts no_positives{0, 2, 0, 3};
  for (const auto f : {recall, false_negative_rate, balanced_accuracy, informedness, fowlkes_mallows,
                       positive_likelihood_ratio, negative_likelihood_ratio, diagnostic_odds_ratio, mcc}) {
    CHECK(f(no_positives).error() == Undefined::no_positives);
  }
  CHECK(f1(no_positives).value() == 0);  // something was selected, and all of it wrongly
  CHECK(jaccard(no_positives).value() == 0);
  CHECK(cohen_kappa(no_positives).value() == 0);

  const ConfusionCounts no_negatives{2, 0, 3, 0};
  for (const auto f : {specificity, false_positive_rate, balanced_accuracy, informedness, positive_likelihood_ratio,
                       negative_likelihood_ratio, diagnostic_odds_ratio, mcc}) {
    CHECK(f(no_negatives).error() == Undefined::no_negatives);
  }
  const ConfusionCounts none_predicted{0, 0, 2, 3};
  for (const auto f : {precision, false_discovery_rate, markedness, fowlkes_mallows, mcc}) {
    CHECK(f(none_predicted).error() == Undefined::none_predicted);
  }
  const ConfusionCounts all_predicted{2, 3, 0, 0};
  for (const auto f : {negative_predictive_value, false_omission_rate, markedness, mcc}) {
    CHECK(f(all_predicted).error() == Undefined::all_predicted);
  }
  const ConfusionCounts only_tn{0, 0, 0, 5}, only_tp{5, 0, 0, 0}, perfect{5, 0, 0, 5};
  CHECK(f1(only_tn).error() == Undefined::no_positives);
  CHECK(jaccard(only_tn).error() == Undefined::no_positives);
  CHECK(cohen_kappa(only_tn).error() == Undefined::one_class);
  CHECK(cohen_kappa(only_tp).error() == Undefined::one_class);
  CHECK(positive_likelihood_ratio(perfect).error() == Undefined::zero_denominator);
  CHECK(diagnostic_odds_ratio(perfect).error() == Undefined::zero_denominator);
  CHECK(negative_likelihood_ratio({1, 1, 1, 0}).error() == Undefined::zero_denominator);
}

TEST_CASE("confusion: counts of 2^53 neither overflow nor cancel") {
  const std::uint64_t big = std::uint64_t{1} << 53;
  CHECK(mcc({big, 0, 0, big}).value() == 1.0);
  CHECK(mcc({0, big, big, 0}).value() == -1.0);
  CHECK(mcc({big, big, big, big}).value() == 0.0);
  // tp tn - fp fn = (b + 1)(b - 1) - b b = -1, which doubles would lose; the root is (2b)^2 to 16 digits
  const double b = static_cast<double>(big);
  CHECK(mcc({big + 1, big, big, big - 1}).value() == Approx(-1 / (4 * b * b)).epsilon(1e-10).margin(0));
  CHECK(cohen_kappa({big + 1, big, big, big - 1}).value() == Approx(-2 / (8 * b * b)).epsilon(1e-10).margin(0));
  CHECK(diagnostic_odds_ratio({big, big, big, big}).value() == 1.0);
}

TEST_CASE("confusion: identities, bounds and symmetries hold for any counts; merging and taking back are exact") {
  const auto seed = testing::seed_of("confusion");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t most = 1 + rng() % (round % 2 == 0 ? 4 : std::uint64_t{1} << 53);
    const auto draw = [&] { return ConfusionCounts{rng() % most, rng() % most, rng() % most, rng() % most}; };
    const auto c = draw(), d = draw();
    CAPTURE(c.tp, c.fp, c.fn, c.tn);
    auto sum = c;
    sum += d;
    auto other = d;
    other += c;
    REQUIRE(sum == other);
    REQUIRE((sum -= d) == c);
    REQUIRE(testing::read_back(ConfusionCounts{}, testing::bytes_of(c)) == c);

    const ConfusionCounts mirrored{c.tn, c.fn, c.fp, c.tp};  // the other class is the event
    REQUIRE(optional(mcc(c)).value_or(9) == Approx(optional(mcc(mirrored)).value_or(9)).margin(1e-14));
    REQUIRE(optional(cohen_kappa(c)).value_or(9) == Approx(optional(cohen_kappa(mirrored)).value_or(9)).margin(1e-14));
    REQUIRE(optional(recall(c)) == optional(specificity(mirrored)));
    REQUIRE(optional(precision(c)) == optional(negative_predictive_value(mirrored)));
    if (c.total() > 0) REQUIRE(*accuracy(c) + *error_rate(c) == Approx(1).epsilon(1e-15));
    if (recall(c)) REQUIRE(*recall(c) + *false_negative_rate(c) == Approx(1).epsilon(1e-15));
    if (mcc(c)) {
      REQUIRE(std::abs(*mcc(c)) <= 1);
      REQUIRE(*mcc(c) * *mcc(c) == Approx(*informedness(c) * *markedness(c)).margin(1e-13));
      REQUIRE(*informedness(c) == Approx(*recall(c) + *specificity(c) - 1).margin(1e-12));
    }
    if (f1(c)) {
      REQUIRE((0 <= *f1(c) && *f1(c) <= 1));
      REQUIRE(*jaccard(c) == Approx(*f1(c) / (2 - *f1(c))).margin(1e-14));
      if (precision(c) && recall(c)) {
        REQUIRE(*f1(c) <= *fowlkes_mallows(c) + 1e-14);  // harmonic below geometric mean
        for (const double beta : {0.5, 1.0, 3.0}) {
          REQUIRE(*f_beta(c, beta) <= std::max(*precision(c), *recall(c)) + 1e-14);
          REQUIRE(*f_beta(c, beta) >= std::min(*precision(c), *recall(c)) - 1e-14);
        }
      }
    }
  }
}

TEST_CASE("confusion: damaged bytes are refused") {
  testing::check_cuts_refused(ConfusionCounts{}, testing::bytes_of(ConfusionCounts{1, 2, 3, 400}));
  ConfusionCounts out;
  const auto bytes = testing::bytes_of(ConfusionCounts{std::uint64_t{1} << 61, 0, 0, 0});
  ByteReader in(bytes);
  CHECK_THROWS_AS(out.read(in), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
