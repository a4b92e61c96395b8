// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/one_sample.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("wilson: worked by hand, 5 of 10 is symmetric around one half") {
  const double z = 1.959963984540054;  // p = 1/2: half width = z/2 / sqrt(n + z^2)
  const auto got = wilson(5, 10, 0.95).value();
  CHECK(got.lower == Approx(0.5 - z / 2 / std::sqrt(10 + z * z)).epsilon(1e-13));
  CHECK(got.upper == Approx(0.5 + z / 2 / std::sqrt(10 + z * z)).epsilon(1e-13));
}

TEST_CASE("clopper_pearson: worked by hand, 0 of n gives 1 - (a/2)^(1/n)") {
  const auto got = clopper_pearson(0, 20, 0.9).value();
  CHECK(got.lower == 0.0);
  CHECK(got.upper == Approx(1 - std::pow(0.05, 1.0 / 20)).epsilon(1e-13));
}

TEST_CASE("garwood: worked by hand, no event means at most -ln(a/2) / exposure") {
  const auto got = garwood(0, 4.0, 0.95).value();
  CHECK(got.lower == 0.0);
  CHECK(got.upper == Approx(-std::log(0.025) / 4).epsilon(1e-13));
}

TEST_CASE("intervals: without trials or exposure there is nothing to say, and they say why") {
  for (const auto f : {wilson, clopper_pearson, jeffreys}) CHECK(f(0, 0, 0.95).error() == Undefined::no_data);
  for (const auto f : {clopper_pearson_upper, clopper_pearson_lower})
    CHECK(f(0, 0, 0.95).error() == Undefined::no_data);
  for (const double exposure :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK(garwood(3, exposure, 0.95).error() == Undefined::out_of_domain);
    CHECK(garwood_upper(3, exposure, 0.95).error() == Undefined::out_of_domain);
    CHECK(garwood_lower(3, exposure, 0.95).error() == Undefined::out_of_domain);
  }
  CHECK(garwood(3, 0.0, 0.95).error() == Undefined::zero_exposure);
  CHECK(garwood_upper(0, 0.0, 0.95).error() == Undefined::zero_exposure);
  CHECK(garwood_lower(0, 0.0, 0.95).error() == Undefined::zero_exposure);
}

void check_pair(const Answer<Interval>& got, double lower, double upper, double margin = 1e-9) {
  REQUIRE(got.has_value());
  CAPTURE(got->lower, got->upper, lower, upper);
  CHECK(std::abs(got->lower - lower) <= margin);
  CHECK(std::abs(got->upper - upper) <= margin);
}

TEST_CASE("intervals: the published design constants of governance, 20-digit arithmetic") {
  check_pair(garwood(0, 1, 0.95), 0, 3.688879454);
  check_pair(garwood(1, 1, 0.95), 0.0253178078, 5.571643391);
  check_pair(garwood(2, 1, 0.95), 0.2422092785, 7.224687668);
  check_pair(garwood(3, 1, 0.95), 0.6186721229, 8.76727307, 5e-9);
  check_pair(garwood(5, 1, 0.95), 1.62348639, 11.66833208, 5e-9);
  check_pair(garwood(10, 1, 0.95), 4.795388696, 18.39035604, 5e-9);
  check_pair(garwood(25, 1, 0.95), 16.17868185, 36.9049317, 5e-8);
  check_pair(garwood(100, 1, 0.95), 81.36399125, 121.6267938, 5e-8);
  check_pair(clopper_pearson(0, 20, 0.95), 0, .168433471);
  check_pair(clopper_pearson(1, 20, 0.95), .0012650895, .2487327628);
  check_pair(clopper_pearson(8, 40, 0.95), .0905224094, .3564780187);
  check_pair(clopper_pearson(19, 20, 0.95), .7512672372, .9987349105);
  check_pair(clopper_pearson(92, 100, 0.95), .8484423641, .9648284375);
  check_pair(clopper_pearson(37, 100, 0.95), .2755665796, .4723516406);
  check_pair(clopper_pearson(64, 100, 0.95), .5378781067, .7335915773);
  check_pair(wilson(0, 20, 0.95), 0, .1611251581);
  check_pair(wilson(8, 40, 0.95), .1049998973, .3475730635);
  check_pair(wilson(92, 100, 0.95), .850018923, .9589065385);
  CHECK(std::abs(*clopper_pearson_lower(9, 10, 0.95) - .6058366976) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_lower(92, 100, 0.95) - .8602828808) <= 1e-9);
}

TEST_CASE("clopper_pearson_upper: no event among n, the published upper bounds") {
  CHECK(std::abs(*clopper_pearson_upper(0, 30, 0.95) - .0950338529) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_upper(0, 60, 0.95) - .0487029133) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_upper(0, 100, 0.95) - .0295130496) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_upper(0, 300, 0.95) - .0099360819) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_upper(0, 1000, 0.95) - .0029912495) <= 1e-9);
  CHECK(std::abs(*clopper_pearson_upper(0, 3000, 0.95) - .0009980790) <= 1e-9);
}

