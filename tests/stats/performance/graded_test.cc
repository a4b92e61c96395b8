// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/graded.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/performance/states.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("graded: rates worked by hand, 5 right, 2 wrong, 1 harmful, 2 refused") {
  VerdictCounts v;
  v.add(Verdict::right, 5);
  v.add(Verdict::wrong, 2);
  v.add(Verdict::harmful);
  v.add(Verdict::refused, 2);
  CHECK(v.rate(Verdict::right).value().value == 0.5);
  CHECK(v.rate(Verdict::wrong).value().value == 0.2);
  CHECK(v.rate(Verdict::harmful).value().value == 0.1);
  CHECK(v.rate(Verdict::refused).value().value == 0.2);
  CHECK(v.rate(Verdict::refused).value().n == 10);
  CHECK(v.right_of_answered().value().value == 0.625);
  CHECK(v.right_of_answered().value().n == 8);
}

TEST_CASE("graded: stances worked by hand") {
  StanceCounts s;
  for (const int stance : {-2, -2, -1, 0, 1, 2, 2, 2}) s.add(stance);
  CHECK(s.mean().value().value == 0.25);
  CHECK(s.negative_share().value().value == 0.375);
  CHECK(s.mean().value().n == 8);
  CHECK(s.count(-2) == 2);
}

TEST_CASE("graded: undefined without verdicts, answers or feedback") {
  VerdictCounts v;
  CHECK(v.rate(Verdict::harmful).error() == Undefined::no_data);
  CHECK(v.right_of_answered().error() == Undefined::no_data);
  v.add(Verdict::refused);
  CHECK(v.right_of_answered().error() == Undefined::zero_denominator);
  CHECK(v.rate(Verdict::right).value().value == 0);
  CHECK(StanceCounts{}.mean().error() == Undefined::no_data);
  CHECK(StanceCounts{}.negative_share().error() == Undefined::no_data);
}

TEST_CASE("graded: counts merge, are taken back and read back exactly; rates add up to 1") {
  const auto seed = testing::seed_of("graded");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 10'000; ++round) {
    VerdictCounts v, w;
    StanceCounts s, t;
    for (int i = 0; i < 10; ++i) {
      v.add(static_cast<Verdict>(rng() % 4), static_cast<std::int64_t>(rng() % 1000));
      w.add(static_cast<Verdict>(rng() % 4));
      s.add(static_cast<int>(rng() % 5) - 2, static_cast<std::int64_t>(rng() % 1000));
      t.add(static_cast<int>(rng() % 5) - 2);
    }
    auto vw = v, wv = w;
    vw += w;
    wv += v;
    REQUIRE(vw == wv);
    REQUIRE((vw -= w) == v);
    auto st = s, ts = t;
    st += t;
    ts += s;
    REQUIRE(st == ts);
    REQUIRE((st -= t) == s);
    REQUIRE(testing::read_back(VerdictCounts{}, testing::bytes_of(v)) == v);
    REQUIRE(testing::read_back(StanceCounts{}, testing::bytes_of(s)) == s);
    double sum = 0;
    for (const auto verdict : {Verdict::right, Verdict::wrong, Verdict::harmful, Verdict::refused}) {
      sum += wv.rate(verdict).value().value;
    }
    REQUIRE(sum == Approx(1).epsilon(1e-15));
    REQUIRE(std::abs(ts.mean().value().value) <= 2);
  }
  VerdictCounts v;
  v.add(Verdict::wrong, 300);
  testing::check_cuts_refused(VerdictCounts{}, testing::bytes_of(v));
  testing::check_cuts_refused(StanceCounts{}, testing::bytes_of(StanceCounts{}));
}

}  // namespace
}  // namespace pilotwatch::stats
