// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/median.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace pilotwatch::stats {
namespace {

TEST_CASE("median: ranks as in the tables of the sign test") {
  struct Row {
    std::uint64_t n, lower, upper;
  };
  // 95 %, e.g. Conover 1999, table A3: the largest l with P(X < l) <= 0.025.
  for (const auto& row : {Row{6, 1, 6}, Row{8, 1, 8}, Row{9, 2, 8}, Row{10, 2, 9}, Row{20, 6, 15}, Row{25, 8, 18},
                          Row{50, 18, 33}, Row{100, 40, 61}}) {
    CAPTURE(row.n);
    const auto ranks = median_ranks(row.n, 0.95).value();
    CHECK(ranks.lower == row.lower);
    CHECK(ranks.upper == row.upper);
  }
}

TEST_CASE("median: below six cases nothing is certain at 95 %") {
  CHECK(median_ranks(0, 0.95).error() == Undefined::no_data);
  CHECK(median_ranks(5, 0.95).error() == Undefined::too_few);
  CHECK(median_ranks(5, 0.9).has_value());
}

TEST_CASE("median: holds as often as it says and no wider than it must, by summing the binomial") {
  for (std::uint64_t n = 6; n <= 300; ++n) {
    CAPTURE(n);
    const auto ranks = median_ranks(n, 0.95).value();
    double term = std::pow(0.5, static_cast<double>(n)), below = 0;  // P(X = i), P(X < i)
    for (std::uint64_t i = 0; i < ranks.lower; ++i) {
      below += term;
      term *= static_cast<double>(n - i) / static_cast<double>(i + 1);
    }
    CHECK(below <= 0.025 * (1 + 1e-9));
    CHECK(below + term > 0.025);
    CHECK(ranks.lower + ranks.upper == n + 1);
  }
}

}  // namespace
}  // namespace pilotwatch::stats