TEST_CASE("intervals: a one-sided bound is the end of the interval that leaves as much out on either side") {
  const auto cp = clopper_pearson(7, 50, 0.9).value();
  CHECK(*clopper_pearson_lower(7, 50, 0.95) == Approx(cp.lower).epsilon(1e-13));
  CHECK(*clopper_pearson_upper(7, 50, 0.95) == Approx(cp.upper).epsilon(1e-13));
  const auto rate = garwood(7, 50, 0.9).value();
  CHECK(*garwood_lower(7, 50, 0.95) == Approx(rate.lower).epsilon(1e-13));
  CHECK(*garwood_upper(7, 50, 0.95) == Approx(rate.upper).epsilon(1e-13));
}

TEST_CASE("intervals: the ends are exactly 0 and 1") {
  for (const std::uint64_t n : {1ULL, 10ULL, 1'000'000'000ULL}) {
    for (const auto f : {wilson, clopper_pearson, jeffreys}) {
      CHECK(f(0, n, 0.95)->lower == 0.0);
      CHECK(f(n, n, 0.95)->upper == 1.0);
    }
  }
}

TEST_CASE("intervals: large counts agree with 40-digit quadrature of the densities") {
  const auto cp = clopper_pearson(500'000'000, 1'000'000'000, 0.95).value();
  CHECK(cp.lower == Approx(0.4999690097484224).epsilon(1e-12));
  CHECK(cp.upper == Approx(0.5000309902515776).epsilon(1e-12));
  const auto rare = jeffreys(30, 100'000'000, 0.95).value();
  CHECK(rare.lower == Approx(2.0651569852323259e-07).epsilon(1e-10));
  CHECK(rare.upper == Approx(4.2238216031206118e-07).epsilon(1e-10));
  const auto many = garwood(999'999'000, 1, 0.95).value();
  CHECK(many.lower == Approx(999937021.47491765).epsilon(1e-12));
  CHECK(many.upper == Approx(1000060981.4194192).epsilon(1e-12));
}

TEST_CASE("intervals: contain the estimate, grow with k, mirror at one half, widen with confidence") {
  const auto seed = testing::seed_of("intervals");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr double slack = 1e-9;  // of the inverse functions, far below anything that is printed
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 1 + rng() % (round % 2 == 0 ? 50 : 100'000), k = rng() % (n + 1);
    const double confidence = 0.5 + 0.4999 * std::uniform_real_distribution<>{}(rng);
    const double p = static_cast<double>(k) / static_cast<double>(n);
    CAPTURE(k, n, confidence);
    for (const auto f : {wilson, clopper_pearson, jeffreys}) {
      const auto at = f(k, n, confidence).value(), mirrored = f(n - k, n, confidence).value();
      REQUIRE((0 <= at.lower && at.lower <= at.upper && at.upper <= 1));
      if (f != jeffreys) REQUIRE((at.lower <= p && p <= at.upper));  // a posterior need not hold the mode
      REQUIRE(at.lower == Approx(1 - mirrored.upper).margin(slack));
      const auto wider = f(k, n, confidence + (1 - confidence) / 2).value();
      REQUIRE((wider.lower <= at.lower + slack && at.upper <= wider.upper + slack));
      if (k == n) continue;
      const auto next = f(k + 1, n, confidence).value();
      REQUIRE((at.lower <= next.lower + slack && at.upper <= next.upper + slack));
    }
    const double exposure = 0.001 + std::uniform_real_distribution<>{0, 1000}(rng);
    const auto rate = garwood(k, exposure, confidence).value(), more = garwood(k + 1, exposure, confidence).value();
    REQUIRE((rate.lower * exposure <= static_cast<double>(k) && static_cast<double>(k) <= rate.upper * exposure));
    REQUIRE((rate.lower < more.lower && rate.upper < more.upper));
  }
}

TEST_CASE("clopper_pearson: covers every share at least as often as it says") {
  // Exact coverage, summed over all k; no simulation. This is what makes it fit for limits.
  constexpr std::uint64_t n = 30;
  for (const double p : {0.003, 0.05, 0.21, 0.5, 0.83}) {
    double covered = 0;
    for (std::uint64_t k = 0; k <= n; ++k) {
      const double x = static_cast<double>(k), y = static_cast<double>(n - k);
      const double log_choose = std::lgamma(x + y + 1) - std::lgamma(x + 1) - std::lgamma(y + 1);
      const auto interval = clopper_pearson(k, n, 0.9).value();
      if (interval.lower <= p && p <= interval.upper) {
        covered += std::exp(log_choose + x * std::log(p) + y * std::log1p(-p));
      }
    }
    CAPTURE(p);
    CHECK(covered >= 0.9);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
