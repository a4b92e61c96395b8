// SPDX-License-Identifier: Apache-2.0
#include "stats/classical/kswin.h"

#include <bit>
#include <catch2/catch.hpp>

#include "stats/classical/zoo.h"

namespace pilotwatch::stats {
namespace {

using namespace testing;
using pilotwatch::testing::alarms_of;
using pilotwatch::testing::Indices;

/// P(D_(r,r) >= k/r) by counting all orders of r + r values.
double tail_by_counting(unsigned r, unsigned k) {
  int all = 0, far = 0;
  for (unsigned order = 0; order < 1U << 2 * r; ++order) {
    if (std::popcount(order) != static_cast<int>(r)) continue;
    int gap = 0, most = 0;
    for (unsigned i = 0; i < 2 * r; ++i) {
      gap += (order >> i & 1U) != 0 ? 1 : -1;
      most = std::max(most, std::abs(gap));
    }
    ++all;
    far += most >= static_cast<int>(k);
  }
  return static_cast<double>(far) / all;
}

TEST_CASE("kswin: the critical distance is the exact one, counted over all orders up to 8 + 8 values") {
  for (unsigned r = 1; r <= 8; ++r) {
    for (const double alpha : {0.99, 0.9, 0.68, 0.5, 0.2, 0.05, 0.01, 0.005, 0.001, 1e-5}) {
      CAPTURE(r, alpha);
      unsigned k = 1;
      while (k <= r && tail_by_counting(r, k) > alpha) ++k;
      CHECK(ks_equal_sizes_critical(r, alpha) == k);
    }
  }
}

TEST_CASE("kswin: worked by hand, critical distance of 10 + 10 values") {
  // P(D >= .8) = 2 C(20,2)/C(20,10) = 380/184756 = .0021;  P(D >= .7) = 2 C(20,3)/C(20,10) = 2280/184756 = .0123
  CHECK(ks_equal_sizes_critical(10, 0.005) == 8);
  CHECK(ks_equal_sizes_critical(10, 0.0124) == 7);
  CHECK(ks_equal_sizes_critical(10, 0.0123) == 8);
}

TEST_CASE("kswin: worked by hand, a jump is seen when the critical number of newest values is behind it") {
  KswinOptions options;
  options.window = 20;
  options.stat_size = 10;  // all ten older values are drawn: nothing is left to chance
  Stream stream(30, 0.0);
  stream.resize(60, 1.0);
  CHECK(alarms_of(Kswin(options), stream) == Indices{37});
  for (double& x : stream) x = -x;
  CHECK(alarms_of(Kswin(options), stream) == Indices{37});
}

TEST_CASE("kswin: the same seed says the same, another seed says something else") {
  std::mt19937_64 rng{1};
  std::normal_distribution<> normal;
  Stream stream;
  for (int i = 0; i < 20'000; ++i) stream.push_back(normal(rng));
  KswinOptions one, other;
  other.seed = 1;
  CHECK(alarms_of(Kswin(one), stream) == alarms_of(Kswin(one), stream));
  CHECK(alarms_of(Kswin(one), stream) != alarms_of(Kswin(other), stream));
}

TEST_CASE("kswin: a clear change alarms soon with any seed") {
  std::mt19937_64 rng{2};
  std::normal_distribution<> normal;
  Stream stream;
  for (int i = 0; i < 400; ++i) stream.push_back(normal(rng) + (i < 200 ? 0 : 5));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    KswinOptions options;
    options.seed = seed;
    options.alpha = 1e-4;
    const auto alarms = alarms_of(Kswin(options), stream);
    CHECK(std::any_of(alarms.begin(), alarms.end(), [](auto at) { return at >= 200 && at < 230; }));
  }
}

TEST_CASE("kswin: a distance of no more than 0.1 is never an alarm, however small alpha would allow it to be") {
  KswinOptions options;
  options.window = 2000;
  options.stat_size = 1000;
  options.alpha = 0.2;  // critical distance 48 of 1,000
  CHECK(ks_equal_sizes_critical(1000, 0.2) < 100);
  Stream stream;
  for (int i = 0; i < 2000; ++i)
    stream.push_back((i + 0.5) * 0.618033988749895 - std::floor((i + 0.5) * 0.618033988749895));
  for (int i = 0; i < 1000; ++i) stream[1000 + static_cast<std::size_t>(i)] += 0.09;  // D = .09
  CHECK(alarms_of(Kswin(options), stream).empty());
  for (int i = 0; i < 1000; ++i) stream[1000 + static_cast<std::size_t>(i)] += 0.03;  // D = .12
  CHECK(alarms_of(Kswin(options), stream) == Indices{1999});
}

}  // namespace
}  // namespace pilotwatch::stats
