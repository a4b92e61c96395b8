// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "stats/distance/binned.h"
#include "stats/distance/chi_squared.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;

Answer<double> value_of(const std::string& member, Counts reference, Counts live) {
  if (member == "js_base2") return js_distance(reference, live);
  if (member == "js_nat") return js_distance(reference, live, LogBase::e);
  if (member == "psi_laplace1") return psi_laplace1(reference, live);
  if (member == "psi_floor1e4") return psi_floor1e4(reference, live);
  if (member == "psi_add1e10") return psi_add1e10(reference, live);
  if (member == "hellinger") return hellinger(reference, live);
  if (member == "linf") return linf(reference, live);
  if (member == "tvd") return tvd(reference, live);
  if (member == "chi2_gof") return chi2_gof(reference, live).value().statistic;
  if (member == "chi2_gof_p") return chi2_gof(reference, live).value().p;
  if (member == "chi2_cont") return chi2_yates(reference, live).value().statistic;
  if (member == "chi2_cont_p") return chi2_yates(reference, live).value().p;
  if (member == "df") return static_cast<double>(chi2_dof(reference, live).value());
  FAIL("unknown member " << member);
  return Undefined::no_data;
}

}  // namespace

/// Keyed by case; the tolerances are those of vectors/README.md.
Ran run_peer_vectors(const json& file) {
  Ran ran;
  for (const auto& [name, c] : file.items()) {
    CAPTURE(name);
    std::set<std::string> categories;
    for (const auto* side : {"ref", "cur"}) {
      for (const auto& item : c[side].items()) categories.insert(item.key());
    }
    std::vector<std::uint64_t> reference, live;
    for (const auto& category : categories) {
      reference.push_back(c["ref"].value(category, std::uint64_t{0}));
      live.push_back(c["cur"].value(category, std::uint64_t{0}));
    }
    for (const auto& [member, expected] : c.items()) {
      if (member == "ref" || member == "cur") continue;
      CAPTURE(member);
      const bool is_p = member.ends_with("_p");
      check_value(value_of(member, reference, live), expected, {is_p ? 1e-9 : 1e-12, is_p ? 0.0 : 1e-14});
      ++ran.values;
    }
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
