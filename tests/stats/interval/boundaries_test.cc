// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/boundaries.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "stats/interval/log_tails.h"
#include "stats/interval/sequence.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr auto one = Sides::one, two = Sides::two;

std::map<std::string, std::optional<double>> library_values() {
  std::map<std::string, std::optional<double>> got;
  got["normal_log_mixture(s=20,v=100,v_opt=100,alpha_opt=.05,one-sided)"] =
      optional(normal_log_mixture(20, 100, 100, .05, one));
  got["normal_log_mixture(s=20,v=100,v_opt=100,alpha_opt=.05,two-sided)"] =
      optional(normal_log_mixture(20, 100, 100, .05, two));
  got["gamma_exponential_log_mixture(s=20,v=100,v_opt=100,c=1)"] =
      optional(gamma_exponential_log_mixture(20, 100, 100, 1));
  got["gamma_exponential_mixture_bound(v=100,alpha=.05,v_opt=100,c=1)"] =
      optional(gamma_exponential_mixture_bound(100, .05, 100, 1));
  got["gamma_poisson_log_mixture(s=20,v=100,v_opt=100,c=1)"] = optional(gamma_poisson_log_mixture(20, 100, 100, 1));
  got["gamma_poisson_mixture_bound(v=100,alpha=.05,v_opt=100,c=1)"] =
      optional(gamma_poisson_mixture_bound(100, .05, 100, 1));
  for (const auto sides : {one, two}) {
    const std::string end = sides == one ? ",one-sided)" : ",two-sided)";
    got["beta_binomial_log_mixture(s=10,v=47.5,v_opt=47.5,g=.05,h=.95" + end] =
        optional(beta_binomial_log_mixture(10, 47.5, 47.5, .05, .95, sides));
    got["beta_binomial_mixture_bound(v=47.5,alpha=.05,v_opt=47.5,g=.05,h=.95" + end] =
        optional(beta_binomial_mixture_bound(47.5, .05, 47.5, .05, .95, sides));
  }
  for (const int c : {0, 1}) {
    got["poly_stitching_bound(v=100,alpha=.05,v_min=1,c=" + std::to_string(c) + ",s=1.4,eta=2)"] =
        optional(poly_stitching_bound(100, .05, 1, c, 1.4, 2));
  }
  for (const int t : {100, 10'000, 100'000}) {
    got["empirical_process_lil_bound(t=" + std::to_string(t) + ",alpha=.05,t_min=100,A=.85)"] =
        optional(distribution_band(t, .05, 100));
  }
  for (const std::uint64_t k : {5, 50, 500}) {
    const auto interval = bernoulli_tuned_sequence(k, 20 * k, .05, 1000).value();
    const std::string start =
        "bernoulli_confidence_interval(" + std::to_string(k) + "," + std::to_string(20 * k) + ",alpha=.05,t_opt=1000).";
    got[start + "lower"] = interval.lower;
    got[start + "upper"] = interval.upper;
  }
  return got;
}

TEST_CASE("boundaries: agree with the values of the confseq library") {
  const auto file = testing::vectors("sequential.json");
  if (!file) return;
  const auto got = library_values();
  int cases = 0, values = 0;
  for (const auto& c : (*file)["cases"]) {
    if (c["kind"] != "confseq") continue;
    ++cases;
    CHECK(c["expected"].size() == got.size());
    for (const auto& [name, expected] : c["expected"].items()) {
      CAPTURE(name);
      REQUIRE(got.contains(name));
      testing::check_value(got.at(name), expected, {1e-9, 0});
      ++values;
    }
  }
  testing::report("sequential.json, boundaries", cases, values);
}

TEST_CASE("boundaries: worked by hand, the two-sided normal mixture and its bound") {
  const double l = 2 * std::log(20.0), rho = 50 / (l + std::log(1 + l));
  CHECK(*normal_log_mixture(7, 30, 50, .05, two) ==
        Approx(std::log(rho / (30 + rho)) / 2 + 49 / (2 * (30 + rho))).epsilon(1e-14));
  CHECK(*normal_mixture_bound(30, .01, 50, .05, two) ==
        Approx(std::sqrt((30 + rho) * std::log((30 + rho) / (0.0001 * rho)))).epsilon(1e-13));
}

