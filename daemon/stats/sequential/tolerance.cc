// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/tolerance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/result.h"
#include "stats/sequential/bets.h"

namespace pilotwatch::stats {
namespace {

float rounded_down(double x) {
  const auto out = static_cast<float>(x);
  return static_cast<double>(out) > x ? std::nextafter(out, 0.0F) : out;
}

std::vector<double> shares(const CategoryReference& reference) {
  std::vector<double> out;
  for (const auto count : reference.counts)
    out.push_back(static_cast<double>(count) / static_cast<double>(reference.n()));
  return out;
}

}  // namespace

double reference_error(std::uint64_t m, double delta) {
  PW_ASSERT(m > 0 && delta > 0 && delta < 1);
  return std::sqrt(std::log(2 / delta) / (2 * static_cast<double>(m)));
}

ToleranceLimits ToleranceLimits::around(const std::vector<double>& shares, double slack) {
  PW_ASSERT(slack > 0);
  ToleranceLimits out;
  out.shares = shares.size();
  const auto add = [&](std::size_t i, double limit) {
    if (limit < 1) out.sides.push_back({static_cast<std::uint32_t>(i), rounded_down(1 / limit)});
  };
  for (std::size_t i = 0; i < shares.size(); ++i) add(i, shares[i] + slack);
  out.hit_sides = out.sides.size();
  for (std::size_t i = 0; i < shares.size(); ++i) add(i, 1 - shares[i] + slack);
  return out;
}

ToleranceBets::ToleranceBets(const ToleranceLimits& limits, Thresholds at)
    : limits_(&limits), r_(limits.sides.size()), gate_(at) {}

Signal ToleranceBets::step(std::span<const std::uint32_t> hits, std::uint32_t n, double weight) {
  PW_ASSERT(hits.size() == limits_->shares && n > 0);
  constexpr float lowered = 1 - 0x1p-21F;
  const Lanes slope = lowered * fractions;
  const auto w = static_cast<float>(weight), one = 1 / static_cast<float>(n);
  Lanes sums{};
  const auto bet = [&](std::size_t i, float mean) {
    const float excess = mean * limits_->sides[i].inverse - 1;
    r_[i] = (r_[i] + w) * (lowered + slope * excess);
    sums += r_[i];
  };
  const std::size_t hit_sides = limits_->hit_sides;
  for (std::size_t i = 0; i < hit_sides; ++i) bet(i, static_cast<float>(hits[limits_->sides[i].share]) * one);
  for (std::size_t i = hit_sides; i < r_.size(); ++i) {
    bet(i, static_cast<float>(n - hits[limits_->sides[i].share]) * one);
  }
  ++steps_;
  double sum = 0;
  for (std::size_t k = 0; k < lanes; ++k) sum += static_cast<double>(sums[k]);
  s_ = r_.empty() ? 0 : sum / static_cast<double>(r_.size() * lanes);
  const auto signal = gate_.look(s_);
  if (signal == Signal::alarm) {
    alarmed_ = {s_, steps_, 0};
    calm();
  } else if (s_ > 1e30) {  // no threshold ends it: stay finite
    for (auto& bets : r_) {
      for (std::size_t k = 0; k < lanes; ++k) bets[k] = std::min<float>(bets[k], 1e30F);
    }
  }
  return signal;
}

void ToleranceBets::calm() {
  std::fill(r_.begin(), r_.end(), Lanes{});
  s_ = 0;
  steps_ = 0;
}

void ToleranceBets::reset() {
  calm();
  gate_.reset();
}

void ToleranceBets::write(ByteWriter& out) const {
  out.u64(steps_);
  out.f64(s_);
  for (const auto& bets : r_) {
    for (std::size_t k = 0; k < lanes; ++k) out.f64(static_cast<double>(bets[k]));
  }
  gate_.write(out);
  alarmed_.write(out);
}

void ToleranceBets::read(ByteReader& in) {
  steps_ = in.u64();
  s_ = in.f64();
  for (auto& bets : r_) {
    for (std::size_t k = 0; k < lanes; ++k) bets[k] = static_cast<float>(in.f64());
  }
  gate_.read(in);
  alarmed_.read(in);
}

CdfReference CdfReference::of(const RankReference& bins, double tolerance, double delta) {
  PW_ASSERT(tolerance > 0 && tolerance < 1);
  CdfReference out;
  out.tolerance = tolerance;
  const auto n = std::accumulate(bins.counts.begin(), bins.counts.end(), std::uint64_t{0});
  PW_ASSERT(n > 0);
  std::vector<double> shares;  // at or below the upper edge of each bin
  std::uint64_t sum = 0;
  for (const auto count : bins.counts) {
    sum += count;
    shares.push_back(static_cast<double>(sum) / static_cast<double>(n));
  }
  std::vector<std::size_t> chosen;  // bins whose upper edge is a check point
  for (std::size_t j = 1; j <= max_points; ++j) {
    const double target = static_cast<double>(j) / static_cast<double>(max_points + 1);
    std::size_t best = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (std::abs(shares[i] - target) < std::abs(shares[best] - target)) best = i;
    }
    const bool inside = shares[best] > 0 && best + 1 < shares.size() && shares[best] < 1;
    if (inside && (chosen.empty() || chosen.back() < best)) chosen.push_back(best);
  }
  for (const auto bin : chosen) out.at_or_below.push_back(shares[bin]);
  for (std::size_t bin = 0; bin < bins.counts.size(); ++bin) {
    const auto before = std::lower_bound(chosen.begin(), chosen.end(), bin) - chosen.begin();
    out.points_before.push_back(static_cast<std::uint8_t>(before));
  }
  out.limits = ToleranceLimits::around(out.at_or_below, tolerance + reference_error(n, delta));
  return out;
}

