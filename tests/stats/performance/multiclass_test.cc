// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/multiclass.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "stats/performance/confusion.h"
#include "stats/performance/multiclass_scores.h"
#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

ClassMatrix matrix(const std::vector<std::vector<int>>& rows) {
  ClassMatrix out(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size(); ++j) out.add(i, j, rows[i][j]);
  }
  return out;
}

TEST_CASE("multiclass: every figure worked by hand, three classes of which one is never predicted") {
  // truths 4, 4, 2; predictions 5, 5, 0; hits 3, 3, 0
  const auto m = matrix({{3, 1, 0}, {1, 3, 0}, {1, 1, 0}});
  CHECK(accuracy(m).value() == 0.6);
  CHECK(macro_precision(m).value() == Approx((0.6 + 0.6 + 0) / 3));  // never predicted: counts as 0
  CHECK(macro_recall(m).value() == Approx((0.75 + 0.75 + 0) / 3));
  CHECK(macro_f1(m).value() == Approx((6 / 9. + 6 / 9. + 0) / 3));
  CHECK(weighted_precision(m).value() == Approx(0.4 * 0.6 + 0.4 * 0.6));
  CHECK(weighted_recall(m).value() == 0.6);
  CHECK(weighted_f1(m).value() == Approx(0.8 * 6 / 9.));
  CHECK(balanced_accuracy(m).value() == Approx(0.5));
  CHECK(cohen_kappa(m).value() == Approx((0.6 - 0.4) / (1 - 0.4)));  // p_e = .4 .5 + .4 .5
  CHECK(mcc(m).value() == Approx((10 * 6 - 40) / std::sqrt((100. - 50) * (100 - 36))));
  for (const auto micro : {micro_precision, micro_recall, micro_f1}) CHECK(micro(m).value() == 0.6);
}

TEST_CASE("multiclass: an absent class counts as 0 in macro figures and is left out of balanced accuracy") {
  const auto m = matrix({{2, 0, 0}, {0, 3, 0}, {0, 0, 0}});
  CHECK(macro_f1(m).value() == Approx(2 / 3.));
  CHECK(macro_recall(m).value() == Approx(2 / 3.));
  CHECK(balanced_accuracy(m).value() == 1);
  CHECK(weighted_f1(m).value() == 1);
}

TEST_CASE("multiclass: undefined without data or variation") {
  const ClassMatrix none(3);
  for (const auto f : {macro_precision, macro_recall, macro_f1, micro_f1, weighted_precision, weighted_f1}) {
    CHECK(f(none).error() == Undefined::no_data);
  }
  CHECK(accuracy(none).error() == Undefined::no_data);
  CHECK(balanced_accuracy(none).error() == Undefined::no_data);
  CHECK(mcc(none).error() == Undefined::no_data);
  CHECK(cohen_kappa(none).error() == Undefined::no_data);
  const auto one_outcome = matrix({{2, 1}, {0, 0}}), one_prediction = matrix({{2, 0}, {1, 0}});
  CHECK(mcc(one_outcome).error() == Undefined::one_class);
  CHECK(mcc(one_prediction).error() == Undefined::one_class);
  CHECK(cohen_kappa(one_outcome).value() == 0);
  CHECK(cohen_kappa(matrix({{3, 0}, {0, 0}})).error() == Undefined::one_class);
}

TEST_CASE("multiclass: with two classes it is the binary figure; merges, bounds and bytes hold") {
  const auto seed = testing::seed_of("multiclass");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t most = 1 + rng() % (round % 2 == 0 ? 5 : std::uint64_t{1} << 50);
    const std::size_t k = 2 + rng() % 4;
    ClassMatrix a(k), b(k);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        a.add(i, j, static_cast<std::int64_t>(rng() % most));
        b.add(i, j, static_cast<std::int64_t>(rng() % most));
      }
    }
    auto sum = a;
    sum += b;
    auto other = b;
    other += a;
    REQUIRE(sum == other);
    REQUIRE((sum -= b) == a);
    REQUIRE(testing::read_back(ClassMatrix(k), testing::bytes_of(a)) == a);
    for (const auto f : {macro_precision, macro_recall, macro_f1, weighted_precision, weighted_recall, weighted_f1}) {
      if (a.total() > 0) REQUIRE((0 <= *f(a) && *f(a) <= 1));
    }
    if (mcc(a)) REQUIRE(std::abs(*mcc(a)) <= 1);
    if (k != 2) continue;
    const ConfusionCounts binary{a.count(1, 1), a.count(0, 1), a.count(1, 0), a.count(0, 0)};
    REQUIRE(mcc(a).has_value() == mcc(binary).has_value());
    if (mcc(a)) REQUIRE(*mcc(a) == Approx(*mcc(binary)).margin(1e-12));
    REQUIRE(optional(accuracy(a)) == optional(accuracy(binary)));
    REQUIRE(optional(cohen_kappa(a)).value_or(9) == Approx(optional(cohen_kappa(binary)).value_or(9)).margin(1e-12));
    if (balanced_accuracy(binary)) REQUIRE(*balanced_accuracy(a) == Approx(*balanced_accuracy(binary)).epsilon(1e-14));
  }
}

