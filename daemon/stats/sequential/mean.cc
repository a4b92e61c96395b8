// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/mean.h"

#include <cmath>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double mirrored(double x, Side wrong) { return wrong == Side::above ? x : 1 - x; }

void check_limit(double limit) { PW_ASSERT(limit > 0 && limit < 1); }
void check_observation(double x, double w) { PW_ASSERT(x >= 0 && x <= 1 && w >= 0); }

}  // namespace

void Block::write(ByteWriter& out) const {
  out.u64(n);
  out.u64(sum);
  out.f64(weight);
}

void Block::read(ByteReader& in) {
  n = in.u64();
  sum = in.u64();
  weight = in.f64();
}

BlockMean::BlockMean(double limit, std::uint32_t block, Thresholds at, Side wrong)
    : mean_limit_(mirrored(limit, wrong)), block_(block), wrong_(wrong), watch_(at) {
  check_limit(limit);
  PW_ASSERT(block > 0);
}

Signal BlockMean::close_block() {
  const Block full = open_;
  open_ = {};
  return step_block(full);
}

Signal BlockMean::step_block(const Block& block) {
  PW_ASSERT(block.n > 0);
  const double excess = block.mean() / mean_limit_ - 1;
  std::array<double, 7> e;
  for (std::size_t k = 0; k < e.size(); ++k) e[k] = 1 + fraction_grid[k] * excess;
  return watch_.step(e, block.weight);
}

void BlockMean::reset() {
  watch_.reset();
  open_ = {};
}

void BlockMean::write(ByteWriter& out) const {
  watch_.write(out);
  open_.write(out);
}

void BlockMean::read(ByteReader& in) {
  watch_.read(in);
  open_.read(in);
}

EventMean::EventMean(double limit, Thresholds at, Side wrong)
    : mean_limit_(mirrored(limit, wrong)), wrong_(wrong), watch_(at) {
  check_limit(limit);
  for (std::size_t k = 0; k < lambda_.size(); ++k) lambda_[k] = mean_bet(mean_limit_, odds_grid[k]).lambda;
}

Signal EventMean::step(double x, double w) {
  check_observation(x, w);
  const double excess = mirrored(x, wrong_) - mean_limit_;
  std::array<double, 6> e;
  for (std::size_t k = 0; k < e.size(); ++k) e[k] = 1 + lambda_[k] * excess;
  return watch_.step(e, w);
}

Recovery::Recovery(double recovered_below, double proven_at, double design_effect, Side wrong)
    : mean_limit_(mirrored(recovered_below, wrong)),
      power_(1 / design_effect),
      wrong_(wrong),
      watch_(Thresholds{proven_at}) {
  check_limit(recovered_below);
  PW_ASSERT(design_effect >= 1);
  constexpr std::array<double, 4> odds{.8, .6, .4, .2};
  for (std::size_t k = 0; k < odds.size(); ++k) lambda_[k] = mean_bet(mean_limit_, odds[k]).lambda;
}

Signal Recovery::step(double x, double w) {
  check_observation(x, w);
  const double excess = mirrored(x, wrong_) - mean_limit_;
  std::array<double, 4> e;
  for (std::size_t k = 0; k < e.size(); ++k) {
    e[k] = 1 + lambda_[k] * excess;
    if (power_ != 1) e[k] = std::pow(e[k], power_);
  }
  return watch_.step(e, w);
}

}  // namespace pilotwatch::stats
