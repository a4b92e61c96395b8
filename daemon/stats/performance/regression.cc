// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/regression.h"

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

using Quad = boost::multiprecision::cpp_bin_float_quad;
/// Squares of log differences are often below what FixedSum keeps (8e-25): they are summed 2^60 times as large.
constexpr double log_scale = 0x1p30;

double real(std::int64_t count) { return static_cast<double>(count); }

Answer<double> mean(const FixedSum& sum, std::int64_t n) {
  if (n == 0) return Undefined::no_data;
  return sum.value() / real(n);
}

Quad quad(const FixedSum& sum) {
  const auto parts = sum.split();
  return Quad(parts.high) + Quad(parts.low);
}

}  // namespace

void RegressionState::add(double actual, double predicted, std::int64_t times) {
  PW_ASSERT(fits(actual, predicted));
  const double error = predicted - actual, size = std::abs(error);
  n_ += times;
  (error > 0 ? over_ : under_).add(size, times);
  squares_.add_square(error, times);
  actual_.add(actual, times);
  actual_squares_.add_square(actual, times);
  if (actual != 0) {
    mape_n_ += times;
    const double ratio = size / std::abs(actual);
    if (ratio <= FixedSum::max_addend) {
      ratios_.add(ratio, times);
    } else {
      ratio_too_large_ += times;
    }
  }
  ratios_machine_.add(size / std::max(std::abs(actual), std::numeric_limits<double>::epsilon()), times);
  if (size > 0) symmetric_.add(2 * size / (std::abs(actual) + std::abs(predicted)), times);
  if (actual > -1 && predicted > -1) {
    log_squares_.add_square(log_scale * (std::log1p(predicted) - std::log1p(actual)), times);
  } else {
    no_logarithm_ += times;
  }
}

RegressionState& RegressionState::operator+=(const RegressionState& other) {
  n_ += other.n_;
  mape_n_ += other.mape_n_;
  ratio_too_large_ += other.ratio_too_large_;
  no_logarithm_ += other.no_logarithm_;
  over_ += other.over_;
  under_ += other.under_;
  squares_ += other.squares_;
  actual_ += other.actual_;
  actual_squares_ += other.actual_squares_;
  ratios_ += other.ratios_;
  ratios_machine_ += other.ratios_machine_;
  symmetric_ += other.symmetric_;
  log_squares_ += other.log_squares_;
  return *this;
}

RegressionState& RegressionState::operator-=(const RegressionState& other) {
  n_ -= other.n_;
  mape_n_ -= other.mape_n_;
  ratio_too_large_ -= other.ratio_too_large_;
  no_logarithm_ -= other.no_logarithm_;
  over_ -= other.over_;
  under_ -= other.under_;
  squares_ -= other.squares_;
  actual_ -= other.actual_;
  actual_squares_ -= other.actual_squares_;
  ratios_ -= other.ratios_;
  ratios_machine_ -= other.ratios_machine_;
  symmetric_ -= other.symmetric_;
  log_squares_ -= other.log_squares_;
  return *this;
}

Answer<double> RegressionState::mae() const {
  auto sum = over_;
  return mean(sum += under_, n_);
}

Answer<double> RegressionState::mse() const { return mean(squares_, n_); }

Answer<double> RegressionState::rmse() const {
  const auto square = mse();
  if (!square) return square.error();
  return std::sqrt(*square);
}

Answer<double> RegressionState::bias() const {
  auto sum = over_;
  return mean(sum -= under_, n_);
}

Answer<double> RegressionState::mape() const {
  if (n_ == 0) return Undefined::no_data;
  if (mape_n_ == 0) return Undefined::zero_denominator;
  if (ratio_too_large_ != 0) return Undefined::out_of_domain;
  return ratios_.value() / real(mape_n_);
}

Answer<double> RegressionState::mape_machine() const { return mean(ratios_machine_, n_); }
Answer<double> RegressionState::smape() const { return mean(symmetric_, n_); }

