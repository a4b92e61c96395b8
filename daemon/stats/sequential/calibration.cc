// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/calibration.h"

#include <algorithm>

#include "base/result.h"

namespace pilotwatch::stats {

CalibrationDrift::CalibrationDrift(double tolerance, std::uint32_t block, Thresholds at)
    : limit_((1 + tolerance) / 2), block_(block), bins_(bins), gate_(at) {
  PW_ASSERT(tolerance > 0 && tolerance < 1 && block > 0);
}

Signal CalibrationDrift::step(double score, bool positive, double w) {
  PW_ASSERT(score >= 0 && score <= 1 && w >= 0);
  for (auto& bin : bins_) bin.open.weight += w;
  auto& own = bins_[std::min(static_cast<std::size_t>(score * static_cast<double>(bins)), bins - 1)];
  own.open.add(((positive ? 1.0 : 0.0) - score + 1) / 2, 0);
  if (own.open.n < block_) return gate_.now();
  const double means[] = {own.open.mean(), 1 - own.open.mean()};
  for (std::size_t side = 0; side < 2; ++side) {
    Evidence<7>::Values e;
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = 1 + fraction_grid[k] * (means[side] / limit_ - 1);
    own.evidence[side].step(e, own.open.weight);
  }
  own.open = {};
  double sum = 0;
  const Evidence<7>* loudest = &own.evidence[0];
  for (const auto& bin : bins_) {
    for (const auto& evidence : bin.evidence) {
      sum += evidence.s();
      if (evidence.s() > loudest->s()) loudest = &evidence;
    }
  }
  s_ = sum / static_cast<double>(2 * bins);
  const auto signal = gate_.look(s_);
  if (signal == Signal::alarm) {
    alarmed_ = {s_, loudest->steps(), loudest->change_point()};
    for (auto& bin : bins_) {
      for (auto& evidence : bin.evidence) evidence.reset();
    }
    s_ = 0;
  }
  return signal;
}

std::array<std::array<double, 2>, CalibrationDrift::bins> CalibrationDrift::by_bin() const {
  std::array<std::array<double, 2>, bins> out{};
  for (std::size_t b = 0; b < bins; ++b) out[b] = {bins_[b].evidence[0].s(), bins_[b].evidence[1].s()};
  return out;
}

void CalibrationDrift::reset() {
  bins_.assign(bins, {});
  s_ = 0;
  gate_.reset();
}

void CalibrationDrift::write(ByteWriter& out) const {
  for (const auto& bin : bins_) {
    bin.open.write(out);
    for (const auto& evidence : bin.evidence) evidence.write(out);
  }
  out.f64(s_);
  gate_.write(out);
  alarmed_.write(out);
}

void CalibrationDrift::read(ByteReader& in) {
  for (auto& bin : bins_) {
    bin.open.read(in);
    for (auto& evidence : bin.evidence) evidence.read(in);
  }
  s_ = in.f64();
  gate_.read(in);
  alarmed_.read(in);
}

}  // namespace pilotwatch::stats