CdfDrift::CdfDrift(const CdfReference& reference, std::uint32_t block, Thresholds at)
    : reference_(&reference), block_(block), bets_(reference.limits, at) {
  PW_ASSERT(block > 0 && block <= 0xFFFF && reference.at_or_below.size() <= CdfReference::max_points);
}

Signal CdfDrift::step(std::size_t bin, double w) {
  PW_ASSERT(bin < reference_->points_before.size());
  ++counts_[reference_->points_before[bin]];
  weight_ += w;
  if (++in_block_ < block_) return bets_.now();
  const auto counts = counts_;
  const double weight = weight_;
  counts_.fill(0);
  weight_ = 0;
  in_block_ = 0;
  return step_block(counts, weight);
}

Signal CdfDrift::step_block(const Counts& counts, double weight) {
  std::array<std::uint32_t, CdfReference::max_points> cumulative{};
  std::uint32_t n = 0;
  for (std::size_t j = 0; j < bets_.shares(); ++j) {
    n += counts[j];
    cumulative[j] = n;
  }
  n += counts[bets_.shares()];
  return bets_.step(std::span(cumulative).first(bets_.shares()), n, weight);
}

void CdfDrift::reset() {
  counts_.fill(0);
  weight_ = 0;
  in_block_ = 0;
  bets_.reset();
}

void CdfDrift::write(ByteWriter& out) const {
  out.u64(in_block_);
  out.f64(weight_);
  for (std::size_t j = 0; j <= bets_.shares(); ++j) out.u64(counts_[j]);
  bets_.write(out);
}

void CdfDrift::read(ByteReader& in) {
  in_block_ = static_cast<std::uint32_t>(in.u64());
  weight_ = in.f64();
  for (std::size_t j = 0; j <= bets_.shares(); ++j) counts_[j] = static_cast<std::uint16_t>(in.u64());
  bets_.read(in);
}

ToleranceLimits category_limits(const CategoryReference& reference, double tolerance, double delta) {
  PW_ASSERT(tolerance > 0 && tolerance < 1);
  const auto categories = static_cast<double>(reference.counts.size());
  return ToleranceLimits::around(shares(reference), tolerance + reference_error(reference.n(), delta / categories));
}

CategoryTolerance::CategoryTolerance(const ToleranceLimits& limits, std::uint32_t block, Thresholds at)
    : block_(block), counts_(limits.shares, 0), bets_(limits, at) {
  PW_ASSERT(block > 0);
}

Signal CategoryTolerance::step(std::size_t category, double w) {
  PW_ASSERT(category < counts_.size());
  ++counts_[category];
  weight_ += w;
  if (++in_block_ < block_) return bets_.now();
  const auto signal = bets_.step(counts_, in_block_, weight_);
  std::fill(counts_.begin(), counts_.end(), 0U);
  weight_ = 0;
  in_block_ = 0;
  return signal;
}

void CategoryTolerance::reset() {
  std::fill(counts_.begin(), counts_.end(), 0U);
  weight_ = 0;
  in_block_ = 0;
  bets_.reset();
}

void CategoryTolerance::write(ByteWriter& out) const {
  out.u64(in_block_);
  out.f64(weight_);
  for (const auto count : counts_) out.u64(count);
  bets_.write(out);
}

void CategoryTolerance::read(ByteReader& in) {
  in_block_ = static_cast<std::uint32_t>(in.u64());
  weight_ = in.f64();
  for (auto& count : counts_) count = static_cast<std::uint32_t>(in.u64());
  bets_.read(in);
}

CdfRecovery::CdfRecovery(const CdfReference& reference, double proven_at)
    : reference_(&reference), proven_at_(proven_at) {
  constexpr std::array<double, 4> odds{.8, .6, .4, .2};
  for (const double p : reference.at_or_below) {
    const auto side = [&](double share) {
      Side out{share + reference.tolerance, {}, {}};
      for (std::size_t k = 0; k < odds.size() && out.limit < 1; ++k) {
        const auto lambda = mean_bet(out.limit, odds[k]).lambda;
        for (const double x : {0.0, 1.0}) out.e[x > 0 ? 1 : 0][k] = 1 + lambda * (x - out.limit);
      }
      return out;
    };
    sides_.push_back({side(p), side(1 - p)});
  }
}

Signal CdfRecovery::step(std::size_t bin, double w) {
  PW_ASSERT(bin < reference_->points_before.size());
  const std::size_t before = reference_->points_before[bin];
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < sides_.size(); ++j) {
    for (std::size_t side = 0; side < 2; ++side) {
      auto& own = sides_[j][side];
      if (own.limit >= 1) continue;
      own.evidence.step(own.e[(before <= j) == (side == 0) ? 1 : 0], w);
      least = std::min(least, own.evidence.s());
    }
  }
  s_ = std::isfinite(least) ? least : 0;
  if (s_ < proven_at_) return Signal::none;
  reset();
  return Signal::alarm;
}

void CdfRecovery::reset() {
  for (auto& pair : sides_) {
    for (auto& side : pair) side.evidence.reset();
  }
  s_ = 0;
}

void CdfRecovery::write(ByteWriter& out) const {
  out.f64(s_);
  for (const auto& pair : sides_) {
    for (const auto& side : pair) side.evidence.write(out);
  }
}

void CdfRecovery::read(ByteReader& in) {
  s_ = in.f64();
  for (auto& pair : sides_) {
    for (auto& side : pair) side.evidence.read(in);
  }
}

}  // namespace pilotwatch::stats
