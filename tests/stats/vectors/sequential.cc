// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "stats/interval/boundaries.h"
#include "stats/interval/sequence.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/budget.h"
#include "stats/sequential/gap.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/plan.h"
#include "stats/sequential/ranks.h"
#include "stats/sequential/rate.h"
#include "stats/support.h"
#include "stats/vectors/vectors.h"

namespace pilotwatch::stats::testing {
namespace {

using nlohmann::json;

/// Compares what a case computed with every member it expects: a member nobody computed is a failure.
class Comparison {
 public:
  Comparison(const json& expected, Tolerance tolerance, Ran& ran)
      : expected_(expected), tolerance_(tolerance), ran_(ran) {}
  ~Comparison() {
    for (const auto& member : expected_.items()) {
      CAPTURE(member.key());
      CHECK(seen_.contains(member.key()));
    }
  }

  void value(const std::string& name, std::optional<double> got) {
    CAPTURE(name);
    check_value(got, expected_.at(name), tolerance_);
    seen_.insert(name);
    ++ran_.values;
  }
  void list(const std::string& name, const std::vector<double>& got) { numbers(name, got, expected_.at(name)); }
  void counts(const std::string& name, const std::vector<std::size_t>& got) {
    CAPTURE(name);
    CHECK(expected_.at(name).get<std::vector<std::size_t>>() == got);
    seen_.insert(name);
    ++ran_.values;
  }
  void numbers(const std::string& name, const std::vector<double>& got, const json& want) {
    CAPTURE(name);
    REQUIRE(want.size() == got.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(i);
      check_value(got[i], want[i], tolerance_);
      ++ran_.values;
    }
    seen_.insert(name);
  }

