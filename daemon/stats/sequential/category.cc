// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/category.h"

#include <algorithm>
#include <numeric>

#include "base/result.h"
#include "stats/sequential/bets.h"
#include "stats/sequential/numeric.h"

namespace pilotwatch::stats {
std::uint64_t CategoryReference::n() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

bool category_hit(bool of_category, double q, double p, double tie) {
  const double u = of_category ? 1 - p + p * tie : (1 - p) * tie;
  return u > 1 - q;
}

double category_e(bool hit, double q, double odds) { return (hit ? odds : 1.0) / (1 - q + odds * q); }

CategoryDrift::CategoryDrift(const CategoryReference& reference, std::uint32_t block, Thresholds at)
    : reference_(&reference),
      block_(block),
      categories_(reference.counts.size()),
      evidence_(reference.counts.size()),
      gate_(at) {
  PW_ASSERT(reference.counts.size() >= 2 && reference.counts.size() <= CategoryReference::max_categories && block > 0);
  PW_ASSERT(reference.n() >= RankDrift::min_reference);
  restart();
}

void CategoryDrift::restart() {
  n_ = reference_->n();
  for (std::size_t i = 0; i < categories_.size(); ++i) categories_[i] = {reference_->counts[i], 0, 0};
  begin_block();
}

/// A category the value is not of is hit iff tie > (1 - q)/(1 - p). p only grows with its count, and n by `block_` at
/// most.
void CategoryDrift::begin_block() {
  quiet_tie_ = 1;
  const auto most = static_cast<double>(n_ + block_);
  for (auto& own : categories_) {
    const auto c = static_cast<double>(own.c);
    own.q = (c + .5) / (static_cast<double>(n_) + 1);
    own.hits = 0;
    if (c < most) quiet_tie_ = std::min(quiet_tie_, (1 - own.q) / (1 - c / most));
  }
  quiet_tie_ -= 1e-12;  // rounding must not hide a hit
}

Signal CategoryDrift::step(std::size_t category, double tie, double w) {
  PW_ASSERT(category < categories_.size());
  ++categories_[category].c;
  ++n_;
  const double n = static_cast<double>(n_);
  const auto look_at = [&](std::size_t i) {
    auto& own = categories_[i];
    own.hits += category_hit(i == category, own.q, static_cast<double>(own.c) / n, tie) ? 1U : 0U;
  };
  if (tie <= quiet_tie_) {
    look_at(category);
  } else {
    for (std::size_t i = 0; i < categories_.size(); ++i) look_at(i);
  }
  weight_ += w;
  if (++in_block_ < block_) return gate_.now();
  return look();
}

Signal CategoryDrift::look() {
  const double values = in_block_;
  double sum = 0;
  for (std::size_t i = 0; i < categories_.size(); ++i) {
    auto& own = categories_[i];
    const double hits = own.hits / values;
    std::array<double, category_odds.size()> e;
    for (std::size_t k = 0; k < e.size(); ++k) {
      e[k] = (1 + hits * (category_odds[k] - 1)) / (1 - own.q + category_odds[k] * own.q);  // mean of category_e
    }
    evidence_[i].step(e, weight_);
    sum += evidence_[i].s();
  }
  weight_ = 0;
  in_block_ = 0;
  s_ = sum / static_cast<double>(evidence_.size());
  const auto signal = gate_.look(s_);
  if (signal == Signal::alarm) {
    const auto loudest = std::max_element(evidence_.begin(), evidence_.end(),
                                          [](const auto& a, const auto& b) { return a.s() < b.s(); });
    alarmed_ = {s_, loudest->steps(), loudest->change_point()};
    for (auto& evidence : evidence_) evidence.reset();
    s_ = 0;
    restart();
  } else {
    begin_block();
  }
  return signal;
}

std::vector<double> CategoryDrift::by_category() const {
  std::vector<double> out;
  for (const auto& evidence : evidence_) out.push_back(evidence.s());
  return out;
}

void CategoryDrift::reset() {
  for (auto& evidence : evidence_) evidence.reset();
  gate_.reset();
  weight_ = s_ = 0;
  in_block_ = 0;
  restart();
}

void CategoryDrift::write(ByteWriter& out) const {
  out.u64(in_block_);
  out.f64(weight_);
  out.f64(s_);
  for (std::size_t i = 0; i < categories_.size(); ++i) {
    out.u64(categories_[i].c - reference_->counts[i]);
    out.f64(categories_[i].q);
    out.u64(categories_[i].hits);
    evidence_[i].write(out);
  }
  gate_.write(out);
  alarmed_.write(out);
}

void CategoryDrift::read(ByteReader& in) {
  in_block_ = static_cast<std::uint32_t>(in.u64());
  weight_ = in.f64();
  s_ = in.f64();
  n_ = 0;
  for (std::size_t i = 0; i < categories_.size(); ++i) {
    categories_[i].c = reference_->counts[i] + in.u64();
    categories_[i].q = in.f64();
    categories_[i].hits = static_cast<std::uint32_t>(in.u64());
    evidence_[i].read(in);
    n_ += categories_[i].c;
  }
  quiet_tie_ = 0;  // not stored: look at all of them until the next block begins
  gate_.read(in);
  alarmed_.read(in);
}

ReferenceRate::ReferenceRate(std::uint64_t reference_hits, std::uint64_t reference_n, std::uint32_t block,
                             Thresholds at)
    : reference_hits_(reference_hits), reference_n_(reference_n), block_(block), watch_(at) {
  PW_ASSERT(reference_n >= RankDrift::min_reference && reference_hits <= reference_n && block > 0);
  restart();
}

void ReferenceRate::restart() {
  c_ = reference_hits_;
  n_ = reference_n_;
  q_ = (static_cast<double>(c_) + .5) / (static_cast<double>(n_) + 1);
}

Signal ReferenceRate::step(bool hit, double tie, double w) {
  c_ += hit ? 1U : 0U;
  ++n_;
  hits_ += category_hit(hit, q_, static_cast<double>(c_) / static_cast<double>(n_), tie) ? 1U : 0U;
  weight_ += w;
  if (++in_block_ < block_) return watch_.now();
  const double share = static_cast<double>(hits_) / in_block_;
  std::array<double, 6> e;
  for (std::size_t k = 0; k < e.size(); ++k) {
    e[k] = share * category_e(true, q_, odds_grid[k]) + (1 - share) * category_e(false, q_, odds_grid[k]);
  }
  const auto signal = watch_.step(e, weight_);
  q_ = (static_cast<double>(c_) + .5) / (static_cast<double>(n_) + 1);
  weight_ = 0;
  in_block_ = hits_ = 0;
  if (signal == Signal::alarm) restart();
  return signal;
}

void ReferenceRate::reset() {
  watch_.reset();
  weight_ = 0;
  in_block_ = hits_ = 0;
  restart();
}

void ReferenceRate::write(ByteWriter& out) const {
  for (const auto count : {c_ - reference_hits_, n_ - reference_n_}) out.u64(count);
  out.u64(in_block_);
  out.u64(hits_);
  out.f64(q_);
  out.f64(weight_);
  watch_.write(out);
}

void ReferenceRate::read(ByteReader& in) {
  c_ = reference_hits_ + in.u64();
  n_ = reference_n_ + in.u64();
  in_block_ = static_cast<std::uint32_t>(in.u64());
  hits_ = static_cast<std::uint32_t>(in.u64());
  q_ = in.f64();
  weight_ = in.f64();
  watch_.read(in);
}

}  // namespace pilotwatch::stats
