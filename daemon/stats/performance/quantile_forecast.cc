// SPDX-License-Identifier: Apache-2.0
#include "stats/performance/quantile_forecast.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

constexpr double level_tolerance = 1e-9;

bool same_level(double a, double b) { return std::abs(a - b) <= level_tolerance; }

bool scorable_values(std::span<const double> values, double y) {
  return FixedSum::fits(y) && std::all_of(values.begin(), values.end(), FixedSum::fits) &&
         std::is_sorted(values.begin(), values.end());
}

double bias_of(std::span<const double> levels, std::span<const double> values, double y) {
  const double median = values[values.size() / 2];
  if (y == median) return 0;
  if (y < median) {
    const auto above = std::upper_bound(values.begin(), values.end(), y) - values.begin();
    return above == 0 ? 1 : 1 - 2 * levels[static_cast<std::size_t>(above - 1)];
  }
  const auto reached = static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), y) - values.begin());
  return reached == values.size() ? -1 : 1 - 2 * levels[reached];
}

/// Levels and values known to be good; the middle one is the median.
QuantileScore score(std::span<const double> levels, std::span<const double> values, double y) {
  const std::size_t half = levels.size() / 2;
  const double k = static_cast<double>(half) + 0.5, median = values[half];
  QuantileScore out{};
  out.overprediction = std::max(median - y, 0.0) / 2;
  out.underprediction = std::max(y - median, 0.0) / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double low = values[i], high = values[values.size() - 1 - i];
    out.dispersion += levels[i] * (high - low);
    out.overprediction += std::max(low - y, 0.0);
    out.underprediction += std::max(y - high, 0.0);
  }
  out.dispersion /= k;
  out.overprediction /= k;
  out.underprediction /= k;
  out.wis = out.dispersion + out.overprediction + out.underprediction;
  out.bias = bias_of(levels, values, y);
  out.ae_median = std::abs(median - y);
  return out;
}

}  // namespace

bool scorable_levels(std::span<const double> levels) {
  const std::size_t n = levels.size();
  if (n % 2 == 0 || !same_level(levels[n / 2], 0.5)) return false;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(levels[i] > 0 && levels[i] < 1) || !same_level(levels[i] + levels[n - 1 - i], 1)) return false;
    if (i > 0 && !(levels[i - 1] < levels[i])) return false;
  }
  return true;
}

Answer<QuantileScore> score_quantiles(std::span<const double> levels, std::span<const double> values, double y) {
  PW_ASSERT(levels.size() == values.size());
  if (!scorable_levels(levels) || !scorable_values(values, y)) return Undefined::out_of_domain;
  return score(levels, values, y);
}

QuantileForecastState::QuantileForecastState(std::vector<double> levels)
    : levels_(std::move(levels)), by_level_(levels_.size()) {
  PW_ASSERT(scorable_levels(levels_) && levels_.size() <= max_levels);
}

bool QuantileForecastState::add(std::span<const double> values, double y, std::int64_t times) {
  PW_ASSERT(values.size() == levels_.size());
  if (!scorable_values(values, y)) return false;
  const auto scored = score(levels_, values, y);
  n_ += times;
  dispersion_.add(scored.dispersion, times);
  over_.add(scored.overprediction, times);
  under_.add(scored.underprediction, times);
  bias_.add(scored.bias, times);
  ae_median_.add(scored.ae_median, times);
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    auto& level = by_level_[i];
    if (y < values[i]) level.below += times;
    if (y > values[i]) level.above += times;
    level.pinball.add(((y <= values[i] ? 1.0 : 0.0) - levels_[i]) * (values[i] - y), times);
  }
  return true;
}

