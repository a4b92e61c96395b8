// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/sequence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/result.h"
#include "stats/interval/mixture.h"

namespace pilotwatch::stats {
namespace {

bool positive(double x) { return std::isfinite(x) && x > 0; }

/// ln(1/alpha).
double threshold(double alpha) {
  PW_ASSERT(alpha > 0 && alpha < 1);
  return -std::log(alpha);
}

double beta_at_best(std::uint64_t k, std::uint64_t n, BetaPrior prior) {
  PW_ASSERT(k <= n && positive(prior.a) && positive(prior.b));
  const std::array<double, 2> counts{static_cast<double>(k), static_cast<double>(n - k)}, priors{prior.a, prior.b};
  return dirichlet_at_best(counts, priors);
}

std::optional<Undefined> unusable(double exposure) {
  if (!std::isfinite(exposure) || exposure < 0) return Undefined::out_of_domain;
  if (exposure == 0) return Undefined::zero_exposure;
  return std::nullopt;
}

double multinomial_at_best(std::span<const std::uint64_t> counts, double concentration) {
  PW_ASSERT(positive(concentration));
  const std::vector<double> reals(counts.begin(), counts.end()), prior(counts.size(), concentration);
  return dirichlet_at_best(reals, prior);
}

std::uint64_t total(std::span<const std::uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

Answer<double> beta_binomial_log_e(std::uint64_t k, std::uint64_t n, double p, BetaPrior prior) {
  PW_ASSERT(k <= n);
  if (!(p >= 0 && p <= 1)) return Undefined::out_of_domain;
  if (n == 0) return 0.0;
  return beta_at_best(k, n, prior) + binary_deviance(static_cast<double>(k), static_cast<double>(n), p);
}

Answer<Interval> beta_binomial_sequence(std::uint64_t k, std::uint64_t n, double alpha, BetaPrior prior) {
  const double level = threshold(alpha);
  if (n == 0) return Undefined::no_data;
  return binary_deviance_interval(static_cast<double>(k), static_cast<double>(n), level - beta_at_best(k, n, prior));
}

Answer<double> gamma_poisson_log_e(std::uint64_t events, double exposure, double rate, GammaPrior prior) {
  PW_ASSERT(positive(prior.a) && positive(prior.b));
  if (const auto why = unusable(exposure)) return *why;
  if (!std::isfinite(rate) || rate < 0) return Undefined::out_of_domain;
  const double count = static_cast<double>(events);
  return gamma_at_best(count, exposure, prior.a, prior.b) + poisson_deviance(count, exposure, rate);
}

Answer<Interval> gamma_poisson_sequence(std::uint64_t events, double exposure, double alpha, GammaPrior prior) {
  PW_ASSERT(positive(prior.a) && positive(prior.b));
  const double level = threshold(alpha);
  if (const auto why = unusable(exposure)) return *why;
  const double count = static_cast<double>(events);
  return poisson_deviance_interval(count, exposure, level - gamma_at_best(count, exposure, prior.a, prior.b));
}

Answer<double> multinomial_log_bayes_factor(std::span<const std::uint64_t> counts, std::span<const double> shares,
                                            double concentration) {
  PW_ASSERT(counts.size() == shares.size());
  PW_ASSERT(std::all_of(shares.begin(), shares.end(), positive));
  PW_ASSERT(std::abs(std::accumulate(shares.begin(), shares.end(), 0.0) - 1) < 1e-9);
  const double n = static_cast<double>(total(counts));
  if (n == 0) return Undefined::no_data;
  double deviance = 0;  // n KL as a sum of terms that are all >= 0; the linear parts add up to 0
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double k = static_cast<double>(counts[i]), expected = n * shares[i];
    deviance += poisson_deviance(k, 1, expected);
  }
  return multinomial_at_best(counts, concentration) + deviance;
}

Answer<double> always_valid_p(std::span<const std::uint64_t> counts, std::span<const double> shares,
                              double concentration) {
  const auto evidence = multinomial_log_bayes_factor(counts, shares, concentration);
  if (!evidence) return evidence.error();
  return std::min(1.0, std::max(std::exp(-*evidence), std::numeric_limits<double>::min()));
}

Answer<std::vector<Interval>> multinomial_sequence(std::span<const std::uint64_t> counts, double alpha,
                                                   double concentration) {
  const double reach = threshold(alpha);
  const double n = static_cast<double>(total(counts));
  if (n == 0) return Undefined::no_data;
  const double level = reach - multinomial_at_best(counts, concentration);
  std::vector<Interval> out;
  out.reserve(counts.size());
  for (const auto count : counts) out.push_back(binary_deviance_interval(static_cast<double>(count), n, level));
  return out;
}

}  // namespace pilotwatch::stats
