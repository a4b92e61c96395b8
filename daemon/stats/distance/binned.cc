// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/binned.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "stats/distance/shares.h"

namespace pilotwatch::stats {
namespace {

/// term(crossed shares) summed over the bins, divided by n m.
template <class Term>
Answer<double> sum_over_bins(Counts reference, Counts live, Term term) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) sum += term(detail::Crossed(reference[i], live[i], *t));
  return sum / t->product();
}

/// p ln(p / q), p the live share; signed, so the sum can cancel.
double kl_term(const detail::Crossed& c) {
  if (c.y == 0) return 0;
  if (c.x == 0) return std::numeric_limits<double>::infinity();
  return c.y * std::copysign(std::log1p(c.difference() / std::min(c.x, c.y)), -c.signed_difference);
}

double hellinger_term(const detail::Crossed& c) {
  // sqrt x - sqrt y = (x - y) / (sqrt x + sqrt y), without the cancellation
  const double roots = std::sqrt(c.x) + std::sqrt(c.y);
  const double difference = roots == 0 ? 0 : c.difference() / roots;
  return difference * difference / 2;
}

// Rounding can leave a sum of cancelling terms a little below 0 or above the range; a root of it must not be NaN.
Answer<double> clamped(Answer<double> value, double most) {
  if (value) *value = std::clamp(*value, 0.0, most);
  return value;
}

Answer<double> root(Answer<double> value) {
  if (value) *value = std::sqrt(*value);
  return value;
}

}  // namespace

Answer<double> kl(Counts reference, Counts live) {
  return clamped(sum_over_bins(reference, live, kl_term), std::numeric_limits<double>::infinity());
}

Answer<double> js_divergence(Counts reference, Counts live, LogBase base) {
  const double unit = base == LogBase::two ? std::numbers::ln2 : 1.0;
  auto value =
      sum_over_bins(reference, live, [](const detail::Crossed& c) { return detail::js_term(detail::lanes(c)); });
  if (value) *value /= 2 * unit;
  return clamped(value, std::numbers::ln2 / unit);
}

Answer<double> js_distance(Counts reference, Counts live, LogBase base) {
  return root(js_divergence(reference, live, base));
}

Answer<double> hellinger(Counts reference, Counts live) {
  return root(clamped(sum_over_bins(reference, live, hellinger_term), 1.0));
}

Answer<double> linf(Counts reference, Counts live) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  double most = 0;
  for (std::size_t i = 0; i < reference.size(); ++i)
    most = std::max(most, detail::Crossed(reference[i], live[i], *t).difference());
  return most / t->product();
}

Answer<double> tvd(Counts reference, Counts live) {
  return clamped(sum_over_bins(reference, live, [](const detail::Crossed& c) { return c.difference() / 2; }), 1.0);
}

Answer<double> ks_binned(Counts reference, Counts live) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  double most = 0;
  std::uint64_t f = 0, g = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    f += reference[i];
    g += live[i];
    most = std::max(most, detail::Crossed(f, g, *t).difference());
  }
  return most / t->product();
}

Answer<KsBracket> ks_binned_bracket(Counts reference, Counts live) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  double lower = 0, upper = 0;
  std::uint64_t f = 0, g = 0;  // at the left end of bin i
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto f_right = f + reference[i], g_right = g + live[i];
    upper = std::max(
        {upper, detail::Crossed(f_right, g, *t).signed_difference, -detail::Crossed(f, g_right, *t).signed_difference});
    f = f_right;
    g = g_right;
    lower = std::max(lower, detail::Crossed(f, g, *t).difference());
  }
  return KsBracket{lower / t->product(), upper / t->product()};
}

}  // namespace pilotwatch::stats
