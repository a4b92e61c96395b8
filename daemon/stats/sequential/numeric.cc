// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/numeric.h"

#include <algorithm>
#include <numeric>

#include "base/result.h"

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

Signal RankDrift::step(std::size_t bin, double tie, double w) {
  const auto& bets = table_->by_cell[cell_of(ranks_.rank(bin, tie))];
  for (std::size_t k = 0; k < bets.size(); ++k) sums_[k] += bets[k];
  weight_ += w;
  if (++in_block_ < block_) return watch_.now();
  for (double& sum : sums_) sum /= block_;
  const auto signal = watch_.step(sums_, weight_, table_->weights);
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
  in_block_ = 0;
}

void RankDrift::write(ByteWriter& out) const {
  ranks_.write(out);
  out.u64(in_block_);
  for (const double sum : sums_) out.f64(sum);
  out.f64(weight_);
  watch_.write(out);
}

void RankDrift::read(ByteReader& in) {
  ranks_.read(in);
  in_block_ = static_cast<std::uint32_t>(in.u64());
  for (double& sum : sums_) sum = in.f64();
  weight_ = in.f64();
  watch_.read(in);
}

EventRankDrift::EventRankDrift(const RankReference& reference, Thresholds at)
    : table_(&event_rank_table()), ranks_(reference), watch_(at) {
  PW_ASSERT(rows(reference) >= RankDrift::min_reference);
}

Signal EventRankDrift::step(std::size_t bin, double tie, double w) {
  const auto signal = watch_.step(table_->by_cell[cell_of(ranks_.rank(bin, tie))], w, table_->weights);
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
