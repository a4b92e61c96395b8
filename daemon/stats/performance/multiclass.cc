// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/multiclass.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

__extension__ using Int128 = __int128;

double real(std::uint64_t count) { return static_cast<double>(count); }
double ratio_or_0(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/// Per class: hits, cases, predictions to a figure.
using Term = double (*)(double c, double t, double p);
double precision_term(double c, double, double p) { return ratio_or_0(c, p); }
double recall_term(double c, double t, double) { return ratio_or_0(c, t); }
double f1_term(double c, double t, double p) { return ratio_or_0(2 * c, t + p); }

enum class Average { macro, weighted };

Answer<double> average(const ClassMatrix& m, Average how, Term term) {
  const double n = real(m.total());
  if (n == 0) return Undefined::no_data;
  double sum = 0;
  for (std::size_t k = 0; k < m.classes(); ++k) {
    const double t = real(m.truths(k));
    sum += (how == Average::macro ? 1 : t) * term(real(m.count(k, k)), t, real(m.predictions(k)));
  }
  return std::min(1.0, sum / (how == Average::macro ? static_cast<double>(m.classes()) : n));
}

/// The sums of products that MCC and kappa are made of.
struct Products {
  Int128 hits = 0;                              ///< n sum c_k
  Int128 chance = 0;                            ///< sum t_k p_k
  Int128 all = 0, truths = 0, predictions = 0;  ///< n^2, sum t_k^2, sum p_k^2
};

Products products(const ClassMatrix& m) {
  Products out;
  const Int128 n = m.total();
  out.all = n * n;
  for (std::size_t k = 0; k < m.classes(); ++k) {
    const Int128 t = m.truths(k), p = m.predictions(k);
    out.hits += n * m.count(k, k);
    out.chance += t * p;
    out.truths += t * t;
    out.predictions += p * p;
  }
  return out;
}

}  // namespace

ClassMatrix::ClassMatrix(std::size_t classes) : classes_(classes) {
  PW_ASSERT(classes >= 2 && classes <= max_classes);
  counts_.resize(classes * classes, 0);
}

void ClassMatrix::add(std::size_t truth, std::size_t predicted, std::int64_t times) {
  PW_ASSERT(truth < classes_ && predicted < classes_);
  counts_[truth * classes_ + predicted] += static_cast<std::uint64_t>(times);
}

ClassMatrix& ClassMatrix::operator+=(const ClassMatrix& other) {
  PW_ASSERT(classes_ == other.classes_);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  return *this;
}

ClassMatrix& ClassMatrix::operator-=(const ClassMatrix& other) {
  PW_ASSERT(classes_ == other.classes_);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] -= other.counts_[i];
  return *this;
}

std::uint64_t ClassMatrix::count(std::size_t truth, std::size_t predicted) const {
  PW_ASSERT(truth < classes_ && predicted < classes_);
  return counts_[truth * classes_ + predicted];
}

std::uint64_t ClassMatrix::truths(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < classes_; ++k) sum += count(c, k);
  return sum;
}

std::uint64_t ClassMatrix::predictions(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < classes_; ++k) sum += count(k, c);
  return sum;
}

std::uint64_t ClassMatrix::total() const {
  std::uint64_t sum = 0;
  for (const auto value : counts_) sum += value;
  return sum;
}

void ClassMatrix::write(ByteWriter& out) const {
  out.u64(classes_);
  for (const auto value : counts_) out.u64(value);
}

void ClassMatrix::read(ByteReader& in) {
  const auto classes = in.u64();
  if (classes != classes_) throw CorruptBytes("another number of classes");
  std::uint64_t sum = 0;
  for (auto& value : counts_) {
    value = in.u64();
    if (value >> 61 != 0 || (sum += value) >> 61 != 0) throw CorruptBytes("class count too large");
  }
}

Answer<double> accuracy(const ClassMatrix& m) {
  std::uint64_t hits = 0;
  for (std::size_t k = 0; k < m.classes(); ++k) hits += m.count(k, k);
  if (m.total() == 0) return Undefined::no_data;
  return real(hits) / real(m.total());
}
Answer<double> macro_precision(const ClassMatrix& m) { return average(m, Average::macro, precision_term); }
Answer<double> macro_recall(const ClassMatrix& m) { return average(m, Average::macro, recall_term); }
Answer<double> macro_f1(const ClassMatrix& m) { return average(m, Average::macro, f1_term); }
Answer<double> micro_precision(const ClassMatrix& m) { return accuracy(m); }
Answer<double> micro_recall(const ClassMatrix& m) { return accuracy(m); }
Answer<double> micro_f1(const ClassMatrix& m) { return accuracy(m); }
Answer<double> weighted_precision(const ClassMatrix& m) { return average(m, Average::weighted, precision_term); }
Answer<double> weighted_recall(const ClassMatrix& m) { return accuracy(m); }
Answer<double> weighted_f1(const ClassMatrix& m) { return average(m, Average::weighted, f1_term); }

Answer<double> balanced_accuracy(const ClassMatrix& m) {
  double sum = 0, present = 0;
  for (std::size_t k = 0; k < m.classes(); ++k) {
    const double t = real(m.truths(k));
    if (t == 0) continue;
    sum += real(m.count(k, k)) / t;
    present += 1;
  }
  if (present == 0) return Undefined::no_data;
  return sum / present;
}

Answer<double> mcc(const ClassMatrix& m) {
  const auto s = products(m);
  if (s.all == 0) return Undefined::no_data;
  if (s.all == s.truths || s.all == s.predictions) return Undefined::one_class;
  const double spread =
      std::sqrt(static_cast<double>(s.all - s.truths)) * std::sqrt(static_cast<double>(s.all - s.predictions));
  return std::clamp(static_cast<double>(s.hits - s.chance) / spread, -1.0, 1.0);
}

Answer<double> cohen_kappa(const ClassMatrix& m) {
  const auto s = products(m);
  if (s.all == 0) return Undefined::no_data;
  if (s.all == s.chance) return Undefined::one_class;
  return std::clamp(static_cast<double>(s.hits - s.chance) / static_cast<double>(s.all - s.chance), -1.0, 1.0);
}

}  // namespace pilotwatch::stats
