// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/empirical_bernstein.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double square(double x) { return x * x; }

}  // namespace

EmpiricalBernstein::EmpiricalBernstein(double alpha) : alpha_(alpha) { PW_ASSERT(alpha > 0 && alpha < 1); }

void EmpiricalBernstein::add(double x) {
  PW_ASSERT(x >= 0 && x <= 1);
  const double seen = static_cast<double>(n_ + 1);  // with the pseudo-observation
  const double mean = (0.5 + sum_) / seen, variance = (0.25 + squares_) / seen;
  const double bet = std::min(0.5, std::sqrt(2 * std::log(2 / alpha_) / (variance * seen * std::log1p(seen))));
  weights_ += bet;
  weighted_ += bet * x;
  paid_ += square(x - mean) * (-std::log1p(-bet) - bet);
  ++n_;
  sum_ += x;
  squares_ += square(x - (0.5 + sum_) / (seen + 1));
}

Answer<double> EmpiricalBernstein::centre() const {
  if (n_ == 0) return Undefined::no_data;
  return weighted_ / weights_;
}

Answer<Interval> EmpiricalBernstein::interval() const {
  if (n_ == 0) return Undefined::no_data;
  const double middle = weighted_ / weights_, half = (std::log(2 / alpha_) + paid_) / weights_;
  return Interval{std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

void EmpiricalBernstein::write(ByteWriter& out) const {
  out.u64(n_);
  for (const double value : {alpha_, weights_, weighted_, paid_, sum_, squares_}) out.f64(value);
}

void EmpiricalBernstein::read(ByteReader& in) {
  EmpiricalBernstein got(0.5);
  got.n_ = in.u64();
  for (double* value : {&got.alpha_, &got.weights_, &got.weighted_, &got.paid_, &got.sum_, &got.squares_}) {
    *value = in.f64();
    if (!std::isfinite(*value) || *value < 0) throw CorruptBytes("empirical Bernstein: a value out of range");
  }
  if (got.alpha_ <= 0 || got.alpha_ >= 1 || (got.n_ == 0) != (got.weights_ == 0)) {
    throw CorruptBytes("empirical Bernstein: no state of this kind");
  }
  *this = got;
}

}  // namespace pilotwatch::stats
