// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/planning.h"

#include <catch2/catch.hpp>
#include <random>

#include "stats/interval/one_sample.h"
#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

TEST_CASE("cases_for_half_width: the published table") {
  const double widths[] = {.01, .02, .03, .05};
  const struct {
    double p;
    std::uint64_t cases[4];
  } table[] = {{.05, {1825, 457, 203, 73}}, {.1, {3458, 865, 385, 139}}, {.2, {6147, 1537, 683, 246}}};
  for (const auto& row : table) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(row.p, widths[i]);
      CHECK(*cases_for_half_width(row.p, widths[i], 0.95) == row.cases[i]);
    }
  }
}

TEST_CASE("cases_for_difference_half_width: the published table of cases per group") {
  const double widths[] = {.10, .05, .03};
  const struct {
    double p;
    std::uint64_t cases[3];
  } table[] = {{.05, {37, 146, 406}},
               {.1, {70, 277, 769}},
               {.2, {123, 492, 1366}},
               {.3, {162, 646, 1793}},
               {.5, {193, 769, 2135}}};
  for (const auto& row : table) {
    for (int i = 0; i < 3; ++i) {
      CAPTURE(row.p, widths[i]);
      CHECK(*cases_for_difference_half_width(row.p, widths[i], 0.95) == row.cases[i]);
    }
  }
}

TEST_CASE("cases_to_detect_ratio: an impact ratio of 0.8 with power 0.8, the published cases per group") {
  CHECK(*cases_to_detect_ratio(.05, .8, .8, .95) == 6745);
  CHECK(*cases_to_detect_ratio(.1, .8, .8, .95) == 3213);
  CHECK(*cases_to_detect_ratio(.2, .8, .8, .95) == 1447);
  CHECK(*cases_to_detect_ratio(.3, .8, .8, .95) == 859);
  CHECK(*cases_to_detect_ratio(.5, .8, .8, .95) == 388);
}

TEST_CASE("allowed_events: the published table of errors with an upper bound within the limit") {
  const struct {
    double limit;
    std::uint64_t n, events;
  } table[] = {{.02, 200, 0},   {.02, 300, 1},    {.02, 500, 4},   {.02, 1000, 12}, {.02, 2000, 29}, {.02, 5000, 83},
               {.05, 60, 0},    {.05, 100, 1},    {.05, 200, 4},   {.05, 300, 8},   {.05, 500, 16},  {.05, 1000, 38},
               {.05, 2000, 83}, {.05, 5000, 224}, {.1, 60, 1},     {.1, 100, 4},    {.1, 200, 12},   {.1, 300, 21},
               {.1, 500, 38},   {.1, 1000, 84},   {.1, 2000, 177}, {.1, 5000, 464}};
  for (const auto& row : table) {
    CAPTURE(row.limit, row.n);
    CHECK(*allowed_events(row.n, row.limit, .95) == row.events);
  }
}

TEST_CASE("allowed_events_of_rate: the published table of complaints per 1000 decisions") {
  const struct {
    double per_1000, decisions;
    std::uint64_t events;
  } table[] = {{5, 1000, 1},   {5, 2000, 4},   {5, 5000, 16},   {5, 10000, 38}, {10, 500, 1},   {10, 1000, 4},
               {10, 2000, 12}, {10, 5000, 38}, {10, 10000, 83}, {20, 500, 4},   {20, 1000, 12}, {20, 2000, 29},
               {20, 5000, 83}, {2, 2000, 0},   {2, 5000, 4},    {2, 10000, 12}};
  for (const auto& row : table) {
    CAPTURE(row.per_1000, row.decisions);
    CHECK(*allowed_events_of_rate(row.decisions / 1000, row.per_1000, .95) == row.events);
  }
  CHECK(allowed_events_of_rate(1, 2, .95).error() == Undefined::too_few);  // 1000 decisions can never show 2 per 1000
}

TEST_CASE("planning: what has no answer says why") {
  CHECK(allowed_events(0, .1, .95).error() == Undefined::no_data);
  CHECK(allowed_events(10, .01, .95).error() == Undefined::too_few);
  CHECK(allowed_events(10, 1, .95).error() == Undefined::out_of_domain);
  CHECK(allowed_events_of_rate(0, 1, .95).error() == Undefined::zero_exposure);
  CHECK(allowed_events_of_rate(-1, 1, .95).error() == Undefined::out_of_domain);
  CHECK(allowed_events_of_rate(1e10, 1e10, .95).error() == Undefined::out_of_domain);
  CHECK(cases_for_half_width(0, .1, .95).error() == Undefined::out_of_domain);
  CHECK(cases_for_half_width(.5, 1e-12, .95).error() == Undefined::out_of_domain);  // more than 2^63 cases
  CHECK(cases_to_detect_ratio(.5, 1, .8, .95).error() == Undefined::out_of_domain);
  CHECK(cases_to_detect_ratio(.5, 2, .8, .95).error() == Undefined::out_of_domain);
}

TEST_CASE("allowed_events: one event more would break the limit") {
  const auto seed = testing::seed_of("allowed events");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  int answered = 0;
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t n = 1 + rng() % 3000;
    const double limit = std::uniform_real_distribution<>{0.001, 0.999}(rng), confidence = 0.95;
    CAPTURE(n, limit);
    const auto got = allowed_events(n, limit, confidence);
    if (!got) {
      REQUIRE(*clopper_pearson_upper(0, n, confidence) > limit);
      continue;
    }
    ++answered;
    REQUIRE(*clopper_pearson_upper(*got, n, confidence) <= limit);
    REQUIRE(*clopper_pearson_upper(*got + 1, n, confidence) > limit);
  }
  CHECK(answered > 9000);
}

}  // namespace
}  // namespace pilotwatch::stats
