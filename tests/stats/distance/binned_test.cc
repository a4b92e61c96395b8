// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binned.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "stats/support.h"

namespace pilotwatch::stats {
namespace {

using nlohmann::json;
using Bins = std::vector<std::uint64_t>;
constexpr double inf = std::numeric_limits<double>::infinity();

Bins counts(const json& list) {
  Bins out;
  for (const auto& value : list) out.push_back(static_cast<std::uint64_t>(value.get<double>()));
  return out;
}

/// Smallest share > 0; Evidently's floor is another one when that is <= 1e-4.
double smallest_share(const Bins& bins) {
  double total = 0, least = inf;
  for (const auto count : bins) total += static_cast<double>(count);
  for (const auto count : bins) {
    if (count > 0) least = std::min(least, static_cast<double>(count) / total);
  }
  return least;
}

/// The file's JS distances of its largest counts are the root of a divergence that cancelled in double precision: they
/// disagree with 50-digit arithmetic by 4e-7 of their value. The next test holds the right numbers.
bool is_cancelled_in_the_file(const json& c, const std::string& member) {
  return c["name"] == "very large counts" && (member == "js_distance_e" || member == "js_distance_2");
}

TEST_CASE("psi_jeffreys: worked by hand, half/half against three quarters/one quarter") {
  const Bins reference{2, 2}, live{3, 1};  // shares 1/2, 1/2 and 3.5/5, 1.5/5
  CHECK(psi_jeffreys(reference, live).value() ==
        Approx(0.2 * std::log(0.7 / 0.5) - 0.2 * std::log(0.3 / 0.5)).epsilon(1e-14));
  CHECK(psi_jeffreys_formula == std::string("psi-jeffreys/v1"));
}

TEST_CASE("distances: worked by hand, a bin that empties") {
  const Bins reference{1, 1}, live{0, 2};
  CHECK(psi_unsmoothed(reference, live) == inf);
  CHECK(psi_floor1e4(reference, live).value() ==
        Approx((1e-4 - 0.5) * std::log(1e-4 / 0.5) + 0.5 * std::log(2.0)).epsilon(1e-14));
  CHECK(kl(reference, live).value() == Approx(std::log(2.0)).epsilon(1e-14));
  CHECK(kl(live, reference) == inf);
  CHECK(js_divergence(reference, live).value() ==
        Approx((0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3) + std::log(4.0 / 3)) / 2).epsilon(1e-14));
  CHECK(hellinger(reference, live).value() == Approx(std::sqrt(1 - std::sqrt(0.5))).epsilon(1e-14));
  CHECK(linf(reference, live) == 0.5);
  CHECK(tvd(reference, live) == 0.5);
  CHECK(ks_binned(reference, live) == 0.5);
}

TEST_CASE("distances: a side without data has no shares") {
  const Bins some{1, 2}, none{0, 0}, no_bins;
  for (const auto f : {psi_jeffreys, psi_unsmoothed, psi_floor1e4, kl, hellinger, linf, tvd, ks_binned}) {
    CHECK_FALSE(f(some, none));
    CHECK_FALSE(f(none, some));
    CHECK_FALSE(f(no_bins, no_bins));
  }
  CHECK_FALSE(js_divergence(some, none));
  CHECK_FALSE(js_distance(none, some));
}

TEST_CASE("distances: agree with the published vectors over bins") {
  const auto file = testing::vectors("distances_binned.json");
  if (!file) return;
  const auto tolerance = testing::tolerance_of(*file);
  int cases = 0, values = 0;
  for (const auto& c : (*file)["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const auto reference = counts(c["input"]["ref_counts"]), live = counts(c["input"]["cur_counts"]);
    std::map<std::string, std::optional<double>> got{
        {"psi_unsmoothed", psi_unsmoothed(reference, live)},
        {"psi_jeffreys", psi_jeffreys(reference, live)},
        {"kl_cur_ref_nats", kl(reference, live)},
        {"js_divergence_nats", js_divergence(reference, live)},
        {"js_divergence_bits", js_divergence(reference, live, LogBase::two)},
        {"js_distance_e", js_distance(reference, live, LogBase::e)},
        {"js_distance_2", js_distance(reference, live)},
        {"hellinger", hellinger(reference, live)},
        {"l_inf", linf(reference, live)},
        {"tvd", tvd(reference, live)},
        {"ks_binned", ks_binned(reference, live)}};
    if (std::min(smallest_share(reference), smallest_share(live)) > 1e-4) {
      got["psi_floor_evidently"] = psi_floor1e4(reference, live);
    }
    for (const auto& [name, value] : got) {
      CAPTURE(name);
      REQUIRE(c["expected"].contains(name));
      if (is_cancelled_in_the_file(c, name)) continue;
      testing::check_value(value, c["expected"][name], tolerance);
      ++values;
    }
    ++cases;
  }
  testing::report("distances_binned.json", cases, values);
}

TEST_CASE("distances: very large counts agree with 50-digit arithmetic") {
  const Bins reference{1'000'000'000, 2'000'000'000, 3'000'000'000}, live{1'000'050'000, 2'000'000'000, 2'999'950'000};
  CHECK(std::abs(js_distance(reference, live, LogBase::e).value() - 8.3332638909376221e-06) <= 1e-14);
  CHECK(std::abs(js_distance(reference, live).value() - 1.0009269997766048e-05) <= 1e-14);
  CHECK(psi_unsmoothed(reference, live).value() == Approx(5.5554629665636574e-10).epsilon(1e-10));
  CHECK(kl(reference, live).value() == Approx(2.777746914480427e-10).epsilon(1e-10));
}

TEST_CASE("distances: agree with other libraries' formulas over categories") {
  const auto file = testing::vectors("peer_vectors.json");
  if (!file) return;
  int cases = 0, values = 0;
  for (const auto& [name, c] : file->items()) {
    CAPTURE(name);
    std::set<std::string> categories;
    for (const auto* side : {"ref", "cur"}) {
      for (const auto& item : c[side].items()) categories.insert(item.key());
    }
    Bins reference, live;
    for (const auto& category : categories) {
      reference.push_back(c["ref"].value(category, std::uint64_t{0}));
      live.push_back(c["cur"].value(category, std::uint64_t{0}));
    }
    const std::map<std::string, std::optional<double>> got{{"js_base2", js_distance(reference, live)},
                                                           {"js_nat", js_distance(reference, live, LogBase::e)},
                                                           {"psi_floor1e4", psi_floor1e4(reference, live)},
                                                           {"hellinger", hellinger(reference, live)},
                                                           {"linf", linf(reference, live)},
                                                           {"tvd", tvd(reference, live)}};
    for (const auto& [formula, value] : got) {
      CAPTURE(formula);
      testing::check_value(value, c[formula], {1e-12, 1e-14});
      ++values;
    }
    ++cases;
  }
  testing::report("peer_vectors.json", cases, values);
}

TEST_CASE("distances: never negative, zero on themselves, symmetric, within their range") {
  const auto seed = testing::seed_of("distances");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    Bins a(1 + rng() % 30), b(a.size());
    const std::uint64_t most = 1 + rng() % (round % 3 == 0 ? 3 : 1'000'000'000);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = rng() % most;
      b[i] = round % 5 == 0 ? a[i] + rng() % 2 : rng() % most;
    }
    ++a[rng() % a.size()];
    ++b[rng() % b.size()];
    for (const auto f : {psi_jeffreys, psi_unsmoothed, psi_floor1e4, hellinger, linf, tvd, ks_binned}) {
      REQUIRE(f(a, a) == 0.0);
      REQUIRE(f(a, b).value() >= 0.0);
      REQUIRE(f(a, b) == f(b, a));  // to the bit
    }
    REQUIRE(std::isfinite(psi_jeffreys(a, b).value()));
    REQUIRE(kl(a, a) == 0.0);
    REQUIRE(kl(a, b).value() >= 0.0);
    REQUIRE(js_divergence(a, b) == js_divergence(b, a));
    for (const auto value : {js_distance(a, b), hellinger(a, b), linf(a, b), tvd(a, b), ks_binned(a, b)}) {
      REQUIRE((0 <= value.value() && value.value() <= 1));
    }
    REQUIRE(linf(a, b).value() <= tvd(a, b).value() + 1e-15);  // what one bin loses others gain
    REQUIRE(ks_binned(a, b).value() <= tvd(a, b).value() + 1e-15);
    const auto both = kl(a, b).value() + kl(b, a).value();  // PSI is both divergences together
    if (std::isfinite(both)) REQUIRE(psi_unsmoothed(a, b).value() == Approx(both).margin(1e-14));
    // Le Cam and Pinsker tie the distances to each other
    REQUIRE(std::pow(hellinger(a, b).value(), 2) <= tvd(a, b).value() + 1e-12);
    REQUIRE(2 * std::pow(tvd(a, b).value(), 2) <= kl(a, b).value() + 1e-12);
  }
}

TEST_CASE("psi_noise_floor: is what PSI shows on average when nothing has drifted") {
  CHECK(psi_noise_floor(10, 1000, 500).value() == Approx(9 * (0.001 + 0.002)));
  CHECK(psi_noise_floor(1, 10, 10) == 0.0);
  CHECK_FALSE(psi_noise_floor(10, 0, 10));
  CHECK_FALSE(psi_noise_floor(10, 10, 0));
  CHECK_FALSE(psi_noise_floor(0, 10, 10));

  const auto seed = testing::seed_of("noise floor");
  CAPTURE(seed);
  std::mt19937_64 rng{seed};
  std::discrete_distribution<std::size_t> bin{1, 2, 3, 4, 3, 2, 1, 4};
  constexpr int rounds = 2000;
  double sum = 0;
  for (int round = 0; round < rounds; ++round) {
    Bins reference(8), live(8);
    for (int i = 0; i < 2000; ++i) ++reference[bin(rng)];
    for (int i = 0; i < 1000; ++i) ++live[bin(rng)];
    sum += psi_jeffreys(reference, live).value();
  }
  // sd of one PSI is sqrt(2/7) of its mean: the average of 2000 has 1.2 %, so 8 % is six of them and the second order.
  CHECK(sum / rounds == Approx(psi_noise_floor(8, 2000, 1000).value()).epsilon(0.08));
}

}  // namespace
}  // namespace pilotwatch::stats
