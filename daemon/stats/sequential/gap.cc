// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/gap.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

constexpr double margin = .002;  ///< rates are kept this far from 0 and 1

double bet_size(double theta, double m) { return (theta - m) / (m * (1 - m)); }

/// One group in a block, and what was known of it before.
struct Side {
  std::uint64_t n, x, past_n, past_x;
  [[nodiscard]] double past_mean() const {
    return past_n == 0 ? .5 : static_cast<double>(past_x) / static_cast<double>(past_n);
  }
};

/// The e-value of a block for the alternative that `high` is above its bound by `gap`, the level of `low` as in the
/// past.
double excess_e(const GapLimit& limit, double gap, const Side& low, const Side& high) {
  const double least = std::max(margin, (margin - limit.difference - gap) / limit.ratio);
  const double most = std::min(1 - margin, (1 - margin - limit.difference - gap) / limit.ratio);
  if (most <= least) return 1;  // the alternative lies beyond 0 or 1: no bet
  const double theta = std::clamp(low.past_mean(), least, most);
  const auto n_low = static_cast<double>(low.n), n_high = static_cast<double>(high.n);
  const auto bet = gap_bet(n_low, theta, n_high, limit.bound(theta) + gap, limit);
  return std::exp(bet.log_e(static_cast<double>(low.x), n_low, static_cast<double>(high.x), n_high));
}

}  // namespace

double GapBet::log_e(double x_a, double n_a, double x_b, double n_b) const {
  return x_a * std::log1p(u * (1 - m_a)) + (n_a - x_a) * std::log1p(-u * m_a) + x_b * std::log1p(v * (1 - m_b)) +
         (n_b - x_b) * std::log1p(-v * m_b);
}

double GapBet::expectation(double p_a, double n_a, double p_b, double n_b) const {
  return std::exp(n_a * std::log1p(u * (p_a - m_a)) + n_b * std::log1p(v * (p_b - m_b)));
}

GapBet gap_bet(double n_a, double theta_a, double n_b, double theta_b, const GapLimit& limit) {
  PW_ASSERT(n_a > 0 && n_b > 0 && theta_a > 0 && theta_a < 1 && theta_b > 0 && theta_b < 1);
  PW_ASSERT(theta_b > limit.bound(theta_a));
  const auto slope = [&](double m) {
    return n_a * bet_size(theta_a, m) + limit.ratio * n_b * bet_size(theta_b, limit.bound(m));
  };
  // Falling in m; u is 0 at theta_a (v > 0 there) and v is 0 where the bound reaches theta_b (u < 0 there).
  double low = std::max(theta_a, -limit.difference / limit.ratio + 1e-12);
  double high = std::min((theta_b - limit.difference) / limit.ratio, 1 - 1e-12);
  high = std::min(high, (1 - limit.difference) / limit.ratio - 1e-12);
  double at_low = slope(low), at_high = slope(high);
  double m = at_low <= 0 ? low : high;
  if (at_low > 0 && at_high < 0) {
    std::uintmax_t steps = 100;
    const auto root = boost::math::tools::toms748_solve(slope, low, high, at_low, at_high,
                                                        boost::math::tools::eps_tolerance<double>(52), steps, Quiet{});
    m = root.first + (root.second - root.first) / 2;
  }
  GapBet bet;
  bet.m_a = m;
  bet.m_b = limit.bound(m);
  bet.v = bet_size(theta_b, bet.m_b);
  bet.u = bet_size(theta_a, m);
  return bet;
}

GroupGap::GroupGap(GapLimit limit, std::uint32_t block, Thresholds at, Excess wrong)
    : limit_(limit), block_(block), watch_(at) {
  PW_ASSERT(limit.ratio > 0 && block > 1);
  const std::size_t used = wrong == Excess::of_b ? 4 : 8;
  for (std::size_t k = 0; k < used; ++k) weights_[k] = 1 / static_cast<double>(used);
}

Signal GroupGap::step(bool group_b, bool hit, double w) {
  PW_ASSERT(w >= 0);
  ++(group_b ? open_.n_b : open_.n_a);
  if (hit) ++(group_b ? open_.x_b : open_.x_a);
  open_.weight += w;
  if (open_.n_a == 0 || open_.n_b == 0 || open_.n_a + open_.n_b < block_) return watch_.now();
  const Counts full = open_;
  open_ = {};
  return step_block(full);
}

Signal GroupGap::step_block(const Counts& block) {
  PW_ASSERT(block.n_a > 0 && block.n_b > 0);
  std::array<double, 8> e;
  e.fill(1);  // a bet of weight 0
  const Side a{block.n_a, block.x_a, past_.n_a, past_.x_a}, b{block.n_b, block.x_b, past_.n_b, past_.x_b};
  for (std::size_t k = 0; k < gap_grid.size(); ++k) {
    e[k] = excess_e(limit_, gap_grid[k], a, b);
    if (weights_[4 + k] > 0) e[4 + k] = excess_e(limit_, gap_grid[k], b, a);
  }
  past_.n_a += block.n_a;
  past_.x_a += block.x_a;
  past_.n_b += block.n_b;
  past_.x_b += block.x_b;
  return watch_.step(e, block.weight, weights_);
}

void GroupGap::reset() {
  watch_.reset();
  open_ = past_ = {};
}

void GroupGap::Counts::write(ByteWriter& out) const {
  for (const auto count : {n_a, x_a, n_b, x_b}) out.u64(count);
  out.f64(weight);
}

void GroupGap::Counts::read(ByteReader& in) {
  for (auto* count : {&n_a, &x_a, &n_b, &x_b}) *count = in.u64();
  weight = in.f64();
}

void GroupGap::write(ByteWriter& out) const {
  watch_.write(out);
  open_.write(out);
  past_.write(out);
}

void GroupGap::read(ByteReader& in) {
  watch_.read(in);
  open_.read(in);
  past_.read(in);
}

}  // namespace pilotwatch::stats