TEST_CASE("multiclass scores: AUCs and log loss worked by hand, one case a class and one more") {
  MulticlassScores s(3);
  s.add(std::vector{0.7, 0.2, 0.1}, 0);
  s.add(std::vector{0.3, 0.4, 0.3}, 1);
  s.add(std::vector{0.5, 0.4, 0.1}, 1);
  s.add(std::vector{0.4, 0.1, 0.5}, 2);
  // one against the rest: class 0 beats all (1), class 1 beats both (1), class 2 beats all (1)
  CHECK(auc_one_vs_rest_macro(s).value().estimate == 1);
  s.add(std::vector{0.5, 0.3, 0.2}, 0);
  // class 0: .7 beats three, .5 beats .3 .4 and ties .5: 5.5/6. class 1: .4 .4 beat .2 .3 .1: 1. class 2: 1.
  CHECK(auc_one_vs_rest_macro(s).value().estimate == Approx((5.5 / 6 + 2) / 3));
  CHECK(auc_one_vs_rest_weighted(s).value().estimate == Approx((2 * 5.5 / 6 + 2 + 1) / 5));
  // pairs: A(0|1) = 3.5/4, all others 1
  CHECK(auc_hand_till(s).value().estimate == Approx((3.5 / 4 + 5) / 6));
  CHECK(s.log_loss().value() == Approx(-(std::log(0.7) + 2 * std::log(0.4) + std::log(0.5) + std::log(0.5)) / 5));
}

TEST_CASE("multiclass scores: undefined where a class is absent or a score is no probability") {
  MulticlassScores s(3);
  CHECK(auc_hand_till(s).error() == Undefined::no_data);
  CHECK(auc_one_vs_rest_macro(s).error() == Undefined::no_data);
  CHECK(auc_one_vs_rest_weighted(s).error() == Undefined::no_data);
  CHECK(s.log_loss().error() == Undefined::no_data);
  s.add(std::vector{0.7, 0.2, 0.1}, 0);
  CHECK(auc_one_vs_rest_weighted(s).error() == Undefined::no_negatives);
  s.add(std::vector{0.3, 0.4, 0.3}, 1);
  CHECK(auc_hand_till(s).error() == Undefined::no_positives);
  CHECK(auc_one_vs_rest_macro(s).error() == Undefined::no_positives);
  CHECK(auc_one_vs_rest_weighted(s).value().estimate == 1);
  s.add(std::vector{0.3, 0.4, 1.5}, 2);
  CHECK(s.log_loss().error() == Undefined::out_of_domain);
  s.add(std::vector{0.3, 0.4, 1.5}, 2, -1);
  CHECK(s.log_loss().has_value());
}

TEST_CASE("multiclass scores: two classes with complementary scores give the binary AUC; merging is exact") {
  const auto seed = testing::seed_of("multiclass scores");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    MulticlassScores whole(2, 40), first(2, 40), second(2, 40);
    ScoreState binary(40);
    const std::size_t n = 2 + rng() % 50;
    for (std::size_t i = 0; i < n; ++i) {
      const double p = static_cast<double>(rng() % 65) / 64;  // p and 1 - p without rounding
      const std::size_t truth = i < 2 ? i : rng() % 2;
      const double scores[] = {1 - p, p};
      whole.add(scores, truth);
      (i % 2 == 0 ? first : second).add(scores, truth);
      binary.add(p, truth == 1);
    }
    const auto auc = roc_auc(binary.table()).value();
    if (binary.table().exact) {
      REQUIRE(auc_hand_till(whole).value().estimate == Approx(auc.estimate).epsilon(1e-14));
      REQUIRE(auc_one_vs_rest_macro(whole).value().estimate == Approx(auc.estimate).epsilon(1e-14));
    }
    const auto bracket = auc_hand_till(whole).value();
    REQUIRE((bracket.lower <= bracket.estimate && bracket.estimate <= bracket.upper));
    const auto bytes = testing::bytes_of(whole);
    second += first;
    REQUIRE(testing::bytes_of(second) == bytes);
    REQUIRE(testing::bytes_of(testing::read_back(MulticlassScores(2, 40), bytes)) == bytes);
    second -= first;
    second -= second;
    REQUIRE(second.count(0) == 0);
    REQUIRE(second.log_loss().error() == Undefined::no_data);
  }
}

TEST_CASE("multiclass: damaged bytes are refused") {
  testing::check_cuts_refused(ClassMatrix(2), testing::bytes_of(matrix({{1, 2}, {300, 4}})));
  ClassMatrix other(3);
  const auto bytes = testing::bytes_of(matrix({{1, 2}, {3, 4}}));
  ByteReader in(bytes);
  CHECK_THROWS_AS(other.read(in), CorruptBytes);
  MulticlassScores s(2);
  s.add(std::vector{0.7, 0.3}, 0);
  testing::check_cuts_refused(MulticlassScores(2), testing::bytes_of(s));
}

}  // namespace
}  // namespace pilotwatch::stats
