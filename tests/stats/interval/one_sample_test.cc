// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/one_sample.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using nlohmann::json;

void check_interval(const std::optional<Interval>& got, const json& expected, testing::Tolerance tolerance) {
  REQUIRE(got.has_value() == !expected.is_null());
  if (!got) return;
  testing::check_value(got->lower, expected[0], tolerance);
  testing::check_value(got->upper, expected[1], tolerance);
}

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

TEST_CASE("intervals: without trials or exposure there is nothing to say") {
  CHECK_FALSE(wilson(0, 0, 0.95));
  CHECK_FALSE(clopper_pearson(0, 0, 0.95));
  CHECK_FALSE(jeffreys(0, 0, 0.95));
  CHECK_FALSE(garwood(3, 0.0, 0.95));
  CHECK_FALSE(garwood(3, -1.0, 0.95));
  CHECK_FALSE(garwood(3, std::numeric_limits<double>::quiet_NaN(), 0.95));
  CHECK_FALSE(garwood(3, std::numeric_limits<double>::infinity(), 0.95));
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

TEST_CASE("intervals: proportions agree with the published vectors") {
  const auto file = testing::vectors("intervals_proportion.json");
  if (!file) return;
  int cases = 0, values = 0;
  for (const auto& c : (*file)["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto k = c["input"]["successes"].get<std::uint64_t>(), n = c["input"]["trials"].get<std::uint64_t>();
    const auto confidence = c["input"]["confidence"].get<double>();
    const auto& expected = c["expected"];
    check_interval(wilson(k, n, confidence), expected["wilson"], testing::tolerance_of(*file));
    check_interval(clopper_pearson(k, n, confidence), expected["clopper_pearson"], testing::tolerance_of(*file));
    check_interval(jeffreys(k, n, confidence), expected["jeffreys"], testing::tolerance_of(*file));
    ++cases;
    values += 6;
  }
  testing::report("intervals_proportion.json", cases, values);
}

TEST_CASE("intervals: Poisson rates agree with the published vectors") {
  const auto file = testing::vectors("intervals_poisson.json");
  if (!file) return;
  int cases = 0, values = 0;
  for (const auto& c : (*file)["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto events = c["input"]["events"].get<std::uint64_t>();
    const auto exposure = c["input"]["exposure"].get<double>(), confidence = c["input"]["confidence"].get<double>();
    const auto& expected = c["expected"];
    check_interval(garwood(events, exposure, confidence), expected["garwood"], testing::tolerance_of(*file));
    values += 2;
    if (expected.contains("garwood_per_1000")) {
      check_interval(garwood(events, exposure / 1000, confidence), expected["garwood_per_1000"],
                     testing::tolerance_of(*file));
      values += 2;
    }
    ++cases;
  }
  testing::report("intervals_poisson.json", cases, values);
}

TEST_CASE("intervals: contain the estimate, grow with k, mirror at one half, widen with confidence") {
  const auto seed = testing::seed_of("intervals");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  constexpr double slack = 1e-9;  // of the inverse functions, far below anything that is printed
  for (int round = 0; round < 2000; ++round) {
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
