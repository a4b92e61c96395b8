// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/drift_summary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "stats/distance/shares.h"

namespace pilotwatch::stats {
Answer<DriftSummary> drift_summary(Counts reference, Counts live, std::span<const double> representatives) {
  PW_ASSERT(reference.size() == representatives.size());
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  const std::size_t k = reference.size();
  const detail::Smoothing smoothing(1, k, *t);
  const auto raw = [&](std::size_t i) { return detail::Crossed(reference[i], live[i], *t); };
  const auto smoothed = [&](std::size_t i) { return smoothing(reference[i], live[i]); };
  double psi = 0, js = 0, ks = 0, w1 = 0;
  std::size_t i = 0;
  for (; i + 1 < k; i += 2) {  // two bins at a time, their terms added one by one
    const auto psi_terms = detail::psi_term(detail::lanes(smoothed(i), smoothed(i + 1)));
    const auto js_terms = detail::js_term(detail::lanes(raw(i), raw(i + 1)));
    psi = psi + psi_terms[0] + psi_terms[1];
    js = js + js_terms[0] + js_terms[1];
  }
  if (i < k) {
    psi += detail::psi_term(detail::lanes(smoothed(i)));
    js += detail::js_term(detail::lanes(raw(i)));
  }
  std::uint64_t f = 0, g = 0;
  for (i = 0; i + 1 < k; ++i) {  // after the last bin there is no difference
    f += reference[i];
    g += live[i];
    const double gap = detail::Crossed(f, g, *t).difference();
    ks = std::max(ks, gap);
    w1 += (representatives[i + 1] - representatives[i]) * gap;
  }
  const double js_bits = std::clamp(js / t->product() / (2 * std::numbers::ln2), 0.0, 1.0);
  return DriftSummary{psi / smoothing.totals.product(), ks / t->product(), std::sqrt(js_bits), w1 / t->product()};
}

}  // namespace pilotwatch::stats
