// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/planning.h"

#include <cmath>

#include "stats/interval/one_sample.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

bool is_share(double p) { return p > 0 && p < 1; }
double square(double x) { return x * x; }

Answer<std::uint64_t> whole(double cases) {
  if (!(cases < 0x1p63)) return Undefined::out_of_domain;
  return static_cast<std::uint64_t>(std::ceil(cases));
}

Answer<std::uint64_t> half_width_cases(double groups, double p, double half_width, double confidence) {
  if (!is_share(p) || !is_share(half_width) || !is_share(confidence)) return Undefined::out_of_domain;
  const double z = normal_upper_quantile((1 - confidence) / 2);
  return whole(groups * p * (1 - p) * square(z / half_width));
}

/// The greatest k in [0, most] with bound(k) <= limit; `bound` grows with k.
template <class Bound>
Answer<std::uint64_t> greatest(std::uint64_t most, double limit, Bound bound) {
  if (bound(0) > limit) return Undefined::too_few;
  std::uint64_t good = 0, bad = most + 1;
  while (bad - good > 1) {
    const std::uint64_t middle = good + (bad - good) / 2;
    (bound(middle) <= limit ? good : bad) = middle;
  }
  return good;
}

}  // namespace

Answer<std::uint64_t> cases_for_half_width(double p, double half_width, double confidence) {
  return half_width_cases(1, p, half_width, confidence);
}

Answer<std::uint64_t> cases_for_difference_half_width(double p, double half_width, double confidence) {
  return half_width_cases(2, p, half_width, confidence);
}

Answer<std::uint64_t> cases_to_detect_ratio(double p, double ratio, double power, double confidence) {
  const double r = ratio * p, m = (p + r) / 2;
  if (!is_share(p) || !is_share(r) || !is_share(power) || !is_share(confidence) || p == r) {
    return Undefined::out_of_domain;
  }
  const double z = normal_upper_quantile((1 - confidence) / 2), w = normal_upper_quantile(1 - power);
  return whole(square((z * std::sqrt(2 * m * (1 - m)) + w * std::sqrt(p * (1 - p) + r * (1 - r))) / (p - r)));
}

Answer<std::uint64_t> allowed_events(std::uint64_t n, double limit, double confidence) {
  if (!is_share(limit) || !is_share(confidence)) return Undefined::out_of_domain;
  if (n == 0) return Undefined::no_data;
  return greatest(n - 1, limit, [&](std::uint64_t k) { return *clopper_pearson_upper(k, n, confidence); });
}

Answer<std::uint64_t> allowed_events_of_rate(double exposure, double limit, double confidence) {
  if (exposure == 0) return Undefined::zero_exposure;
  const double expected = exposure * limit;
  if (!(exposure > 0) || !(limit > 0) || !(expected <= 1e15) || !is_share(confidence)) return Undefined::out_of_domain;
  // With as many events as the limit expects the bound is above it wherever confidence > 1/2; below that, twice as many
  // and a few more always are.
  const auto most = static_cast<std::uint64_t>(2 * expected) + 100;
  return greatest(most, limit, [&](std::uint64_t k) { return *garwood_upper(k, exposure, confidence); });
}

}  // namespace pilotwatch::stats