TEST_CASE("boundaries: large and far arguments agree with 40-digit arithmetic") {
  CHECK(*gamma_exponential_log_mixture(100'000, 1e9, 1e9, 1) == Approx(4.013083015668029).epsilon(1e-11));
  CHECK(*gamma_poisson_log_mixture(100'000, 1e9, 1e9, 1) == Approx(4.0132065540928698).epsilon(1e-11));
  CHECK(*gamma_exponential_log_mixture(-90, 1000, 1000, 2) == Approx(-2.3331586407363795).epsilon(1e-11));
  CHECK(*gamma_poisson_log_mixture(-90, 1000, 1000, 2) == Approx(-2.2655309438353958).epsilon(1e-11));
  CHECK(*gamma_exponential_log_mixture(-950, 1000, 100, 1) == Approx(-5.772358597220017).epsilon(1e-10));
  CHECK(*gamma_poisson_log_mixture(-950, 1000, 100, 1) == Approx(-5.6393515164798585).epsilon(1e-10));
  CHECK(*beta_binomial_log_mixture(-3000, 10'000, 1000, .3, .7, one) == Approx(-5.6945423352785858).epsilon(1e-10));
  CHECK(*beta_binomial_log_mixture(500, 10'000, 1000, .3, .7, one) == Approx(10.836257229809972).epsilon(1e-11));
}

TEST_CASE("log tails: agree with 40-digit arithmetic where the probability itself is 0 in double precision") {
  CHECK(log_gamma_p(1000, 100) == Approx(-1406.8527552662533).epsilon(1e-13));
  CHECK(log_gamma_p(300, 1) == Approx(-1415.9025221917655).epsilon(1e-13));
  CHECK(log_gamma_p(50, 1e-12) == Approx(-1530.0288227482014).epsilon(1e-13));
  CHECK(log_gamma_q(10, 2000) == Approx(-1944.3891974568223).epsilon(1e-13));
  CHECK(log_gamma_q(.5, 1000) == Approx(-1004.0267419589519).epsilon(1e-13));
  CHECK(log_ibeta(400, 3, .1) == Approx(-909.94693772384816).epsilon(1e-13));
  CHECK(log_ibeta(2000, 500, .3) == Approx(-1340.3316374766682).epsilon(1e-13));
  CHECK(log_normal_cdf(-40) == Approx(-804.60844201375379).epsilon(1e-13));
  CHECK(log_normal_cdf(-30.5) == Approx(-469.46273732291211).epsilon(1e-13));
  CHECK(log_normal_cdf(-5) == Approx(-15.064998393988726).epsilon(1e-13));
  CHECK(log_normal_cdf(3) == Approx(-0.0013508099647481938).epsilon(1e-12));
  for (double n = 10; n < 2e9; n *= 10) CHECK(log_ibeta(n, n, .5) == Approx(-std::log(2.0)).epsilon(1e-12));
  for (double a = 1; a < 2e11;
       a *= 10) {  // DLMF 8.11.12: P(a, a) = 1/2 + 1/(3 sqrt(2 pi a)) + ..., next term 0.01 a^-1.5
    CHECK(std::abs(std::exp(log_gamma_p(a, a)) - .5 - 1 / (3 * std::sqrt(2 * M_PI * a))) <
          .02 * std::pow(a, -1.5) + 1e-14);
    CHECK(std::exp(log_gamma_p(a, a)) + std::exp(log_gamma_q(a, a)) == Approx(1).epsilon(1e-14));
  }
  // where the expansions take over from Boost nothing jumps
  for (double x = 100; x < 250; x += 0.5) CHECK(log_gamma_p(1000, x) < log_gamma_p(1000, x + 0.5));
  for (double x = 600; x < 900; x += 0.5)
    CHECK(log_gamma_q(10, x) - log_gamma_q(10, x + 0.5) == Approx(.49).margin(.02));
}

TEST_CASE("boundaries: what has no meaning is out of domain") {
  CHECK(normal_log_mixture(inf, 1, 1, .05, one).error() == Undefined::out_of_domain);
  CHECK(normal_log_mixture(1, -1, 1, .05, one).error() == Undefined::out_of_domain);
  CHECK(normal_log_mixture(1, 1, 0, .05, one).error() == Undefined::out_of_domain);
  CHECK(normal_log_mixture(1, 1, 1, .5, one).error() == Undefined::out_of_domain);
  CHECK(normal_mixture_bound(1, 0, 1, .05, one).error() == Undefined::out_of_domain);
  CHECK(gamma_exponential_log_mixture(-1000, 1, 1, 1).error() == Undefined::out_of_domain);
  CHECK(gamma_exponential_mixture_bound(1, .05, 1, 0).error() == Undefined::out_of_domain);
  CHECK(gamma_poisson_log_mixture(-1000, 1, 1, 1).error() == Undefined::out_of_domain);
  CHECK(beta_binomial_log_mixture(3, 1, 1, .5, .5, two).error() == Undefined::out_of_domain);
  CHECK(beta_binomial_mixture_bound(1, .05, 1, 0, 1, two).error() == Undefined::out_of_domain);
  CHECK(poly_stitching_bound(1, .05, 1, 0, 1, 2).error() == Undefined::out_of_domain);
  CHECK(bernoulli_tuned_sequence(0, 0, .05, 100).error() == Undefined::no_data);
  CHECK(bernoulli_tuned_sequence(0, 1, .05, 0).error() == Undefined::out_of_domain);
  CHECK(distribution_band(50, .05, 100).error() == Undefined::too_few);
  CHECK(distribution_band_constant(.05, .7).error() == Undefined::out_of_domain);
  CHECK(distribution_band_constant(0).error() == Undefined::out_of_domain);
}

TEST_CASE("boundaries: a bound is where the mixture reaches 1/alpha; it grows with v and falls with alpha") {
  const auto seed = testing::seed_of("boundaries");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  for (int round = 0; round < 10'000; ++round) {
    const double v = std::exp(21 * uniform(rng)), v_opt = std::exp(1 + 19 * uniform(rng)),
                 c = std::exp(4 * uniform(rng) - 2);
    const double alpha = std::exp(-15 * uniform(rng)) / 2;
    CAPTURE(v, v_opt, c, alpha);
    const auto check = [&](auto mixture, auto bound) {
      const double s = *bound(v, alpha);
      REQUIRE(std::isfinite(s));
      REQUIRE(*mixture(s) == Approx(-std::log(alpha)).epsilon(1e-7));
      REQUIRE(*bound(1.1 * v, alpha) > s);
      REQUIRE(*bound(v, alpha / 2) > s);
    };
    const int kind = round % 4;
    if (kind == 0) {
      check([&](double s) { return normal_log_mixture(s, v, v_opt, .05, two); },
            [&](double w, double a) { return normal_mixture_bound(w, a, v_opt, .05, two); });
    } else if (kind == 1) {
      check([&](double s) { return normal_log_mixture(s, v, v_opt, .05, one); },
            [&](double w, double a) { return normal_mixture_bound(w, a, v_opt, .05, one); });
    } else if (kind == 2) {
      check([&](double s) { return gamma_exponential_log_mixture(s, v, v_opt, c); },
            [&](double w, double a) { return gamma_exponential_mixture_bound(w, a, v_opt, c); });
    } else {
      check([&](double s) { return gamma_poisson_log_mixture(s, v, v_opt, c); },
            [&](double w, double a) { return gamma_poisson_mixture_bound(w, a, v_opt, c); });
    }
  }
}

TEST_CASE("beta_binomial_mixture_bound: where the mixture reaches 1/alpha, or all that S can be") {
  const auto seed = testing::seed_of("beta-binomial bound");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::uniform_real_distribution<> uniform;
  int inside = 0;
  for (int round = 0; round < 10'000; ++round) {
    const double g = 0.02 + 0.96 * uniform(rng), h = 1 - g, alpha = std::exp(-10 * uniform(rng)) / 2;
    const double largest = round % 100 == 0 ? 19 : 9;  // the one-sided one takes sqrt(v) steps
    const double v = std::exp(largest * uniform(rng) - 1), v_opt = std::exp(largest * uniform(rng) - 1);
    const auto sides = round % 2 == 0 ? one : two;
    CAPTURE(g, alpha, v, v_opt);
    const double s = *beta_binomial_mixture_bound(v, alpha, v_opt, g, h, sides);
    REQUIRE((0 < s && s <= v / g));
    const double at = *beta_binomial_log_mixture(s, v, v_opt, g, h, sides);
    if (s < v / g * (1 - 1e-12)) {
      REQUIRE(at == Approx(-std::log(alpha)).epsilon(1e-7));
      ++inside;
    } else {
      REQUIRE(at <= -std::log(alpha) + 1e-6);
    }
  }
  CHECK(inside > 5000);
}

TEST_CASE("bernoulli_tuned_sequence: holds k/n, mirrors, and near t_opt is narrower than the fixed prior") {
  const auto seed = testing::seed_of("tuned sequence");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 1 + rng() % (round % 2 == 0 ? 20 : 100'000), k = rng() % (n + 1);
    const double t_opt = std::exp(std::uniform_real_distribution<>{0, 12}(rng));
    CAPTURE(k, n, t_opt);
    const auto at = bernoulli_tuned_sequence(k, n, .05, t_opt).value();
    const auto mirrored = bernoulli_tuned_sequence(n - k, n, .05, t_opt).value();
    const double p = static_cast<double>(k) / static_cast<double>(n);
    REQUIRE((0 <= at.lower && at.lower <= p && p <= at.upper && at.upper <= 1));
    REQUIRE(at.lower == Approx(1 - mirrored.upper).margin(1e-12));
  }
  const auto tuned = bernoulli_tuned_sequence(50, 1000, .05, 1000).value();
  const auto fixed = beta_binomial_sequence(50, 1000, .05).value();
  CHECK(tuned.upper - tuned.lower < fixed.upper - fixed.lower);
}

TEST_CASE("poly_stitching_bound: worked by hand, at v = v_min with eta = e and no scale") {
  // ln ln(e) = 0, so l = ln(zeta(2) / alpha) with s = 2; k1 = (e^(1/4) + e^(-1/4)) / sqrt 2
  const double k1 = 2 * std::cosh(0.25) / std::sqrt(2.0), l = std::log(M_PI * M_PI / 6 / 0.1);
  CHECK(*poly_stitching_bound(3, .1, 3, 0, 2, std::exp(1.0)) == Approx(k1 * std::sqrt(3 * l)).epsilon(1e-13));
  CHECK(*poly_stitching_bound(0, .1, 3, 0, 2, std::exp(1.0)) == Approx(k1 * std::sqrt(3 * l)).epsilon(1e-13));
}

TEST_CASE("distribution_band: the empirical distribution leaves it at some look in at most alpha of the runs") {
  const auto seed = testing::seed_of("distribution band");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr int runs = 200;
  constexpr std::size_t steps = 1000, t_min = 100;
  const double C = *distribution_band_constant(.05);
  CHECK(*distribution_band_constant(.01) > C);
  int missed = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> sorted;
    bool out = false;
    for (std::size_t t = 1; t <= steps; ++t) {
      const double x = std::uniform_real_distribution<>{}(rng);
      sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), x), x);
      if (t < t_min || t % 10 != 0) continue;
      double most = 0;
      for (std::size_t i = 0; i < t; ++i) {
        const double n = static_cast<double>(t), rank = static_cast<double>(i);
        most = std::max({most, (rank + 1) / n - sorted[i], sorted[i] - rank / n});
      }
      out = out || most > *distribution_band_with(C, static_cast<double>(t), t_min);
    }
    missed += out ? 1 : 0;
  }
  CAPTURE(missed);
  CHECK(missed <= runs * (0.05 + 4 * std::sqrt(0.05 * 0.95 / runs)));
}

}  // namespace
}  // namespace pilotwatch::stats
