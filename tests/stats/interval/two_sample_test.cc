// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/two_sample.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

TEST_CASE("newcombe: the published 12/40 - 48/80") {
  const auto got = newcombe({12, 40}, {48, 80}, 0.95).value();
  CHECK(std::abs(got.lower - -.455876304) <= 1e-9);
  CHECK(std::abs(got.upper - -.1107680477) <= 1e-9);
}

TEST_CASE("newcombe: worked by hand from its two Wilson intervals") {
  const auto a = wilson(3, 10, 0.9).value(), b = wilson(0, 20, 0.9).value();  // d = 0.3
  const auto got = newcombe({3, 10}, {0, 20}, 0.9).value();
  CHECK(got.lower == Approx(0.3 - std::hypot(0.3 - a.lower, b.upper)).epsilon(1e-14));
  CHECK(got.upper == Approx(0.3 + std::hypot(a.upper - 0.3, b.lower)).epsilon(1e-14));
}

TEST_CASE("square_and_add: worked by hand, the mean of two differences") {
  // x = 1/2 (3 - 1): below, 3 falls by 0.6 and 1 rises by 0.8; half of hypot(0.6, 0.8) is 0.5. Above: 0.3 and 0.4.
  const std::array<LinearTerm, 2> terms{{{0.5, 3, {2.4, 3.3}}, {-0.5, 1, {0.6, 1.8}}}};
  const auto got = square_and_add(terms).value();
  CHECK(got.lower == Approx(0.5).epsilon(1e-14));
  CHECK(got.upper == Approx(1.25).epsilon(1e-14));
  CHECK(square_and_add({}).error() == Undefined::no_data);
}

TEST_CASE("katz: the published 12/40 over 48/80") {
  const auto got = katz({12, 40}, {48, 80}, 0.95).value();
  CHECK(std::abs(got.lower - .301432941) <= 1e-9);
  CHECK(std::abs(got.upper - .8293718634) <= 1e-9);
}

TEST_CASE("rate_ratio: the published 12/800 over 10/3200, 4.8") {
  const auto got = rate_ratio({12, 800}, {10, 3200}, 0.95).value();
  CHECK(std::abs(got.lower - 1.900616691) <= 1e-9);
  CHECK(std::abs(got.upper - 12.40272859) <= 5e-9);
}

TEST_CASE("rate_ratio_p: worked by hand, 3 against 1 over equal times is 2 (4 + 1)/16") {
  CHECK(*rate_ratio_p({3, 5}, {1, 5}) == Approx(10.0 / 16).epsilon(1e-14));
  CHECK(*rate_ratio_p({4, 5}, {0, 5}) == Approx(2.0 / 16).epsilon(1e-14));
  CHECK(*rate_ratio_p({2, 5}, {2, 5}) == 1.0);
  // odds 2 : 1, P(X >= 2 of 2) = 4/9, P(X <= 2) = 1
  CHECK(*rate_ratio_p({2, 10}, {0, 5}) == Approx(8.0 / 9).epsilon(1e-14));
  CHECK(*rate_ratio_p({2, 5}, {0, 5}, 2) == Approx(8.0 / 9).epsilon(1e-14));
}

TEST_CASE("two samples: what cannot be computed says why") {
  CHECK(newcombe({0, 0}, {1, 2}, 0.95).error() == Undefined::no_data);
  CHECK(newcombe({1, 2}, {0, 0}, 0.95).error() == Undefined::no_data);
  CHECK(katz({1, 2}, {0, 0}, 0.95).error() == Undefined::no_data);
  CHECK(katz({0, 0}, {1, 2}, 0.95).error() == Undefined::no_data);
  CHECK(katz({1, 2}, {0, 2}, 0.95).error() == Undefined::zero_denominator);
  CHECK(katz({0, 2}, {1, 2}, 0.95).error() == Undefined::out_of_domain);
  CHECK(rate_ratio({0, 1}, {0, 1}, 0.95).error() == Undefined::no_data);
  CHECK(rate_ratio({1, 0}, {1, 1}, 0.95).error() == Undefined::zero_exposure);
  CHECK(rate_ratio({1, 1}, {1, -1}, 0.95).error() == Undefined::out_of_domain);
  CHECK(rate_ratio_p({0, 1}, {0, 1}).error() == Undefined::no_data);
  CHECK(rate_ratio_p({1, inf}, {0, 1}).error() == Undefined::out_of_domain);
  CHECK(rate_ratio_p({1, 1}, {1, 1}, 0).error() == Undefined::out_of_domain);
}

