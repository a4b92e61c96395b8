// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/sequence.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using nlohmann::json;
constexpr double inf = std::numeric_limits<double>::infinity();

void check_near(const Answer<Interval>& got, double lower, double upper, double margin = 1e-9) {
  REQUIRE(got.has_value());
  CAPTURE(got->lower, got->upper, lower, upper);
  CHECK(std::abs(got->lower - lower) <= margin);
  CHECK(std::abs(got->upper - upper) <= margin);
}

TEST_CASE("beta_binomial_sequence: worked by hand, uniform prior and no event") {
  // e = B(1, 1 + n) / (1 - p)^n = 1 / ((n + 1) (1 - p)^n) = 1/alpha
  const auto got = beta_binomial_sequence(0, 9, 0.05, {1, 1}).value();
  CHECK(got.lower == 0);
  CHECK(got.upper == Approx(1 - std::pow(0.05 / 10, 1.0 / 9)).epsilon(1e-13));
  CHECK(*beta_binomial_log_e(0, 9, 0.5, {1, 1}) == Approx(9 * std::log(2.0) - std::log(10.0)).epsilon(1e-13));
  // one of two: B(2, 2) = 1/6
  CHECK(*beta_binomial_log_e(1, 2, 0.1, {1, 1}) == Approx(-std::log(6 * 0.1 * 0.9)).epsilon(1e-13));
}

TEST_CASE("confidence sequences: the published design constants of governance") {
  check_near(beta_binomial_sequence(0, 20, .05, {1, 1}), 0, .2606713509);
  check_near(beta_binomial_sequence(8, 40, .05, {1, 1}), .0563315033, .4333835351);
  check_near(beta_binomial_sequence(92, 100, .05, {1, 1}), .7979347069, .9812694177);
  check_near(beta_binomial_sequence(50, 1000, .05, {1, 1}), .0282351266, .0801709113);
  check_near(gamma_poisson_sequence(0, 1, .05, {1, 1}), 0, 3.688879454);  // by hand: e = e^r / 2, so r = ln 40
  check_near(gamma_poisson_sequence(7, 2.3, .05, {1, 1}), .7111231748, 8.124353987, 5e-9);
  check_near(gamma_poisson_sequence(25, 5, .05, {1, 1}), 2.155357375, 9.650755837, 5e-9);
}

void check_range(const Interval& got, const json& lower, const json& upper) {
  testing::check_value(got.lower, lower, {1e-11, 1e-13});
  testing::check_value(got.upper, upper, {1e-11, 1e-13});
}

int bernoulli_case(const json& in, const json& expected) {
  const auto k = in["successes"].get<std::uint64_t>(), n = in["n"].get<std::uint64_t>();
  const BetaPrior prior{in["a"].get<double>(), in["b"].get<double>()};
  REQUIRE(expected.size() == 3);
  check_range(beta_binomial_sequence(k, n, in["alpha"].get<double>(), prior).value(), expected["lower"],
              expected["upper"]);
  testing::check_value(beta_binomial_log_e(k, n, 0.04, prior), expected["log_e_against_0.04"], {1e-11, 1e-13});
  return 3;
}

int poisson_case(const json& in, const json& expected) {
  REQUIRE(expected.size() == 2);
  check_range(gamma_poisson_sequence(in["events"].get<std::uint64_t>(), in["exposure"].get<double>(),
                                     in["alpha"].get<double>(), {in["a"].get<double>(), in["b"].get<double>()})
                  .value(),
              expected["lower"], expected["upper"]);
  return 2;
}

int multinomial_case(const json& in, const json& expected) {
  const auto counts = in["counts"].get<std::vector<std::uint64_t>>();
  const auto concentration = in["concentration"].get<double>();
  const std::vector<double> uniform(counts.size(), 1.0 / static_cast<double>(counts.size()));
  REQUIRE(expected.size() == 3);
  const auto got = multinomial_sequence(counts, in["alpha"].get<double>(), concentration).value();
  REQUIRE(got.size() == expected["intervals"].size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    check_range(got[i], expected["intervals"][i][0], expected["intervals"][i][1]);
  }
  testing::check_value(multinomial_log_bayes_factor(counts, uniform, concentration),
                       expected["log_bayes_factor_vs_uniform"], {1e-11, 1e-13});
  testing::check_value(always_valid_p(counts, uniform, concentration), expected["always_valid_p_vs_uniform"],
                       {1e-11, 1e-13});
  return static_cast<int>(2 * got.size() + 2);
}

