// SPDX-License-Identifier: Apache-2.0
#include "stats/distance/psi.h"

#include <algorithm>
#include <cmath>

#include "stats/distance/shares.h"

namespace pilotwatch::stats {
namespace {

/// share = (c + s/2) / (t + k s/2), in whole numbers.
Answer<double> smoothed(Counts reference, Counts live, std::uint64_t s) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  const detail::Smoothing shares(s, reference.size(), *t);
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i)
    sum += detail::psi_term(detail::lanes(shares(reference[i], live[i])));
  return sum / shares.totals.product();
}

/// share_of(counts, total) makes the rule that makes a share of one count.
template <class ShareOf>
Answer<double> psi_of_shares(Counts reference, Counts live, ShareOf share_of) {
  const auto t = detail::totals(reference, live);
  if (!t) return t.error();
  const auto share_q = share_of(reference, static_cast<double>(t->n));
  const auto share_p = share_of(live, static_cast<double>(t->m));
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double p = share_p(static_cast<double>(live[i])), q = share_q(static_cast<double>(reference[i]));
    sum += std::abs(p - q) * std::log1p(std::abs(p - q) / std::min(p, q));
  }
  return sum;
}

template <class FloorOf>
Answer<double> floored(Counts reference, Counts live, FloorOf floor_of) {
  return psi_of_shares(reference, live, [=](Counts counts, double total) {
    return [total, least = floor_of(counts, total)](double count) { return count == 0 ? least : count / total; };
  });
}

double evidently_floor(Counts counts, double total) {
  double least = total;
  for (const auto count : counts) {
    if (count > 0) least = std::min(least, static_cast<double>(count));
  }
  return least / total <= 1e-4 ? least / total / 1e6 : 1e-4;
}

}  // namespace

Answer<double> psi_jeffreys(Counts reference, Counts live) { return smoothed(reference, live, 1); }
Answer<double> psi_unsmoothed(Counts reference, Counts live) { return smoothed(reference, live, 0); }
Answer<double> psi_laplace1(Counts reference, Counts live) { return smoothed(reference, live, 2); }

Answer<double> psi_floor1e4(Counts reference, Counts live) {
  return floored(reference, live, [](Counts, double) { return 1e-4; });
}
Answer<double> psi_floor_evidently(Counts reference, Counts live) { return floored(reference, live, evidently_floor); }

Answer<double> psi_add1e10(Counts reference, Counts live) {
  return psi_of_shares(reference, live,
                       [](Counts, double total) { return [total](double count) { return count / total + 1e-10; }; });
}

const PsiRule* psi_rule(std::string_view formula) {
  for (const auto& rule : psi_rules) {
    if (formula == rule.formula) return &rule;
  }
  return nullptr;
}

}  // namespace pilotwatch::stats