Answer<double> RegressionState::r2() const {
  if (n_ == 0) return Undefined::no_data;
  // n^2 times the variance, as n sum y^2 - (sum y)^2.
  const Quad n = n_, sum = quad(actual_), squares = quad(actual_squares_);
  const Quad spread = n * squares - sum * sum;
  const Quad noise = ldexp(Quad(1), -78) * n * n + ldexp(n * squares, -98);
  if (spread <= noise) return Undefined::constant;
  return static_cast<double>(1 - n * quad(squares_) / spread);
}

Answer<double> RegressionState::rmsle() const {
  if (n_ == 0) return Undefined::no_data;
  if (no_logarithm_ != 0) return Undefined::out_of_domain;
  return std::sqrt(log_squares_.value() / real(n_)) / log_scale;
}

Answer<double> RegressionState::pinball(double q) const {
  PW_ASSERT(q > 0 && q < 1);
  if (n_ == 0) return Undefined::no_data;
  return (q * under_.value() + (1 - q) * over_.value()) / real(n_);
}

void RegressionState::write(ByteWriter& out) const {
  for (const auto count : {n_, mape_n_, ratio_too_large_, no_logarithm_}) out.i64(count);
  for (const auto* sum : {&over_, &under_, &squares_, &actual_, &actual_squares_, &ratios_, &ratios_machine_,
                          &symmetric_, &log_squares_}) {
    sum->write(out);
  }
}

void RegressionState::read(ByteReader& in) {
  for (auto* count : {&n_, &mape_n_, &ratio_too_large_, &no_logarithm_}) *count = in.i64();
  for (const auto part : {mape_n_, no_logarithm_}) {
    if (part < 0 || part > n_) throw CorruptBytes("regression counts");
  }
  if (ratio_too_large_ < 0 || ratio_too_large_ > mape_n_) throw CorruptBytes("regression counts");
  for (auto* sum : {&over_, &under_, &squares_, &actual_, &actual_squares_, &ratios_, &ratios_machine_, &symmetric_,
                    &log_squares_}) {
    sum->read(in);
  }
}

void AbsoluteErrors::add(double actual, double predicted, std::int64_t times) {
  counts_.add(std::abs(predicted - actual), 0, times);
}

AbsoluteErrors& AbsoluteErrors::operator+=(const AbsoluteErrors& other) {
  counts_ += other.counts_;
  return *this;
}

AbsoluteErrors& AbsoluteErrors::operator-=(const AbsoluteErrors& other) {
  counts_ -= other.counts_;
  return *this;
}

Answer<Bracketed> AbsoluteErrors::median() const {
  const auto table = counts_.table();
  std::int64_t n = 0;
  for (std::size_t i = 0; i < table.size(); ++i) n += table[i].counts[0];
  if (n == 0) return Undefined::no_data;
  const auto at_rank = [&](std::int64_t rank) {  // 0-based
    std::size_t i = 0;
    for (std::int64_t seen = table[0].counts[0]; seen <= rank; seen += table[i].counts[0]) ++i;
    return table[i];
  };
  const auto a = at_rank((n - 1) / 2), b = at_rank(n / 2);
  return Bracketed{a.middle() / 2 + b.middle() / 2, a.low / 2 + b.low / 2, a.high / 2 + b.high / 2};
}

Answer<Bracketed> AbsoluteErrors::max() const {
  const auto table = counts_.table();
  if (table.size() == 0) return Undefined::no_data;
  const auto last = table[table.size() - 1];
  return Bracketed{last.middle(), last.low, last.high};
}

void MaxError::add(double actual, double predicted) {
  const double size = std::abs(predicted - actual);
  PW_ASSERT(!std::isnan(size));
  most_ = any_ ? std::max(most_, size) : size;
  any_ = true;
}

MaxError& MaxError::operator+=(const MaxError& other) {
  most_ = std::max(most_, other.most_);
  any_ = any_ || other.any_;
  return *this;
}

Answer<double> MaxError::value() const {
  if (!any_) return Undefined::no_data;
  return most_;
}

void MaxError::write(ByteWriter& out) const {
  out.flag(any_);
  out.f64(most_);
}

void MaxError::read(ByteReader& in) {
  any_ = in.flag();
  most_ = in.f64();
  if (!(most_ >= 0) || (!any_ && most_ != 0)) throw CorruptBytes("largest error");
}

}  // namespace pilotwatch::stats
