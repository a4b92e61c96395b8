// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>

#include "stats/distance/binned.h"
#include "stats/distance/binned_reference.h"
#include "stats/distance/ks_p.h"
#include "stats/distance/kstwo.h"
#include "stats/distance/samples.h"
#include "stats/distance/wasserstein.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;

std::uint64_t known(const Sample& sample) {
  return static_cast<std::uint64_t>(
      std::count_if(sample.begin(), sample.end(), [](double x) { return !std::isnan(x); }));
}

/// Population sd of the reference, as the binned reference has it; the bins play no part in it.
double sd(const Sample& reference) { return binned_reference(*Bins::quantile(reference, 1), reference).value().sd; }

/// scipy's "asymptotic" p, of tests/stats/distance/kstwo.h. Undefined where its number of values rounds to 0 (the
/// file says "nan").
Answer<double> p_scipy(double d, std::uint64_t n, std::uint64_t m) {
  const double values = std::nearbyint(static_cast<double>(n * m) / static_cast<double>(n + m));
  if (values == 0) return Undefined::too_few;
  return kstwo(d, static_cast<int>(values));
}

/// Shares in k bins between numpy's linear quantiles of the reference, as the file made them. Our own quantile bins end
/// at values of the reference; ks_test.cc looks at those.
Answer<double> ks_interpolated_bins(const Sample& reference, const Sample& live, std::size_t k) {
  auto sorted = reference;
  std::sort(sorted.begin(), sorted.end());
  BinVector f(k), g(k);
  Sample edges;
  for (std::size_t j = 1; j < k; ++j) {
    const double at = static_cast<double>(j) / static_cast<double>(k) * static_cast<double>(sorted.size() - 1);
    const auto i = static_cast<std::size_t>(at);
    edges.push_back(sorted[i] + (at - static_cast<double>(i)) * (sorted[i + 1] - sorted[i]));
  }
  const auto count = [&](const Sample& sample, BinVector& bins) {
    for (const double x : sample) {
      ++bins[static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), x) - edges.begin())];
    }
  };
  count(reference, f);
  count(live, g);
  return ks_binned(f, g);
}

struct Case {
  const json& input;
  Sample reference, live;
  Answer<double> d, w1;
};

Answer<double> of_d(const Case& c, Answer<double> (*p)(double, std::uint64_t, std::uint64_t)) {
  if (!c.d) return c.d;
  return p(*c.d, known(c.reference), known(c.live));
}

Answer<double> value_of(const std::string& member, const Case& c) {
  if (member == "n_ref_used") return static_cast<double>(known(c.reference));
  if (member == "n_cur_used") return static_cast<double>(known(c.live));
  if (member == "ks" || member == "ks_exact") return c.d;
  if (member == "ks_p_exact") return of_d(c, ks_p_exact);
  if (member == "ks_p_kolmogorov") return of_d(c, ks_p_limit);
  if (member == "ks_p_scipy_asymp") return of_d(c, p_scipy);
  if (member == "wasserstein1") return c.w1;
  if (member == "ref_sd_ddof0") return sd(c.reference);
  if (member == "wasserstein1_over_ref_sd") return c.w1 ? wasserstein1_scaled(*c.w1, sd(c.reference)) : c.w1;
  if (member == "wasserstein1_evidently") return c.w1 ? wasserstein1_evidently(*c.w1, sd(c.reference)) : c.w1;
  const auto binned = [&] { return ks_interpolated_bins(c.reference, c.live, c.input["bins"].get<std::size_t>()); };
  if (member == "ks_binned") return binned();
  if (member == "abs_error") return *c.d - *binned();
  FAIL("unknown member " << member);
  return Undefined::no_data;
}

/// D and W1 from a frozen reference too: D to the bit the same statistic, W1 within its bracket.
void check_frozen(const Case& c) {
  const auto frozen = freeze(c.reference, 10'000);
  const auto positions = positions_of(frozen, c.live);
  const auto d = ks(frozen, positions);
  REQUIRE(d.has_value() == c.d.has_value());
  if (!d) return;
  CHECK(std::abs(d->d - *c.d) <= 1e-12);
  const auto w1 = wasserstein1(frozen, positions).value();
  CHECK((w1.lower <= *c.w1 * (1 + 1e-12) && *c.w1 <= w1.upper * (1 + 1e-12)));
}

}  // namespace

Ran run_distances_samples(const json& file) {
  const auto tolerance = tolerance_of(file);
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    for (const auto& item : c["input"].items()) {
      REQUIRE((item.key() == "ref" || item.key() == "cur" || item.key() == "bins"));
    }
    const auto reference = sample_of(c["input"]["ref"]), live = sample_of(c["input"]["cur"]);
    const Case given{c["input"], reference, live, ks_two_sample(reference, live), wasserstein1(reference, live)};
    check_frozen(given);
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      if (member == "lcg_first3") {
        for (std::size_t i = 0; i < 3; ++i) check_value(reference.at(i), expected[i], tolerance);
      } else {
        check_value(value_of(member, given), expected == "nan" ? json(nullptr) : expected, tolerance);
      }
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