 private:
  const json& expected_;
  Tolerance tolerance_;
  Ran& ran_;
  std::set<std::string> seen_;
};

template <class Array>
std::vector<double> listed(const Array& values) {
  return {values.begin(), values.end()};
}

/// The grids of the file are those of the product.
template <std::size_t K>
void check_grid(const json& given, const std::array<double, K>& grid) {
  REQUIRE(given.get<std::vector<double>>() == listed(grid));
}

void bet(const json& in, Comparison& out) {
  const auto b = mean_bet(in["null_mean"], in["odds"]);
  out.value("alternative", b.alternative);
  out.value("lambda", b.lambda);
  out.value("e_if_1", b.e(1));
  out.value("e_if_0", b.e(0));
  out.value("log_growth_at_alternative", b.growth_at_alternative());
}

void edetector(const json& in, const json& expected, Comparison& out) {
  check_grid(in["odds"], odds_grid);
  const std::map<std::string, Growth> modes{{"sr", Growth::sr}, {"cusum", Growth::cusum}, {"ep", Growth::process}};
  Evidence<6> evidence(modes.at(in["mode"]));
  EventMean detector(in["null_mean"], Thresholds{});  // the product's own, where it is the same
  std::vector<double> s;
  std::map<std::string, std::optional<double>> first;
  for (const auto& level : expected["first_t_with_S_at_least"].items()) first[level.key()] = std::nullopt;
  for (std::size_t t = 0; t < in["x"].size(); ++t) {
    const double x = in["x"][t], w = in["start_weights"].is_array() ? in["start_weights"][t].get<double>() : 1.0;
    Evidence<6>::Values e;
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = mean_bet(in["null_mean"], odds_grid[k]).e(x);
    evidence.step(e, w);
    detector.step(x, w);
    if (in["mode"] == "sr") CHECK(detector.watch().s() == evidence.s());
    s.push_back(evidence.s());
    for (auto& [level, when] : first) {
      if (!when && s.back() >= std::stod(level)) when = static_cast<double>(t + 1);
    }
  }
  out.list("S", s);
  out.list("R_final", listed(evidence.r()));
  for (const auto& [level, when] : first) {
    CAPTURE(level);
    check_value(when, expected["first_t_with_S_at_least"][level], {0, 0});
  }
  out.numbers("first_t_with_S_at_least", {}, json::array());
}

void block(const json& in, Comparison& out) {
  check_grid(in["fractions"], fraction_grid);
  BlockMean detector(in["null_mean"], in["block"], Thresholds{});
  std::vector<double> s;
  for (const double x : in["x"]) {
    detector.step(x);
    if (detector.open_block().n == 0) s.push_back(detector.watch().s());
  }
  out.list("S_after_each_block", s);
  out.list("R_final", listed(detector.watch().evidence().r()));
}

void lower(const json& in, Comparison& out) {
  check_grid(in["odds"], std::array{.8, .6, .4, .2});
  Recovery detector(in["null_mean_at_least"], std::numeric_limits<double>::infinity());
  std::vector<double> s;
  for (const double x : in["x"]) {
    detector.step(x);
    s.push_back(detector.watch().s());
  }
  out.list("S", s);
}

void poisson(const json& in, const json& expected, Comparison& out) {
  check_grid(in["rate_multipliers"], rate_multipliers);
  PoissonRate detector(in["null_rate"], Thresholds{});
  std::vector<double> s;
  for (std::size_t t = 0; t < in["counts"].size(); ++t) {
    std::vector<double> log_e;
    for (const double mu : rate_multipliers) {
      log_e.push_back(poisson_log_e(in["counts"][t], in["exposure"][t], in["null_rate"], mu));
    }
    out.numbers("log_e", log_e, expected["log_e"][t]);
    detector.step(in["counts"][t], in["exposure"][t].get<double>());
    s.push_back(detector.watch().s());
  }
  out.list("S", s);
}

void fairness_block(const json& in, Comparison& out) {
  const double n_a = in["na"], n_b = in["nb"];
  const auto b = gap_bet(n_a, in["alt_a"], n_b, in["alt_b"], GapLimit{1, in["delta"]});
  out.value("m_a", b.m_a);
  out.value("m_b", b.m_b);
  out.value("log_e", b.log_e(in["xa"], n_a, in["xb"], n_b));
  // The file has it from 40-digit arithmetic, where it is 0 to 1e-39; in doubles it is 0 relative to its two parts.
  out.value("na_u_plus_nb_v", std::abs(n_a * b.u + n_b * b.v) < 1e-12 * n_b * b.v ? 0.0 : n_a * b.u + n_b * b.v);
  out.value("expectation_at_shift_0.03", b.expectation(b.m_a + .03, n_a, b.m_b + .03, n_b));
}

void dictionary(const json& in, const json& expected, Comparison& out) {
  REQUIRE(in["G"] == rank_cells);
  std::map<std::string, double> sums;
  for (const auto& cell : expected["cells"]) {
    for (const auto& [name, value] : cell.items()) {
      if (name == "cell") continue;
      const bool location = name.starts_with("loc");
      const double size = std::stod(name.substr(location ? 3 : 5));
      const auto g = cell["cell"].get<std::size_t>();
      out.numbers("cells", {location ? location_bet(g, size) : scale_bet(g, size)}, json::array({value}));
      sums[name] = 0;
    }
  }
  for (auto& [name, sum] : sums) {
    const bool location = name.starts_with("loc");
    const double size = std::stod(name.substr(location ? 3 : 5));
    for (std::size_t g = 0; g < rank_cells; ++g) sum += location ? location_bet(g, size) : scale_bet(g, size);
    out.value("row_mean", sum / static_cast<double>(rank_cells));
  }
}

void conformal(const json& in, const json& expected, Comparison& out) {
  REQUIRE(in["G"] == rank_cells);
  REQUIRE(in["alternatives"] == json::array({"loc+0.4", "loc-0.4", "scale1.3"}));
  const RankReference reference{in["ref_counts"].get<std::vector<std::uint32_t>>()};
  ConformalRanks ranks(reference);
  Evidence<3> evidence;
  REQUIRE(expected["steps"].size() == in["bins"].size());
  for (std::size_t t = 0; t < in["bins"].size(); ++t) {
    const double u = ranks.rank(in["bins"][t], in["tie_breakers"][t]);
    const auto cell = static_cast<std::size_t>(u * static_cast<double>(rank_cells));
    const Evidence<3>::Values e{location_bet(cell, .4), location_bet(cell, -.4), scale_bet(cell, 1.3)};
    evidence.step(e, 1);
    const auto& want = expected["steps"][t];
    REQUIRE(want.size() == 4);
    out.numbers("steps", {u, static_cast<double>(cell), evidence.s()},
                json::array({want["u"], want["cell"], want["S"]}));
    out.numbers("steps", listed(e), want["e"]);
  }
}

void interval(const Answer<Interval>& got, Comparison& out) {
  out.value("lower", got->lower);
  out.value("upper", got->upper);
}

void cs_multinomial(const json& in, const json& expected, Comparison& out) {
  const auto counts = in["counts"].get<std::vector<std::uint64_t>>();
  const double concentration = in["concentration"];
  const std::vector<double> uniform(counts.size(), 1 / static_cast<double>(counts.size()));
  const auto got = multinomial_sequence(counts, in["alpha"], concentration).value();
  REQUIRE(got.size() == expected["intervals"].size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    out.numbers("intervals", {got[i].lower, got[i].upper}, expected["intervals"][i]);
  }
  out.value("log_bayes_factor_vs_uniform", optional(multinomial_log_bayes_factor(counts, uniform, concentration)));
  out.value("always_valid_p_vs_uniform", optional(always_valid_p(counts, uniform, concentration)));
}

void confseq(const json& expected, Comparison& out) {
  const std::map<std::string, std::function<Answer<double>()>> known{
      {"normal_log_mixture(s=20,v=100,v_opt=100,alpha_opt=.05,one-sided)",
       [] { return normal_log_mixture(20, 100, 100, .05, Sides::one); }},
      {"normal_log_mixture(s=20,v=100,v_opt=100,alpha_opt=.05,two-sided)",
       [] { return normal_log_mixture(20, 100, 100, .05, Sides::two); }},
      {"gamma_exponential_log_mixture(s=20,v=100,v_opt=100,c=1)",
       [] { return gamma_exponential_log_mixture(20, 100, 100, 1); }},
      {"gamma_exponential_mixture_bound(v=100,alpha=.05,v_opt=100,c=1)",
       [] { return gamma_exponential_mixture_bound(100, .05, 100, 1); }},
      {"gamma_poisson_log_mixture(s=20,v=100,v_opt=100,c=1)",
       [] { return gamma_poisson_log_mixture(20, 100, 100, 1); }},
      {"gamma_poisson_mixture_bound(v=100,alpha=.05,v_opt=100,c=1)",
       [] { return gamma_poisson_mixture_bound(100, .05, 100, 1); }},
      {"beta_binomial_log_mixture(s=10,v=47.5,v_opt=47.5,g=.05,h=.95,one-sided)",
       [] { return beta_binomial_log_mixture(10, 47.5, 47.5, .05, .95, Sides::one); }},
      {"beta_binomial_log_mixture(s=10,v=47.5,v_opt=47.5,g=.05,h=.95,two-sided)",
       [] { return beta_binomial_log_mixture(10, 47.5, 47.5, .05, .95, Sides::two); }},
      {"beta_binomial_mixture_bound(v=47.5,alpha=.05,v_opt=47.5,g=.05,h=.95,one-sided)",
       [] { return beta_binomial_mixture_bound(47.5, .05, 47.5, .05, .95, Sides::one); }},
      {"beta_binomial_mixture_bound(v=47.5,alpha=.05,v_opt=47.5,g=.05,h=.95,two-sided)",
       [] { return beta_binomial_mixture_bound(47.5, .05, 47.5, .05, .95, Sides::two); }},
      {"poly_stitching_bound(v=100,alpha=.05,v_min=1,c=0,s=1.4,eta=2)",
       [] { return poly_stitching_bound(100, .05, 1, 0, 1.4, 2); }},
      {"poly_stitching_bound(v=100,alpha=.05,v_min=1,c=1,s=1.4,eta=2)",
       [] { return poly_stitching_bound(100, .05, 1, 1, 1.4, 2); }},
      {"empirical_process_lil_bound(t=100,alpha=.05,t_min=100,A=.85)", [] { return distribution_band(100, .05, 100); }},
      {"empirical_process_lil_bound(t=10000,alpha=.05,t_min=100,A=.85)",
       [] { return distribution_band(10'000, .05, 100); }},
      {"empirical_process_lil_bound(t=100000,alpha=.05,t_min=100,A=.85)",
       [] { return distribution_band(100'000, .05, 100); }}};
  for (const auto& member : expected.items()) {
    const auto& name = member.key();
    CAPTURE(name);
    unsigned k = 0, n = 0;
    std::array<char, 6> side{};
    if (std::sscanf(name.c_str(), "bernoulli_confidence_interval(%u,%u,alpha=.05,t_opt=1000).%5s", &k, &n,
                    side.data()) == 3) {
      const auto got = bernoulli_tuned_sequence(k, n, .05, 1000).value();
      out.value(name, side[0] == 'l' ? got.lower : got.upper);
      continue;
    }
    REQUIRE(known.contains(name));
    out.value(name, optional(known.at(name)()));
  }
}

void multi(const json& in, const json& expected, Comparison& out) {
  const auto s = in["S"].get<std::vector<double>>();
  if (expected.contains("alarms")) {
    std::vector<std::size_t> alarms;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s[i] >= thresholds(in["N"], in["pi"][i]).alarm) alarms.push_back(i);
    }
    out.counts("alarms", alarms);
  }
  if (expected.contains("selected")) out.counts("selected", digest(s, in["N"]));
  if (expected.contains("S_global")) {
    out.value("S_global", global_statistic(s, in["pi"].get<std::vector<double>>()));
  }
}

void run_case(const json& c, const json& file, Ran& ran) {
  const auto& in = c["input"];
  const auto& expected = c["expected"];
  const std::string kind = c["kind"];
  // The file: bounds of that library come from bisection, compare at 1e-9.
  Comparison out(expected, kind == "confseq" ? Tolerance{1e-9, 1e-13} : tolerance_of(file), ran);
  if (kind == "bet") return bet(in, out);
  if (kind == "edetector") return edetector(in, expected, out);
  if (kind == "edetector_block") return block(in, out);
  if (kind == "edetector_lower") return lower(in, out);
  if (kind == "edetector_poisson") return poisson(in, expected, out);
  if (kind == "fairness_block") return fairness_block(in, out);
  if (kind == "dictionary") return dictionary(in, expected, out);
  if (kind == "conformal") return conformal(in, expected, out);
  if (kind == "cs_bernoulli") {
    const BetaPrior prior{in["a"], in["b"]};
    interval(beta_binomial_sequence(in["successes"], in["n"], in["alpha"], prior), out);
    return out.value("log_e_against_0.04", optional(beta_binomial_log_e(in["successes"], in["n"], .04, prior)));
  }
  if (kind == "cs_poisson") {
    return interval(gamma_poisson_sequence(in["events"], in["exposure"].get<double>(), in["alpha"], {in["a"], in["b"]}),
                    out);
  }
  if (kind == "cs_multinomial") return cs_multinomial(in, expected, out);
  if (kind == "confseq") return confseq(expected, out);
  if (kind == "multi") return multi(in, expected, out);
  if (kind == "plan") {
    out.value("KL_nats", bernoulli_divergence(in["p1"], in["p0"]));
    return out.value("delay_rule_ln(N*KL)/KL", optional(planned_delay(in["p0"], in["p1"], in["N"])));
  }
  FAIL("unknown kind " << kind);
}

}  // namespace

Ran run_sequential(const json& file) {
  Ran ran;
  for (const auto& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    run_case(c, file, ran);
    ++ran.cases;
  }
  return ran;
}

}  // namespace pilotwatch::stats::testing
