// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/scores.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {
namespace {

__extension__ using Uint128 = unsigned __int128;

double real(std::int64_t count) { return static_cast<double>(count); }

/// sum_{j=1..p} f(j), f(j) = (above + j)/(above + j + c), from below: f grows, so its integral stays below its sum.
double worst_precisions(double above, double c, std::int64_t p) {
  constexpr std::int64_t one_by_one = 256;
  double sum = 0;
  for (std::int64_t j = 1; j <= std::min(p, one_by_one); ++j) sum += (above + real(j)) / (above + real(j) + c);
  if (p > one_by_one) {
    const double rest = real(p - one_by_one), start = above + real(one_by_one) + c;
    sum += std::max(0.0, rest - c * std::log1p(rest / start));
  }
  return sum;
}

}  // namespace

ScoreState& ScoreState::operator+=(const ScoreState& other) {
  counts_ += other.counts_;
  return *this;
}

ScoreState& ScoreState::operator-=(const ScoreState& other) {
  counts_ -= other.counts_;
  return *this;
}

ScoreTable ScoreState::table() const {
  const auto counts = counts_.table();
  ScoreTable out;
  out.exact = counts.exact();
  out.groups.reserve(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto group = counts[i];
    out.groups.push_back({group.low, group.high, group.middle(), group.counts[0], group.counts[1]});
    out.positives += group.counts[0];
    out.negatives += group.counts[1];
  }
  return out;
}

Answer<Bracketed> roc_auc(const ScoreTable& scores) {
  if (scores.groups.empty()) return Undefined::no_data;
  if (scores.positives == 0) return Undefined::no_positives;
  if (scores.negatives == 0) return Undefined::no_negatives;
  Uint128 twice = 0, hidden = 0;  // twice the pairs that are right, ties half; pairs of unknown order
  std::int64_t below = 0;
  for (const auto& g : scores.groups) {
    const Uint128 pairs = static_cast<Uint128>(g.p) * static_cast<Uint128>(g.n);
    twice += 2 * static_cast<Uint128>(g.p) * static_cast<Uint128>(below) + pairs;
    if (g.low != g.high) hidden += pairs;
    below += g.n;
  }
  const double all = 2 * real(scores.positives) * real(scores.negatives);
  const auto share = [&](Uint128 count) { return static_cast<double>(count) / all; };
  return Bracketed{share(twice), share(twice - hidden), share(twice + hidden)};
}

Answer<Bracketed> gini(const ScoreTable& scores) {
  const auto auc = roc_auc(scores);
  if (!auc) return auc.error();
  return Bracketed{2 * auc->estimate - 1, 2 * auc->lower - 1, 2 * auc->upper - 1};
}

Answer<Bracketed> average_precision(const ScoreTable& scores) {
  if (scores.groups.empty()) return Undefined::no_data;
  if (scores.positives == 0) return Undefined::no_positives;
  Bracketed sum{0, 0, 0};
  std::int64_t a = 0, b = 0;
  for (auto g = scores.groups.rbegin(); g != scores.groups.rend(); ++g) {
    if (g->p > 0) {
      const double tied = real(g->p) * real(a + g->p) / real(a + g->p + b + g->n);
      const bool known = g->low == g->high;
      sum.estimate += tied;
      sum.lower += known ? tied : std::min(tied, worst_precisions(real(a), real(b + g->n), g->p));
      sum.upper += known ? tied : real(g->p) * real(a + g->p) / real(a + g->p + b);
    }
    a += g->p;
    b += g->n;
  }
  const auto share = [&](double value) { return std::min(1.0, value / real(scores.positives)); };
  return Bracketed{share(sum.estimate), share(sum.lower), share(sum.upper)};
}

}  // namespace pilotwatch::stats
