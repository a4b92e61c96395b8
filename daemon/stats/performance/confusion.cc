// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/confusion.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

__extension__ using Int128 = __int128;

double real(std::uint64_t count) { return static_cast<double>(count); }

/// tp tn - fp fn, exact before its only rounding.
double determinant(const ConfusionCounts& c) {
  return static_cast<double>(static_cast<Int128>(c.tp) * c.tn - static_cast<Int128>(c.fp) * c.fn);
}

/// part / whole, or why not.
Answer<double> share(std::uint64_t part, std::uint64_t whole, const ConfusionCounts& c, Undefined why) {
  if (c.total() == 0) return Undefined::no_data;
  if (whole == 0) return why;
  return real(part) / real(whole);
}

/// value(a, b) where both are defined.
template <class F>
Answer<double> both(const Answer<double>& a, const Answer<double>& b, F value) {
  if (!a) return a.error();
  if (!b) return b.error();
  return value(*a, *b);
}

Answer<double> ratio(const Answer<double>& a, const Answer<double>& b) {
  if (!a) return a.error();
  if (!b) return b.error();
  if (*b == 0) return Undefined::zero_denominator;
  return *a / *b;
}

}  // namespace

ConfusionCounts& ConfusionCounts::operator+=(const ConfusionCounts& other) {
  tp += other.tp;
  fp += other.fp;
  fn += other.fn;
  tn += other.tn;
  return *this;
}

ConfusionCounts& ConfusionCounts::operator-=(const ConfusionCounts& other) {
  tp -= other.tp;
  fp -= other.fp;
  fn -= other.fn;
  tn -= other.tn;
  return *this;
}

void ConfusionCounts::write(ByteWriter& out) const {
  for (const auto count : {tp, fp, fn, tn}) out.u64(count);
}

void ConfusionCounts::read(ByteReader& in) {
  for (auto* count : {&tp, &fp, &fn, &tn}) {
    *count = in.u64();
    if (*count >> 61 != 0) throw CorruptBytes("confusion count too large");
  }
}

Answer<double> accuracy(const ConfusionCounts& c) { return share(c.tp + c.tn, c.total(), c, Undefined::no_data); }
Answer<double> error_rate(const ConfusionCounts& c) { return share(c.fp + c.fn, c.total(), c, Undefined::no_data); }
Answer<double> prevalence(const ConfusionCounts& c) { return share(c.positives(), c.total(), c, Undefined::no_data); }
Answer<double> selection_rate(const ConfusionCounts& c) {
  return share(c.predicted(), c.total(), c, Undefined::no_data);
}

Answer<double> recall(const ConfusionCounts& c) { return share(c.tp, c.positives(), c, Undefined::no_positives); }
Answer<double> false_negative_rate(const ConfusionCounts& c) {
  return share(c.fn, c.positives(), c, Undefined::no_positives);
}
Answer<double> specificity(const ConfusionCounts& c) { return share(c.tn, c.negatives(), c, Undefined::no_negatives); }
Answer<double> false_positive_rate(const ConfusionCounts& c) {
  return share(c.fp, c.negatives(), c, Undefined::no_negatives);
}

Answer<double> precision(const ConfusionCounts& c) { return share(c.tp, c.predicted(), c, Undefined::none_predicted); }
Answer<double> false_discovery_rate(const ConfusionCounts& c) {
  return share(c.fp, c.predicted(), c, Undefined::none_predicted);
}
Answer<double> negative_predictive_value(const ConfusionCounts& c) {
  return share(c.tn, c.not_predicted(), c, Undefined::all_predicted);
}
Answer<double> false_omission_rate(const ConfusionCounts& c) {
  return share(c.fn, c.not_predicted(), c, Undefined::all_predicted);
}

Answer<double> f_beta(const ConfusionCounts& c, double beta) {
  PW_ASSERT(std::isfinite(beta) && beta > 0);
  if (c.total() == 0) return Undefined::no_data;
  if (c.positives() == 0 && c.predicted() == 0) return Undefined::no_positives;
  const double b = beta * beta, hits = (1 + b) * real(c.tp);
  return hits / (hits + b * real(c.fn) + real(c.fp));
}

Answer<double> f1(const ConfusionCounts& c) { return f_beta(c, 1); }

Answer<double> balanced_accuracy(const ConfusionCounts& c) {
  return both(recall(c), specificity(c), [](double tpr, double tnr) { return (tpr + tnr) / 2; });
}

Answer<double> jaccard(const ConfusionCounts& c) { return share(c.tp, c.tp + c.fp + c.fn, c, Undefined::no_positives); }

Answer<double> informedness(const ConfusionCounts& c) {
  // (tp tn - fp fn) / (P N): the same number without the cancellation of recall + specificity - 1.
  return both(recall(c), specificity(c),
              [&](double, double) { return determinant(c) / (real(c.positives()) * real(c.negatives())); });
}

Answer<double> markedness(const ConfusionCounts& c) {
  return both(precision(c), negative_predictive_value(c),
              [&](double, double) { return determinant(c) / (real(c.predicted()) * real(c.not_predicted())); });
}

Answer<double> fowlkes_mallows(const ConfusionCounts& c) {
  return both(recall(c), precision(c), [&](double, double) {
    return std::min(1.0, real(c.tp) / std::sqrt(real(c.positives()) * real(c.predicted())));
  });
}

Answer<double> positive_likelihood_ratio(const ConfusionCounts& c) { return ratio(recall(c), false_positive_rate(c)); }
Answer<double> negative_likelihood_ratio(const ConfusionCounts& c) {
  return ratio(false_negative_rate(c), specificity(c));
}

Answer<double> diagnostic_odds_ratio(const ConfusionCounts& c) {
  if (const auto classes = balanced_accuracy(c); !classes) return classes.error();
  return ratio(real(c.tp) * real(c.tn), real(c.fp) * real(c.fn));
}

Answer<double> mcc(const ConfusionCounts& c) {
  if (c.total() == 0) return Undefined::no_data;
  if (c.positives() == 0) return Undefined::no_positives;
  if (c.negatives() == 0) return Undefined::no_negatives;
  if (c.predicted() == 0) return Undefined::none_predicted;
  if (c.not_predicted() == 0) return Undefined::all_predicted;
  const double outcomes = real(c.positives()) * real(c.negatives());
  const double predictions = real(c.predicted()) * real(c.not_predicted());
  return std::clamp(determinant(c) / (std::sqrt(outcomes) * std::sqrt(predictions)), -1.0, 1.0);
}

Answer<double> cohen_kappa(const ConfusionCounts& c) {
  if (c.total() == 0) return Undefined::no_data;
  const double chance = real(c.predicted()) * real(c.negatives()) + real(c.positives()) * real(c.not_predicted());
  if (chance == 0) return Undefined::one_class;
  return std::clamp(2 * determinant(c) / chance, -1.0, 1.0);
}

}  // namespace pilotwatch::stats
