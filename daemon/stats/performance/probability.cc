// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/probability.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double real(std::int64_t count) { return static_cast<double>(count); }

Answer<double> mean(const FixedSum& sum, std::int64_t n) {
  if (n == 0) return Undefined::no_data;
  return sum.value() / real(n);
}

}  // namespace

double log_loss_of(double p, bool positive, double clip) {
  const double q = std::clamp(p, clip, 1 - clip);
  return positive ? -std::log(q) : -std::log1p(-q);
}

void ProbabilityState::add(double p, bool positive, std::int64_t times) {
  PW_ASSERT(p >= 0 && p <= 1);
  n_ += times;
  squares_.add_square(positive ? 1 - p : p, times);
  log_loss_.add(log_loss_of(p, positive, 1e-15), times);
  log_loss_machine_.add(log_loss_of(p, positive, std::numeric_limits<double>::epsilon()), times);
  auto& bin = bins_[std::min(static_cast<std::size_t>(10 * p), bins - 1)];
  bin.n += times;
  if (positive) bin.positives += times;
  bin.scores.add(p, times);
}

ProbabilityState& ProbabilityState::operator+=(const ProbabilityState& other) {
  n_ += other.n_;
  squares_ += other.squares_;
  log_loss_ += other.log_loss_;
  log_loss_machine_ += other.log_loss_machine_;
  for (std::size_t i = 0; i < bins; ++i) {
    bins_[i].n += other.bins_[i].n;
    bins_[i].positives += other.bins_[i].positives;
    bins_[i].scores += other.bins_[i].scores;
  }
  return *this;
}

ProbabilityState& ProbabilityState::operator-=(const ProbabilityState& other) {
  n_ -= other.n_;
  squares_ -= other.squares_;
  log_loss_ -= other.log_loss_;
  log_loss_machine_ -= other.log_loss_machine_;
  for (std::size_t i = 0; i < bins; ++i) {
    bins_[i].n -= other.bins_[i].n;
    bins_[i].positives -= other.bins_[i].positives;
    bins_[i].scores -= other.bins_[i].scores;
  }
  return *this;
}

Answer<double> ProbabilityState::brier() const { return mean(squares_, n_); }
Answer<double> ProbabilityState::log_loss() const { return mean(log_loss_, n_); }
Answer<double> ProbabilityState::log_loss_machine() const { return mean(log_loss_machine_, n_); }

ProbabilityState::Bin ProbabilityState::bin(std::size_t i) const {
  PW_ASSERT(i < bins);
  const auto& sums = bins_[i];
  if (sums.n == 0) return {};
  return {sums.n, sums.positives, sums.scores.value() / real(sums.n), real(sums.positives) / real(sums.n)};
}

Answer<double> ProbabilityState::ece() const {
  if (n_ == 0) return Undefined::no_data;
  double sum = 0;
  for (const auto& bin : bins_) sum += std::abs(real(bin.positives) - bin.scores.value());
  return sum / real(n_);
}

Answer<double> ProbabilityState::mce() const {
  if (n_ == 0) return Undefined::no_data;
  double most = 0;
  for (const auto& bin : bins_) {
    if (bin.n > 0) most = std::max(most, std::abs(real(bin.positives) - bin.scores.value()) / real(bin.n));
  }
  return most;
}

void ProbabilityState::write(ByteWriter& out) const {
  out.i64(n_);
  for (const auto* sum : {&squares_, &log_loss_, &log_loss_machine_}) sum->write(out);
  for (const auto& bin : bins_) {
    out.i64(bin.n);
    out.i64(bin.positives);
    bin.scores.write(out);
  }
}

void ProbabilityState::read(ByteReader& in) {
  n_ = in.i64();
  for (auto* sum : {&squares_, &log_loss_, &log_loss_machine_}) sum->read(in);
  std::int64_t total = 0;
  for (auto& bin : bins_) {
    bin.n = in.i64();
    bin.positives = in.i64();
    if (bin.positives < 0 || bin.n < bin.positives || bin.n > n_ - total) throw CorruptBytes("calibration bin");
    total += bin.n;
    bin.scores.read(in);
  }
  if (total != n_) throw CorruptBytes("calibration bins do not add up");
}

}  // namespace pilotwatch::stats
