// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/two_sample.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "base/result.h"
#include "stats/interval/root.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

double share(ShareCount s) { return static_cast<double>(s.k) / static_cast<double>(s.n); }
double square(double x) { return x * x; }

std::optional<Undefined> unusable(EventRate a, EventRate b) {
  for (const double exposure : {a.exposure, b.exposure}) {
    if (!std::isfinite(exposure) || exposure < 0) return Undefined::out_of_domain;
    if (exposure == 0) return Undefined::zero_exposure;
  }
  if (a.events == 0 && b.events == 0) return Undefined::no_data;
  return std::nullopt;
}

/// Standard error of ln(p_a / p_b).
Answer<double> katz_error(ShareCount a, ShareCount b) {
  PW_ASSERT(a.k <= a.n && b.k <= b.n);
  if (a.n == 0 || b.n == 0) return Undefined::no_data;
  if (b.k == 0) return Undefined::zero_denominator;
  if (a.k == 0) return Undefined::out_of_domain;
  const auto variance = [](ShareCount s) {  // 1/k - 1/n without a difference of close numbers
    return static_cast<double>(s.n - s.k) / static_cast<double>(s.k) / static_cast<double>(s.n);
  };
  return std::sqrt(variance(a) + variance(b));
}

/// P(X >= x), X binomial over x + y trials with odds of success s : f; both odds are given so that neither loses
/// digits.
double at_least(double x, double y, double s, double f) {
  if (x == 0) return 1;
  return s <= f ? boost::math::ibeta(x, y + 1, s / (s + f), Quiet{})
                : boost::math::ibetac(y + 1, x, f / (s + f), Quiet{});
}

}  // namespace

Answer<Interval> newcombe(ShareCount a, ShareCount b, double confidence) {
  const auto of_a = wilson(a.k, a.n, confidence), of_b = wilson(b.k, b.n, confidence);
  if (!of_a) return of_a.error();
  if (!of_b) return of_b.error();
  const std::array<LinearTerm, 2> terms{{{1, share(a), *of_a}, {-1, share(b), *of_b}}};
  const auto got = square_and_add(terms);
  return Interval{std::max(-1.0, got->lower), std::min(1.0, got->upper)};
}

Answer<Interval> square_and_add(std::span<const LinearTerm> terms) {
  if (terms.empty()) return Undefined::no_data;
  double sum = 0, below = 0, above = 0;
  for (const auto& [c, x, interval] : terms) {
    sum += c * x;
    below += square(c * (x - (c > 0 ? interval.lower : interval.upper)));
    above += square(c * (x - (c > 0 ? interval.upper : interval.lower)));
  }
  return Interval{sum - std::sqrt(below), sum + std::sqrt(above)};
}

Answer<double> newcombe_p(ShareCount a, ShareCount b, double difference) {
  PW_ASSERT(a.k <= a.n && b.k <= b.n);
  if (a.n == 0 || b.n == 0) return Undefined::no_data;
  if (!(difference >= -1 && difference <= 1)) return Undefined::out_of_domain;
  const double seen = share(a) - share(b);
  if (difference == seen) return 1.0;
  constexpr double least = 1e-15;
  // confidence as an error of a normal variable, so that the search is even over small p
  const auto inside = [&](double z) {
    const auto interval = newcombe(a, b, 1 - std::max(least, std::erfc(z / std::sqrt(2.0))));
    return difference < seen ? difference - interval->lower : interval->upper - difference;
  };
  constexpr double nearest = 1e-9, farthest = 7.9;
  if (inside(nearest) >= 0) return 1.0;
  if (inside(farthest) < 0) return least;
  return std::max(least, std::erfc(root_between(inside, nearest, farthest) / std::sqrt(2.0)));
}

Answer<Interval> katz(ShareCount a, ShareCount b, double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  const auto error = katz_error(a, b);
  if (!error) return error.error();
  const double factor = std::exp(normal_upper_quantile((1 - confidence) / 2) * *error);
  const double ratio = share(a) / share(b);
  return Interval{ratio / factor, ratio * factor};
}

Answer<double> katz_p(ShareCount a, ShareCount b, double ratio) {
  const auto error = katz_error(a, b);
  if (!error) return error.error();
  if (!std::isfinite(ratio) || ratio <= 0) return Undefined::out_of_domain;
  if (*error == 0) return Undefined::constant;
  return std::erfc(std::abs(std::log(share(a) / share(b) / ratio)) / *error / std::sqrt(2.0));
}

Answer<Interval> rate_ratio(EventRate a, EventRate b, double confidence) {
  PW_ASSERT(confidence > 0 && confidence < 1);
  if (const auto why = unusable(a, b)) return *why;
  const std::uint64_t n = a.events + b.events;
  // 1 - l is the upper end of b's share, exactly: so neither factor of the odds is a difference
  const auto of_a = clopper_pearson(a.events, n, confidence), of_b = clopper_pearson(b.events, n, confidence);
  const double unit = b.exposure / a.exposure;
  return Interval{of_a->lower / of_b->upper * unit,
                  b.events == 0 ? std::numeric_limits<double>::infinity() : of_a->upper / of_b->lower * unit};
}

Answer<double> rate_ratio_p(EventRate a, EventRate b, double ratio) {
  if (const auto why = unusable(a, b)) return *why;
  if (!std::isfinite(ratio) || ratio <= 0) return Undefined::out_of_domain;
  const double x = static_cast<double>(a.events), y = static_cast<double>(b.events);
  const double odds_a = ratio * a.exposure, odds_b = b.exposure;
  return std::min({1.0, 2 * at_least(x, y, odds_a, odds_b), 2 * at_least(y, x, odds_b, odds_a)});
}

}  // namespace pilotwatch::stats
