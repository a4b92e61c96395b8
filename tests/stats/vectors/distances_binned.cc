// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <iostream>

#include "stats/distance/binned.h"
#include "stats/distance/chi_squared.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;
using BinVector = std::vector<std::uint64_t>;

BinVector counts(const json& list) {
  BinVector out;
  for (const auto& value : list) out.push_back(static_cast<std::uint64_t>(value.get<double>()));
  return out;
}

Answer<double> statistic(const Answer<ChiSquared>& test) {
  if (!test) return test.error();
  return test->statistic;
}
Answer<double> p(const Answer<ChiSquared>& test) {
  if (!test) return test.error();
  return test->p;
}

Answer<double> value_of(const std::string& member, Counts reference, Counts live) {
  if (member == "psi_unsmoothed") return psi_unsmoothed(reference, live);
  if (member == "psi_floor_evidently") return psi_floor_evidently(reference, live);
  if (member == "psi_jeffreys") return psi_jeffreys(reference, live);
  if (member == "kl_cur_ref_nats") return kl(reference, live);
  if (member == "js_divergence_nats") return js_divergence(reference, live);
  if (member == "js_divergence_bits") return js_divergence(reference, live, LogBase::two);
  if (member == "js_distance_e") return js_distance(reference, live, LogBase::e);
  if (member == "js_distance_2") return js_distance(reference, live);
  if (member == "hellinger") return hellinger(reference, live);
  if (member == "l_inf") return linf(reference, live);
  if (member == "tvd") return tvd(reference, live);
  if (member == "ks_binned") return ks_binned(reference, live);
  if (member == "chi2") return statistic(chi2(reference, live));
  if (member == "chi2_p") return p(chi2(reference, live));
  if (member == "chi2_yates") return statistic(chi2_yates(reference, live));
  if (member == "chi2_yates_p") return p(chi2_yates(reference, live));
  if (member == "chi2_gof_known_ref") return statistic(chi2_gof(reference, live));
  if (member == "chi2_gof_known_ref_p") return p(chi2_gof(reference, live));
  if (member == "chi2_dof") {
    const auto dof = chi2_dof(reference, live);
    if (!dof) return dof.error();
    return static_cast<double>(*dof);
  }
  FAIL("unknown member " << member);
  return Undefined::no_data;
}

/// "nan" is what another library prints; vectors/README.md asks for null there. And two values of the file are wrong:
/// its "very large counts" JS distances are the root of a sum that cancelled. Summing x ln(x/m) over both sides in
/// double precision, as scipy's jensenshannon does, gives the file's digits exactly (8.333267221608119e-06 and
/// 1.000927399827911e-05); 50-digit arithmetic gives the ones below, 4e-7 less.
json corrected(const json& c, const std::string& member, const json& expected) {
  if (expected == "nan") return nullptr;
  if (c["name"] != "very large counts") return expected;
  if (member != "js_distance_e" && member != "js_distance_2") return expected;
  const double right = member == "js_distance_e" ? 8.3332638909625221e-06 : 1.0009269997766048e-05;
  std::cout << "distances_binned.json, very large counts, " << member << ": compared with " << json(right).dump()
            << " (50 digits), not with the file's " << expected.dump() << " (cancelled)\n";
  // The file's own digits stay under watch: the day it is put right this comes here to be removed.
  CHECK(std::abs(expected.get<double>() / right - 1) == Approx(4e-7).epsilon(0.01));
  return right;
}

}  // namespace

Ran run_distances_binned(const json& file) {
  const auto tolerance = tolerance_of(file);
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    for (const auto& item : c["input"].items()) REQUIRE((item.key() == "ref_counts" || item.key() == "cur_counts"));
    const auto reference = counts(c["input"]["ref_counts"]), live = counts(c["input"]["cur_counts"]);
    for (const auto& [member, expected] : c["expected"].items()) {
      CAPTURE(member);
      check_value(value_of(member, reference, live), corrected(c, member, expected), tolerance);
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
