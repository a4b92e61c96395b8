// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/regression.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

struct Case {
  double actual, predicted;
};
using Cases = std::vector<Case>;

RegressionState state_of(const Cases& cases) {
  RegressionState out;
  for (const auto& c : cases) out.add(c.actual, c.predicted);
  return out;
}

AbsoluteErrors errors_of(const Cases& cases, std::size_t cap = KeyedCounts::default_cap) {
  AbsoluteErrors out(cap);
  for (const auto& c : cases) out.add(c.actual, c.predicted);
  return out;
}

TEST_CASE("regression: every figure worked by hand, errors 1, -2 and 0") {
  const auto s = state_of({{1, 2}, {4, 2}, {0, 0}});
  CHECK(s.n() == 3);
  CHECK(s.mae().value() == 1);
  CHECK(s.mse().value() == Approx(5 / 3.));
  CHECK(s.rmse().value() == Approx(std::sqrt(5 / 3.)));
  CHECK(s.bias().value() == Approx(-1 / 3.));
  CHECK(s.mape().value() == Approx((1 + 0.5) / 2));
  CHECK(s.mape_n() == 2);
  CHECK(s.mape_machine().value() == Approx((1 + 0.5 + 0) / 3));
  CHECK(s.smape().value() == Approx((2 / 3. + 4 / 6. + 0) / 3));
  CHECK(s.r2().value() == Approx(1 - 5 / (17 - 25 / 3.)));
  CHECK(s.rmsle().value() == Approx(std::sqrt((std::pow(std::log(3 / 2.), 2) + std::pow(std::log(3 / 5.), 2)) / 3)));
  CHECK(s.pinball(0.9).value() == Approx((0.9 * 2 + 0.1 * 1) / 3));
  const auto errors = errors_of({{1, 2}, {4, 2}, {0, 0}});
  CHECK(errors.median().value().estimate == 1);
  CHECK(errors.max().value().estimate == 2);
}

TEST_CASE("regression: an undefined figure says why") {
  const RegressionState none;
  for (const auto& figure : {none.mae(), none.mse(), none.rmse(), none.bias(), none.mape(), none.mape_machine(),
                             none.smape(), none.r2(), none.rmsle(), none.pinball(0.5)}) {
    CHECK(figure.error() == Undefined::no_data);
  }
  CHECK(AbsoluteErrors{}.median().error() == Undefined::no_data);
  CHECK(AbsoluteErrors{}.max().error() == Undefined::no_data);
  CHECK(MaxError{}.value().error() == Undefined::no_data);
  CHECK(state_of({{0, 1}, {0, 2}}).mape().error() == Undefined::zero_denominator);
  CHECK(state_of({{1, -1}}).rmsle().error() == Undefined::out_of_domain);
  CHECK(state_of({{-1, 1}}).rmsle().error() == Undefined::out_of_domain);
  CHECK(state_of({{-0.5, 1}}).rmsle().has_value());
  auto tiny = state_of({{5e-324, 1}, {1, 2}});  // a ratio of 2e323 is infinite
  CHECK(tiny.mape().error() == Undefined::out_of_domain);
  tiny.add(5e-324, 1, -1);
  CHECK(tiny.mape().value() == 1);
}

TEST_CASE("regression: r2 knows a constant from a spread, at any offset that the sums can tell") {
  for (const double value : {0.0, 0.1, 1.0 / 3, 5.0, -7.25e9, 1e-12, 3.3e16}) {
    CAPTURE(value);
    RegressionState s;
    for (int i = 0; i < 1000; ++i) s.add(value, value + 1);
    CHECK(s.r2().error() == Undefined::constant);
  }
  CHECK(state_of({{2, 3}}).r2().error() == Undefined::constant);  // one case does not vary
  for (const double offset : {0.0, 1e6, 1e9, 1e12}) {
    CAPTURE(offset);  // y = o, o+1, o+2; f = y + 1/2: 1 - .75/2
    CHECK(state_of({{offset, offset + 0.5}, {offset + 1, offset + 1.5}, {offset + 2, offset + 2.5}}).r2().value() ==
          Approx(0.625).epsilon(1e-12));
  }
}

TEST_CASE("regression: numbers at the edge of what fits are added without overflow") {
  const double most = FixedSum::max_value;
  CHECK(RegressionState::fits(most, -most));
  CHECK_FALSE(RegressionState::fits(most, 2 * most));
  CHECK_FALSE(RegressionState::fits(std::nan(""), 0));
  CHECK_FALSE(RegressionState::fits(0, std::numeric_limits<double>::infinity()));
  const auto s = state_of({{most, -most}, {-most, most}, {0, most}});
  CHECK(s.mae().value() == Approx(5 * most / 3));
  CHECK(s.mse().value() == Approx(3 * most * most));
  CHECK(s.smape().value() == 2);
}

