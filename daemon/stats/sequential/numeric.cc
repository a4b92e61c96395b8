// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/numeric.h"

#include <algorithm>
#include <numeric>

#include "base/result.h"
#include "stats/sequential/lanes.h"

namespace pilotwatch::stats {
namespace {

std::size_t cell_of(double rank) {
  return std::min(static_cast<std::size_t>(rank * static_cast<double>(rank_cells)), rank_cells - 1);
}

std::uint64_t rows(const RankReference& reference) {
  return std::accumulate(reference.counts.begin(), reference.counts.end(), std::uint64_t{0});
}

}  // namespace

RankDrift::RankDrift(const RankReference& reference, std::uint32_t block, Thresholds at)
    : table_(&block_rank_table()), ranks_(reference), block_(block), watch_(at) {
  PW_ASSERT(rows(reference) >= min_reference && block > 0);
}

RankDrift::RankDrift(const StrataReference& reference, std::uint32_t block, Thresholds at)
    : table_(&block_rank_table()), ranks_(reference), block_(block), watch_(at) {
  PW_ASSERT(reference.n() >= min_reference && block > 0);
}

RankDrift::Sums RankDrift::added() const {
  std::array<Lanes, 20 / lanes> sums;
  for (std::size_t j = 0; j < sums.size(); ++j) sums[j] = load_lanes(sums_.data() + lanes * j);
  // In the order of the values, so that the bits do not depend on when this is called.
  for (std::uint32_t i = 0; i < waiting_; ++i) {
    const float* bets = table_->by_cell[cells_[i]].data();
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += load_lanes(bets + lanes * j);
  }
  Sums out;
  for (std::size_t j = 0; j < sums.size(); ++j) store_lanes(sums[j], out.data() + lanes * j);
  return out;
}

Signal RankDrift::step(std::size_t bin, double tie, double w, std::size_t stratum) {
  PW_ASSERT(stratum < ranks_.strata());
  cells_[waiting_++] = static_cast<std::uint16_t>(cell_of(ranks_.rank(stratum, bin, tie)));
  weight_ += w;
  ++in_block_;
  if (in_block_ < block_ && waiting_ < cells_.size()) return watch_.now();
  sums_ = added();
  waiting_ = 0;
  if (in_block_ < block_) return watch_.now();
  std::array<double, 20> means;
  for (std::size_t k = 0; k < means.size(); ++k) means[k] = static_cast<double>(sums_[k]) / block_;
  const auto signal = watch_.step(means, weight_, table_->weights);
  sums_.fill(0);
  weight_ = 0;
  in_block_ = 0;
  if (signal == Signal::alarm) ranks_.restart();
  return signal;
}

void RankDrift::reset() {
  ranks_.restart();
  watch_.reset();
  sums_.fill(0);
  weight_ = 0;
  in_block_ = waiting_ = 0;
}

void RankDrift::write(ByteWriter& out) const {
  ranks_.write(out);
  out.u64(in_block_);
  for (const float sum : added()) out.f64(static_cast<double>(sum));
  out.f64(weight_);
  watch_.write(out);
}

void RankDrift::read(ByteReader& in) {
  ranks_.read(in);
  in_block_ = static_cast<std::uint32_t>(in.u64());
  for (float& sum : sums_) sum = static_cast<float>(in.f64());
  waiting_ = 0;
  weight_ = in.f64();
  watch_.read(in);
}

EventRankDrift::EventRankDrift(const RankReference& reference, Thresholds at)
    : table_(&event_rank_table()), ranks_(reference), watch_(at) {
  PW_ASSERT(rows(reference) >= RankDrift::min_reference);
}

Signal EventRankDrift::step(std::size_t bin, double tie, double w) {
  const auto& bets = table_->by_cell[cell_of(ranks_.rank(bin, tie))];
  std::array<double, 23> e;
  for (std::size_t k = 0; k < e.size(); ++k) e[k] = static_cast<double>(bets[k]);
  const auto signal = watch_.step(e, w, table_->weights);
  if (signal == Signal::alarm) ranks_.restart();
  return signal;
}

void EventRankDrift::reset() {
  ranks_.restart();
  watch_.reset();
}

void EventRankDrift::write(ByteWriter& out) const {
  ranks_.write(out);
  watch_.write(out);
}

void EventRankDrift::read(ByteReader& in) {
  ranks_.read(in);
  watch_.read(in);
}

}  // namespace pilotwatch::stats