TEST_CASE("rate_ratio: without events on one side the end is 0 or infinite") {
  CHECK(rate_ratio({0, 2}, {4, 1}, 0.95)->lower == 0);
  CHECK(std::isfinite(rate_ratio({0, 2}, {4, 1}, 0.95)->upper));
  CHECK(rate_ratio({4, 2}, {0, 1}, 0.95)->upper == inf);
  CHECK(rate_ratio({4, 2}, {0, 1}, 0.95)->lower > 0);
}

TEST_CASE("two samples: contain the estimate, exchange with the samples, widen with confidence") {
  const auto seed = testing::seed_of("two samples");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t most = round % 2 == 0 ? 40 : 1'000'000;
    const ShareCount a = [&] {
      const auto n = 1 + rng() % most;
      return ShareCount{rng() % (n + 1), n};
    }();
    const ShareCount b = [&] {
      const auto n = 1 + rng() % most;
      return ShareCount{rng() % (n + 1), n};
    }();
    const double confidence = 0.5 + 0.4999 * std::uniform_real_distribution<>{}(rng), wider = (1 + confidence) / 2;
    CAPTURE(a.k, a.n, b.k, b.n, confidence);
    const double pa = static_cast<double>(a.k) / static_cast<double>(a.n);
    const double pb = static_cast<double>(b.k) / static_cast<double>(b.n);
    const auto d = newcombe(a, b, confidence).value(), back = newcombe(b, a, confidence).value();
    REQUIRE((-1 <= d.lower && d.lower <= pa - pb && pa - pb <= d.upper && d.upper <= 1));
    REQUIRE(d.lower == Approx(-back.upper).margin(1e-14));
    REQUIRE(newcombe(a, b, wider)->lower <= d.lower);
    REQUIRE(newcombe(a, b, wider)->upper >= d.upper);
    if (a.k > 0 && b.k > 0) {
      const auto r = katz(a, b, confidence).value(), inverse = katz(b, a, confidence).value();
      REQUIRE((0 < r.lower && r.lower <= pa / pb * (1 + 1e-12) && pa / pb <= r.upper * (1 + 1e-12)));
      REQUIRE(r.lower == Approx(1 / inverse.upper).epsilon(1e-12));
      REQUIRE(katz(a, b, wider)->lower <= r.lower);
    }
  }
}

TEST_CASE("rate_ratio: exchanges, scales with exposure, and its p-value is where it ends") {
  const auto seed = testing::seed_of("rate ratio");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t most = round % 2 == 0 ? 6 : 300;
    const EventRate a{1 + rng() % most, 1.0 + static_cast<double>(rng() % 1000)};
    const EventRate b{1 + rng() % most, 1.0 + static_cast<double>(rng() % 1000)};
    const double confidence = 0.5 + 0.499 * std::uniform_real_distribution<>{}(rng);
    CAPTURE(a.events, a.exposure, b.events, b.exposure, confidence);
    const auto r = rate_ratio(a, b, confidence).value(), inverse = rate_ratio(b, a, confidence).value();
    const double ratio = static_cast<double>(a.events) / a.exposure / (static_cast<double>(b.events) / b.exposure);
    REQUIRE((r.lower <= ratio && ratio <= r.upper));
    REQUIRE(r.lower == Approx(1 / inverse.upper).epsilon(1e-9));
    const auto twice = rate_ratio({a.events, 2 * a.exposure}, b, confidence).value();
    REQUIRE(twice.upper == Approx(r.upper / 2).epsilon(1e-12));
    REQUIRE(*rate_ratio_p(a, b, r.lower) == Approx(1 - confidence).epsilon(1e-7));
    REQUIRE(*rate_ratio_p(a, b, r.upper) == Approx(1 - confidence).epsilon(1e-7));
    REQUIRE(*rate_ratio_p(a, b, r.upper * 1.001) < *rate_ratio_p(a, b, r.upper));
    REQUIRE(*rate_ratio_p(a, b) == Approx(*rate_ratio_p(b, a)).epsilon(1e-12));
  }
}

}  // namespace
}  // namespace pilotwatch::stats