TEST_CASE("regression: the sums give what the definitions give") {
  const auto seed = testing::seed_of("regression by definition");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<double> normal;
  for (int round = 0; round < 10'000; ++round) {
    CAPTURE(round);
    Cases cases(2 + rng() % 20);
    for (auto& c : cases) {
      c.actual = 3 + normal(rng);
      c.predicted = c.actual + normal(rng) / 2;
      if (rng() % 5 == 0) c.actual = std::round(c.actual);
    }
    const auto n = static_cast<double>(cases.size());
    double mean = 0, sse = 0, sst = 0, pinball = 0, bias = 0;
    std::vector<double> sizes;
    for (const auto& c : cases) mean += c.actual / n;
    for (const auto& c : cases) {
      const double d = c.actual - c.predicted;
      sse += d * d;
      sst += (c.actual - mean) * (c.actual - mean);
      pinball += std::max(0.3 * d, -0.7 * d) / n;
      bias -= d / n;
      sizes.push_back(std::abs(d));
    }
    const auto s = state_of(cases);
    REQUIRE(s.mse().value() == Approx(sse / n).epsilon(1e-12));
    if (sst == 0) continue;  // a few targets that were rounded to one number
    REQUIRE(s.r2().value() == Approx(1 - sse / sst).epsilon(1e-8));
    REQUIRE(s.pinball(0.3).value() == Approx(pinball).epsilon(1e-12));
    REQUIRE(s.bias().value() == Approx(bias).margin(1e-13));
    REQUIRE(s.pinball(0.5).value() == Approx(s.mae().value() / 2).epsilon(1e-14));
    REQUIRE(s.rmse().value() >= s.mae().value() - 1e-15);
    REQUIRE(std::abs(s.bias().value()) <= s.mae().value() + 1e-15);

    std::sort(sizes.begin(), sizes.end());
    const double median = (sizes[(sizes.size() - 1) / 2] + sizes[sizes.size() / 2]) / 2;
    REQUIRE(errors_of(cases).median().value().estimate == Approx(median).epsilon(1e-15));
    const auto coarse = errors_of(cases, 2 + rng() % 6);
    const auto m = coarse.median().value(), most = coarse.max().value();
    REQUIRE((m.lower <= median && median <= m.upper && m.lower <= m.estimate && m.estimate <= m.upper));
    REQUIRE((most.lower <= sizes.back() && sizes.back() <= most.upper));

    Cases scaled = cases;  // another unit of y
    for (auto& c : scaled) c = {c.actual * 4, c.predicted * 4};
    REQUIRE(state_of(scaled).mae().value() == 4 * s.mae().value());
    REQUIRE(state_of(scaled).r2().value() == Approx(s.r2().value()).epsilon(1e-12));
    REQUIRE(state_of(scaled).mape().value() == s.mape().value());
  }
}

TEST_CASE("regression: order, grouping and take-backs change no bit") {
  const auto seed = testing::seed_of("regression states");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::normal_distribution<double> normal;
  for (int round = 0; round < 10'000; ++round) {
    Cases cases(1 + rng() % 20);
    for (auto& c : cases) {
      const double size = std::pow(10, static_cast<double>(rng() % 20) - 8);
      c = {rng() % 6 == 0 ? 0 : size * normal(rng), size * normal(rng)};
    }
    const auto whole = state_of(cases);
    RegressionState first, second;
    AbsoluteErrors errors(8), more(8);
    MaxError most, others;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      (i % 3 == 0 ? first : second).add(cases[i].actual, cases[i].predicted);
      (i % 3 == 0 ? errors : more).add(cases[i].actual, cases[i].predicted);
      (i % 3 == 0 ? most : others).add(cases[i].actual, cases[i].predicted);
    }
    const auto errors_whole = testing::bytes_of(errors_of(cases, 8));
    std::shuffle(cases.begin(), cases.end(), rng);
    REQUIRE(state_of(cases) == whole);
    second += first;
    REQUIRE(second == whole);
    more += errors;
    REQUIRE(testing::bytes_of(more) == errors_whole);
    most += others;
    REQUIRE(most.value().value() <= errors_of(cases, 8).max().value().upper);
    REQUIRE(most.value().value() >= errors_of(cases, 8).max().value().lower);
    REQUIRE(testing::read_back(MaxError{}, testing::bytes_of(most)) == most);
    REQUIRE(testing::read_back(RegressionState{}, testing::bytes_of(whole)) == whole);
    REQUIRE(testing::bytes_of(testing::read_back(AbsoluteErrors(8), errors_whole)) == errors_whole);
    more -= errors;
    second -= first;
    for (const auto& c : cases) second.add(c.actual, c.predicted, 2);
    for (const auto& c : cases) second.add(c.actual, c.predicted, -2);
    second += first;
    REQUIRE(second == whole);
  }
}

TEST_CASE("regression: damaged bytes are refused") {
  const auto bytes = testing::bytes_of(state_of({{1, 2}, {4, 2}}));
  testing::check_cuts_refused(RegressionState{}, bytes);
  testing::check_cuts_refused(AbsoluteErrors{}, testing::bytes_of(errors_of({{1, 2}})));
  MaxError most;
  most.add(1, 3);
  testing::check_cuts_refused(MaxError{}, testing::bytes_of(most));
  auto bad = bytes;
  bad[1] = 20;  // more ratios than cases
  RegressionState out;
  ByteReader in(bad);
  CHECK_THROWS_AS(out.read(in), CorruptBytes);
}

}  // namespace
}  // namespace pilotwatch::stats