QuantileForecastState& QuantileForecastState::operator+=(const QuantileForecastState& other) {
  PW_ASSERT(levels_ == other.levels_);
  n_ += other.n_;
  dispersion_ += other.dispersion_;
  over_ += other.over_;
  under_ += other.under_;
  bias_ += other.bias_;
  ae_median_ += other.ae_median_;
  for (std::size_t i = 0; i < by_level_.size(); ++i) {
    by_level_[i].below += other.by_level_[i].below;
    by_level_[i].above += other.by_level_[i].above;
    by_level_[i].pinball += other.by_level_[i].pinball;
  }
  return *this;
}

QuantileForecastState& QuantileForecastState::operator-=(const QuantileForecastState& other) {
  PW_ASSERT(levels_ == other.levels_);
  n_ -= other.n_;
  dispersion_ -= other.dispersion_;
  over_ -= other.over_;
  under_ -= other.under_;
  bias_ -= other.bias_;
  ae_median_ -= other.ae_median_;
  for (std::size_t i = 0; i < by_level_.size(); ++i) {
    by_level_[i].below -= other.by_level_[i].below;
    by_level_[i].above -= other.by_level_[i].above;
    by_level_[i].pinball -= other.by_level_[i].pinball;
  }
  return *this;
}

Answer<QuantileScore> QuantileForecastState::mean() const {
  if (n_ == 0) return Undefined::no_data;
  const auto n = static_cast<double>(n_);
  QuantileScore out{
      0, dispersion_.value() / n, over_.value() / n, under_.value() / n, bias_.value() / n, ae_median_.value() / n};
  out.wis = out.dispersion + out.overprediction + out.underprediction;
  return out;
}

const QuantileForecastState::Level* QuantileForecastState::find(double level) const {
  const auto at = std::find_if(levels_.begin(), levels_.end(), [=](double a) { return same_level(a, level); });
  return at == levels_.end() ? nullptr : &by_level_[static_cast<std::size_t>(at - levels_.begin())];
}

Answer<double> QuantileForecastState::interval_coverage(double lower, double upper) const {
  PW_ASSERT(lower < upper);
  if (n_ == 0) return Undefined::no_data;
  const auto *from = find(lower), *to = find(upper);
  if (from == nullptr || to == nullptr) return Undefined::out_of_domain;
  // Values ascend, so y below the lower end and y above the upper end exclude each other.
  return static_cast<double>(n_ - from->below - to->above) / static_cast<double>(n_);
}

Answer<double> QuantileForecastState::quantile_coverage(double level) const {
  if (n_ == 0) return Undefined::no_data;
  const auto* at = find(level);
  if (at == nullptr) return Undefined::out_of_domain;
  return static_cast<double>(n_ - at->above) / static_cast<double>(n_);
}

Answer<double> QuantileForecastState::pinball(double level) const {
  if (n_ == 0) return Undefined::no_data;
  const auto* at = find(level);
  if (at == nullptr) return Undefined::out_of_domain;
  return at->pinball.value() / static_cast<double>(n_);
}

void QuantileForecastState::write(ByteWriter& out) const {
  out.u64(levels_.size());
  for (const double level : levels_) out.f64(level);
  out.i64(n_);
  for (const auto* sum : {&dispersion_, &over_, &under_, &bias_, &ae_median_}) sum->write(out);
  for (const auto& level : by_level_) {
    out.i64(level.below);
    out.i64(level.above);
    level.pinball.write(out);
  }
}

void QuantileForecastState::read(ByteReader& in) {
  if (in.count(8) != levels_.size()) throw CorruptBytes("another number of levels");
  for (const double level : levels_) {
    if (in.f64() != level) throw CorruptBytes("other levels");
  }
  n_ = in.i64();
  for (auto* sum : {&dispersion_, &over_, &under_, &bias_, &ae_median_}) sum->read(in);
  for (auto& level : by_level_) {
    level.below = in.i64();
    level.above = in.i64();
    if (level.below < 0 || level.above < 0 || level.below > n_ || level.above > n_ - level.below) {
      throw CorruptBytes("counts of a level");
    }
    level.pinball.read(in);
  }
}

}  // namespace pilotwatch::stats