TEST_CASE("confidence sequences: agree with the published vectors") {
  const auto file = testing::vectors("sequential.json");
  if (!file) return;
  int cases = 0, values = 0;
  for (const auto& c : (*file)["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto kind = c["kind"].get<std::string>();
    int compared = 0;
    if (kind == "cs_bernoulli") compared = bernoulli_case(c["input"], c["expected"]);
    if (kind == "cs_poisson") compared = poisson_case(c["input"], c["expected"]);
    if (kind == "cs_multinomial") compared = multinomial_case(c["input"], c["expected"]);
    cases += compared > 0 ? 1 : 0;
    values += compared;
  }
  CHECK(cases == 17);
  testing::report("sequential.json, confidence sequences", cases, values);
}

TEST_CASE("confidence sequences: large counts agree with 60-digit arithmetic") {
  const auto half = beta_binomial_sequence(500'000'000, 1'000'000'000, .05).value();
  CHECK(half.lower == Approx(0.49991758896809158).epsilon(1e-14));
  CHECK(half.upper == Approx(0.50008241103190842).epsilon(1e-14));
  CHECK(*beta_binomial_log_e(500'000'000, 1'000'000'000, .5) == Approx(-10.587424271367933).epsilon(1e-13));
  CHECK(*beta_binomial_log_e(500'000'000, 1'000'000'000, .5001) == Approx(9.4125761286320777).epsilon(1e-11));
  const auto rare = beta_binomial_sequence(3, 1'000'000'000, .05).value();
  CHECK(rare.lower == Approx(1.1917652122248913e-11).epsilon(1e-12));
  CHECK(rare.upper == Approx(2.2663371356102487e-8).epsilon(1e-12));
  const auto many = gamma_poisson_sequence(999'999'000, 1e6, .05, {.5, 100}).value();
  CHECK(many.lower == Approx(985.92330847158379).epsilon(1e-13));
  CHECK(many.upper == Approx(1014.2080274383974).epsilon(1e-13));
  // priors as heavy as the data
  CHECK(*beta_binomial_log_e(500'010'000, 1'000'000'000, .5001, {3e8, 3.1e8}) ==
        Approx(-51023.370933189951).epsilon(1e-12));
  CHECK(*beta_binomial_log_e(500'010'000, 1'000'000'000, .50002, {3e8, 300'007'000}) ==
        Approx(-0.47843156878792186).epsilon(1e-10));
  CHECK(*gamma_poisson_log_e(1'000'000, 1000, 1002, {5e5, 499}) == Approx(0.78017729055522365).epsilon(1e-11));
}

TEST_CASE("confidence sequences: what cannot be computed says why") {
  CHECK(beta_binomial_sequence(0, 0, .05).error() == Undefined::no_data);
  CHECK(beta_binomial_log_e(1, 2, 1.5).error() == Undefined::out_of_domain);
  CHECK(*beta_binomial_log_e(0, 0, .5) == 0);
  CHECK(*beta_binomial_log_e(1, 2, 0) == inf);
  CHECK(*beta_binomial_log_e(1, 2, 1) == inf);
  CHECK(gamma_poisson_sequence(1, 0, .05, {1, 1}).error() == Undefined::zero_exposure);
  CHECK(gamma_poisson_sequence(1, -1, .05, {1, 1}).error() == Undefined::out_of_domain);
  CHECK(gamma_poisson_log_e(1, 1, -1, {1, 1}).error() == Undefined::out_of_domain);
  CHECK(*gamma_poisson_log_e(1, 1, 0, {1, 1}) == inf);
  const std::array<std::uint64_t, 2> none{0, 0};
  const std::array<double, 2> halves{.5, .5};
  CHECK(multinomial_sequence(none, .05).error() == Undefined::no_data);
  CHECK(multinomial_log_bayes_factor(none, halves).error() == Undefined::no_data);
  CHECK(always_valid_p(none, halves).error() == Undefined::no_data);
}

TEST_CASE("beta_binomial_sequence: ends where the evidence is 1/alpha, holds k/n, mirrors, narrows with alpha") {
  const auto seed = testing::seed_of("beta-binomial sequence");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 1 + rng() % (round % 2 == 0 ? 30 : 10'000'000),
                        k = round % 3 == 0 ? rng() % std::min<std::uint64_t>(n + 1, 4) : rng() % (n + 1);
    const double alpha = std::exp(-12 * uniform(rng)) * 0.9;
    const BetaPrior prior{0.1 + 5 * uniform(rng), 0.1 + 5 * uniform(rng)};
    CAPTURE(k, n, alpha, prior.a, prior.b);
    const auto at = beta_binomial_sequence(k, n, alpha, prior).value();
    const double p = static_cast<double>(k) / static_cast<double>(n);
    REQUIRE((0 <= at.lower && at.lower <= p && p <= at.upper && at.upper <= 1));
    const double level = -std::log(alpha);
    if (k > 0) REQUIRE(*beta_binomial_log_e(k, n, at.lower, prior) == Approx(level).margin(1e-6));
    if (k < n && at.upper < 1 - 1e-9)
      REQUIRE(*beta_binomial_log_e(k, n, at.upper, prior) == Approx(level).margin(1e-5));
    const auto mirrored = beta_binomial_sequence(n - k, n, alpha, {prior.b, prior.a}).value();
    REQUIRE(at.lower == Approx(1 - mirrored.upper).margin(1e-13));
    const auto narrower = beta_binomial_sequence(k, n, std::sqrt(alpha), prior).value();
    REQUIRE((at.lower <= narrower.lower && narrower.upper <= at.upper));
    // by Markov's inequality never tighter than the exact one-sided bounds for one look
    if (alpha < 0.5) {
      const auto once = clopper_pearson(k, n, 1 - 2 * alpha).value();
      REQUIRE((at.lower <= once.lower * (1 + 1e-9) && once.upper <= at.upper * (1 + 1e-9) + 1e-15));
    }
  }
}

TEST_CASE("gamma_poisson_sequence: ends where the evidence is 1/alpha, and scales with the unit of exposure") {
  const auto seed = testing::seed_of("gamma-Poisson sequence");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t events = rng() % (round % 2 == 0 ? 10 : 1'000'000);
    const double exposure = std::exp(20 * uniform(rng) - 10), alpha = std::exp(-12 * uniform(rng)) * 0.9;
    const GammaPrior prior{0.1 + 3 * uniform(rng), std::exp(10 * uniform(rng) - 5)};
    CAPTURE(events, exposure, alpha, prior.a, prior.b);
    const auto at = gamma_poisson_sequence(events, exposure, alpha, prior).value();
    const double rate = static_cast<double>(events) / exposure;
    REQUIRE((0 <= at.lower && at.lower <= rate && rate <= at.upper));
    // what the prior's distance adds to the evidence is all that is lost to rounding
    const double margin = 1e-9 * (10 - *gamma_poisson_log_e(events, exposure, rate, prior));
    for (const double end : {at.lower, at.upper}) {
      if (end > 0)
        REQUIRE(*gamma_poisson_log_e(events, exposure, end, prior) == Approx(-std::log(alpha)).margin(margin));
    }
    const auto thousands = gamma_poisson_sequence(events, exposure / 1000, alpha, {prior.a, prior.b / 1000}).value();
    REQUIRE(thousands.lower == Approx(at.lower * 1000).epsilon(1e-10));
    REQUIRE(thousands.upper == Approx(at.upper * 1000).epsilon(1e-10));
  }
}

TEST_CASE(
    "multinomial_sequence: with two categories it is the beta-binomial one; the order of categories is no matter") {
  const auto seed = testing::seed_of("multinomial sequence");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 1 + rng() % 10'000, k = rng() % (n + 1);
    const std::array<std::uint64_t, 2> two{k, n - k};
    const auto got = multinomial_sequence(two, .05, 0.5).value();
    const auto one = beta_binomial_sequence(k, n, .05).value();
    REQUIRE(got[0].lower == one.lower);
    REQUIRE(got[0].upper == one.upper);
    const double share = 0.001 + 0.998 * std::uniform_real_distribution<>{}(rng);
    const std::array<double, 2> shares{share, 1 - share};
    REQUIRE(*multinomial_log_bayes_factor(two, shares, 0.5) ==
            Approx(*beta_binomial_log_e(k, n, share)).margin(1e-9).epsilon(1e-11));
    std::vector<std::uint64_t> counts{k, rng() % 50, n - k, rng() % 1000};
    auto turned = counts;
    std::rotate(turned.begin(), turned.begin() + 1, turned.end());
    const auto a = multinomial_sequence(counts, .01).value(), b = multinomial_sequence(turned, .01).value();
    for (std::size_t i = 0; i < 4; ++i) REQUIRE(a[(i + 1) % 4].upper == Approx(b[i].upper).epsilon(1e-11));
  }
}

/// Share of `runs` in which some look of `steps` misses; alpha plus four standard errors of such a share.
double allowed(double alpha, int runs) { return alpha + 4 * std::sqrt(alpha * (1 - alpha) / runs); }

TEST_CASE("beta_binomial_sequence: misses the true share at any of 2,000 looks in at most alpha of the runs") {
  const auto seed = testing::seed_of("coverage at every look");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int runs = 2000, steps = 2000;
  for (const double p : {0.02, 0.4}) {
    int missed = 0, missed_by_one_look = 0;
    std::bernoulli_distribution draw{p};
    for (int run = 0; run < runs; ++run) {
      std::uint64_t k = 0;
      bool out = false, out_once = false;
      for (std::uint64_t n = 1; n <= steps; ++n) {
        k += draw(rng) ? 1U : 0U;
        out = out || *beta_binomial_log_e(k, n, p) >= std::log(20.0);
        if (n % 100 == 0) {
          const auto cs = beta_binomial_sequence(k, n, .05).value();
          REQUIRE((*beta_binomial_log_e(k, n, p) < std::log(20.0)) == (cs.lower < p && p < cs.upper));
          const auto once = wilson(k, n, .95).value();
          out_once = out_once || p < once.lower || p > once.upper;
        }
      }
      missed += out ? 1 : 0;
      missed_by_one_look += out_once ? 1 : 0;
    }
    CAPTURE(p, missed, missed_by_one_look);
    CHECK(missed <= runs * allowed(.05, runs));
    CHECK(missed > 0);
    CHECK(missed_by_one_look > runs * allowed(.05, runs));  // which is why the others are not for every look
  }
}

TEST_CASE("gamma_poisson_sequence: misses the true rate at any of 2,000 looks in at most alpha of the runs") {
  const auto seed = testing::seed_of("Poisson coverage at every look");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int runs = 2000, steps = 2000;
  constexpr double rate = 0.03;
  std::poisson_distribution<std::uint64_t> draw{rate};
  int missed = 0;
  for (int run = 0; run < runs; ++run) {
    std::uint64_t events = 0;
    bool out = false;
    for (int t = 1; t <= steps && !out; ++t) {
      events += draw(rng);
      out = *gamma_poisson_log_e(events, t, rate, {.5, 20}) >= std::log(20.0);
    }
    missed += out ? 1 : 0;
  }
  CAPTURE(missed);
  CHECK(missed <= runs * allowed(.05, runs));
  CHECK(missed > 0);
}

TEST_CASE("always_valid_p: is ever at most alpha in at most alpha of the runs") {
  const auto seed = testing::seed_of("always-valid p");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int runs = 1000, steps = 500;
  const std::array<double, 3> shares{.2, .3, .5};
  std::discrete_distribution<std::size_t> draw(shares.begin(), shares.end());
  int missed = 0;
  for (int run = 0; run < runs; ++run) {
    std::array<std::uint64_t, 3> counts{};
    bool out = false;
    for (int t = 1; t <= steps && !out; ++t) {
      ++counts[draw(rng)];
      out = *always_valid_p(counts, shares) <= .05;
    }
    missed += out ? 1 : 0;
  }
  CAPTURE(missed);
  CHECK(missed <= runs * allowed(.05, runs));
  CHECK(missed > 0);
}

}  // namespace
}  // namespace pilotwatch::stats
