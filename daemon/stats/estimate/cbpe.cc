// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/cbpe.h"

#include <algorithm>
#include <cmath>

namespace pilotwatch::stats {
namespace {

double real(std::int64_t count) { return static_cast<double>(count); }

bool usable(const ScoreTable& live) { return live.groups.front().high >= 0 && live.groups.back().low <= 1; }

double probability(const Calibrator& calibrator, const ScoreGroup& g) {
  return calibrator(std::clamp(g.score, 0.0, 1.0));
}

/// What the confusion figures are made of; of each pair [1] belongs to the predicted.
struct Sums {
  double n[2] = {0, 0};  ///< cases
  double s[2] = {0, 0};  ///< expected positives
  double v[2] = {0, 0};  ///< their variance
  [[nodiscard]] double expected() const { return s[0] + s[1]; }
};

Answer<Sums> sums_of(const Calibrator& calibrator, const ScoreTable& live) {
  if (live.groups.empty()) return Undefined::no_data;
  if (!usable(live)) return Undefined::out_of_domain;
  Sums out;
  for (const auto& g : live.groups) {
    const double q = probability(calibrator, g);
    const double cases[] = {real(g.n), real(g.p)};
    for (int predicted : {0, 1}) {
      out.n[predicted] += cases[predicted];
      out.s[predicted] += cases[predicted] * q;
      out.v[predicted] += cases[predicted] * q * (1 - q);
    }
  }
  return out;
}

}  // namespace

Answer<ExpectedConfusion> cbpe_confusion(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  return ExpectedConfusion{sums->s[1], sums->n[1] - sums->s[1], sums->s[0], sums->n[0] - sums->s[0]};
}

Answer<Estimated> cbpe_roc_auc(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  const double n = sums->n[0] + sums->n[1], positives = sums->expected(), negatives = n - positives;
  if (positives <= 0) return Undefined::no_positives;
  if (negatives <= 0) return Undefined::no_negatives;
  const double pairs = positives * negatives;
  double area = 0, above = 0;
  for (auto g = live.groups.rbegin(); g != live.groups.rend(); ++g) {
    const double m = real(g->p + g->n), q = probability(calibrator, *g);
    area += m * (1 - q) * (above + m * q / 2);
    above += m * q;
  }
  const double auc = area / pairs;
  // d AUC / d q of one case: the negatives below it less the positives above it, ties half, and the effect on the
  // number of pairs.
  double variance = 0, positives_above = 0, negatives_below = negatives;
  for (auto g = live.groups.rbegin(); g != live.groups.rend(); ++g) {
    const double m = real(g->p + g->n), q = probability(calibrator, *g);
    negatives_below -= m * (1 - q);
    const double gained = negatives_below + m * (1 - q) / 2 - positives_above - m * q / 2;
    const double slope = (gained - auc * (negatives - positives)) / pairs;
    variance += m * q * (1 - q) * slope * slope;
    positives_above += m * q;
  }
  return Estimated(std::clamp(auc, 0.0, 1.0), std::sqrt(variance));
}

Answer<Estimated> cbpe_accuracy(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  const double n = sums->n[0] + sums->n[1];
  return Estimated((sums->s[1] + sums->n[0] - sums->s[0]) / n, std::sqrt(sums->v[0] + sums->v[1]) / n);
}

Answer<Estimated> cbpe_precision(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  if (sums->n[1] == 0) return Undefined::none_predicted;
  return Estimated(sums->s[1] / sums->n[1], std::sqrt(sums->v[1]) / sums->n[1]);
}

Answer<Estimated> cbpe_recall(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  const double all = sums->expected();
  if (all == 0) return Undefined::no_positives;
  return Estimated(sums->s[1] / all,
                   std::hypot(sums->s[0] * std::sqrt(sums->v[1]), sums->s[1] * std::sqrt(sums->v[0])) / (all * all));
}

Answer<Estimated> cbpe_f1(const Calibrator& calibrator, const ScoreTable& live) {
  const auto sums = sums_of(calibrator, live);
  if (!sums) return sums.error();
  const double both = sums->n[1] + sums->expected();
  if (both == 0) return Undefined::no_positives;
  const double hits = sums->s[1];
  return Estimated(2 * hits / both,
                   2 / (both * both) * std::hypot((both - hits) * std::sqrt(sums->v[1]), hits * std::sqrt(sums->v[0])));
}

}  // namespace pilotwatch::stats
