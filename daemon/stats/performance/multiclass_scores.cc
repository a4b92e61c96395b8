// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/multiclass_scores.h"

#include "base/result.h"
#include "stats/performance/probability.h"

namespace pilotwatch::stats {
namespace {

template <class IsNegative>
ScoreTable table_of(const KeyedCounts& scores, std::size_t positive, IsNegative is_negative) {
  const auto counts = scores.table();
  ScoreTable out;
  out.exact = counts.exact();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto group = counts[i];
    ScoreGroup row{group.low, group.high, group.middle(), group.counts[positive], 0};
    for (std::size_t k = 0; k < counts.width(); ++k) row.n += is_negative(k) ? group.counts[k] : 0;
    if (row.p + row.n == 0) continue;
    out.groups.push_back(row);
    out.positives += row.p;
    out.negatives += row.n;
  }
  return out;
}

void add(Bracketed& sum, const Bracketed& value, double weight) {
  sum.estimate += weight * value.estimate;
  sum.lower += weight * value.lower;
  sum.upper += weight * value.upper;
}

Bracketed divided(const Bracketed& sum, double by) { return {sum.estimate / by, sum.lower / by, sum.upper / by}; }

std::int64_t total(const MulticlassScores& scores) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < scores.classes(); ++k) sum += scores.count(k);
  return sum;
}

}  // namespace

MulticlassScores::MulticlassScores(std::size_t classes, std::size_t cap)
    : by_class_(classes, KeyedCounts(classes, cap)), truths_(classes, 0) {
  PW_ASSERT(classes >= 2);
}

void MulticlassScores::add(std::span<const double> scores, std::size_t truth, std::int64_t times) {
  PW_ASSERT(scores.size() == classes() && truth < classes());
  for (std::size_t k = 0; k < classes(); ++k) by_class_[k].add(scores[k], truth, times);
  truths_[truth] += times;
  const double p = scores[truth];
  if (p >= 0 && p <= 1) {
    log_loss_.add(log_loss_of(p, true, 1e-15), times);
  } else {
    no_probability_ += times;
  }
}

MulticlassScores& MulticlassScores::operator+=(const MulticlassScores& other) {
  PW_ASSERT(classes() == other.classes());
  for (std::size_t k = 0; k < classes(); ++k) {
    by_class_[k] += other.by_class_[k];
    truths_[k] += other.truths_[k];
  }
  log_loss_ += other.log_loss_;
  no_probability_ += other.no_probability_;
  return *this;
}

MulticlassScores& MulticlassScores::operator-=(const MulticlassScores& other) {
  PW_ASSERT(classes() == other.classes());
  for (std::size_t k = 0; k < classes(); ++k) {
    by_class_[k] -= other.by_class_[k];
    truths_[k] -= other.truths_[k];
  }
  log_loss_ -= other.log_loss_;
  no_probability_ -= other.no_probability_;
  return *this;
}

ScoreTable MulticlassScores::pair(std::size_t i, std::size_t j) const {
  PW_ASSERT(i < classes() && j < classes() && i != j);
  return table_of(by_class_[i], i, [j](std::size_t k) { return k == j; });
}

ScoreTable MulticlassScores::one_vs_rest(std::size_t i) const {
  PW_ASSERT(i < classes());
  return table_of(by_class_[i], i, [i](std::size_t k) { return k != i; });
}

Answer<double> MulticlassScores::log_loss() const {
  const auto n = total(*this);
  if (n == 0) return Undefined::no_data;
  if (no_probability_ != 0) return Undefined::out_of_domain;
  return log_loss_.value() / static_cast<double>(n);
}

void MulticlassScores::write(ByteWriter& out) const {
  for (std::size_t k = 0; k < classes(); ++k) {
    by_class_[k].write(out);
    out.i64(truths_[k]);
  }
  log_loss_.write(out);
  out.i64(no_probability_);
}

void MulticlassScores::read(ByteReader& in) {
  for (std::size_t k = 0; k < classes(); ++k) {
    by_class_[k].read(in);
    truths_[k] = in.i64();
    if (truths_[k] < 0) throw CorruptBytes("negative class count");
  }
  log_loss_.read(in);
  no_probability_ = in.i64();
}

Answer<Bracketed> auc_one_vs_rest_macro(const MulticlassScores& scores) {
  if (total(scores) == 0) return Undefined::no_data;
  Bracketed sum{0, 0, 0};
  for (std::size_t k = 0; k < scores.classes(); ++k) {
    const auto auc = roc_auc(scores.one_vs_rest(k));
    if (!auc) return auc.error();
    add(sum, *auc, 1);
  }
  return divided(sum, static_cast<double>(scores.classes()));
}

Answer<Bracketed> auc_one_vs_rest_weighted(const MulticlassScores& scores) {
  const auto n = total(scores);
  if (n == 0) return Undefined::no_data;
  Bracketed sum{0, 0, 0};
  for (std::size_t k = 0; k < scores.classes(); ++k) {
    if (scores.count(k) == 0) continue;
    const auto auc = roc_auc(scores.one_vs_rest(k));
    if (!auc) return auc.error();
    add(sum, *auc, static_cast<double>(scores.count(k)));
  }
  return divided(sum, static_cast<double>(n));
}

Answer<Bracketed> auc_hand_till(const MulticlassScores& scores) {
  if (total(scores) == 0) return Undefined::no_data;
  Bracketed sum{0, 0, 0};
  double pairs = 0;
  for (std::size_t i = 0; i < scores.classes(); ++i) {
    for (std::size_t j = 0; j < scores.classes(); ++j) {
      if (i == j) continue;
      if (scores.count(i) == 0 || scores.count(j) == 0) return Undefined::no_positives;
      const auto auc = roc_auc(scores.pair(i, j));
      if (!auc) return auc.error();
      add(sum, *auc, 1);
      pairs += 1;
    }
  }
  return divided(sum, pairs);
}

}  // namespace pilotwatch::stats
