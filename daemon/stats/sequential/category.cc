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

std::uint64_t CategoryStrata::n() const {
  return std::accumulate(strata.begin(), strata.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const CategoryReference& stratum) { return sum + stratum.n(); });
}

CategoryDrift::CategoryDrift(std::vector<const CategoryReference*> references, std::uint32_t block, Thresholds at)
    : block_(block), gate_(at) {
  PW_ASSERT(!references.empty() && block > 0);
  const auto categories = references.front()->counts.size();
  PW_ASSERT(categories >= 2 && categories <= CategoryReference::max_categories);
  std::uint64_t n = 0;
  for (const auto* reference : references) {
    PW_ASSERT(reference->counts.size() == categories && reference->n() > 0);
    n += reference->n();
    strata_.push_back({reference, std::vector<Category>(categories)});
  }
  PW_ASSERT(n >= RankDrift::min_reference);
  evidence_.resize(categories);
  restart();
}

namespace {

std::vector<const CategoryReference*> pointers(const CategoryStrata& reference) {
  std::vector<const CategoryReference*> out;
  for (const auto& stratum : reference.strata) out.push_back(&stratum);
  return out;
}

}  // namespace

CategoryDrift::CategoryDrift(const CategoryReference& reference, std::uint32_t block, Thresholds at)
    : CategoryDrift(std::vector{&reference}, block, at) {}

CategoryDrift::CategoryDrift(const CategoryStrata& reference, std::uint32_t block, Thresholds at)
    : CategoryDrift(pointers(reference), block, at) {}

void CategoryDrift::restart() {
  in_block_ = 0;
  for (auto& own : strata_) {
    own.n = own.reference->n();
    for (std::size_t i = 0; i < own.categories.size(); ++i) own.categories[i] = {own.reference->counts[i], 0, 0};
    begin_block(own);
  }
}

/// A category the value is not of is hit iff tie > (1 - q)/(1 - p). p only grows with its count, and n by `block_` at
/// most.
void CategoryDrift::begin_block(Stratum& own) const {
  own.in_block = 0;
  own.quiet_tie = 1;
  const auto most = static_cast<double>(own.n + block_);
  for (auto& category : own.categories) {
    const auto c = static_cast<double>(category.c);
    category.q = (c + .5) / (static_cast<double>(own.n) + 1);
    category.hits = 0;
    if (c < most) own.quiet_tie = std::min(own.quiet_tie, (1 - category.q) / (1 - c / most));
  }
  own.quiet_tie -= 1e-12;  // rounding must not hide a hit
}

Signal CategoryDrift::step(std::size_t category, double tie, double w, std::size_t stratum) {
  PW_ASSERT(stratum < strata_.size() && category < evidence_.size());
  auto& own = strata_[stratum];
  ++own.categories[category].c;
  ++own.n;
  ++own.in_block;
  const double n = static_cast<double>(own.n);
  const auto look_at = [&](std::size_t i) {
    auto& other = own.categories[i];
    other.hits += category_hit(i == category, other.q, static_cast<double>(other.c) / n, tie) ? 1U : 0U;
  };
  if (tie <= own.quiet_tie) {
    look_at(category);
  } else {
    for (std::size_t i = 0; i < own.categories.size(); ++i) look_at(i);
  }
  weight_ += w;
  if (++in_block_ < block_) return gate_.now();
  return look();
}

/// Means of category_e over the block.
void CategoryDrift::e_values(std::size_t category, std::array<double, category_odds.size()>& e) const {
  e.fill(0);
  for (const auto& own : strata_) {
    if (own.in_block == 0) continue;
    const double values = own.in_block, part = values / in_block_;
    const auto& seen = own.categories[category];
    const double hits = seen.hits / values;
    for (std::size_t k = 0; k < e.size(); ++k) {
      e[k] += part * ((1 + hits * (category_odds[k] - 1)) / (1 - seen.q + category_odds[k] * seen.q));
    }
  }
}

Signal CategoryDrift::look() {
  double sum = 0;
  std::array<double, category_odds.size()> e;
  for (std::size_t i = 0; i < evidence_.size(); ++i) {
    e_values(i, e);
    evidence_[i].step(e, weight_);
    sum += evidence_[i].s();
  }
  weight_ = 0;
  in_block_ = 0;
  s_ = sum / static_cast<double>(evidence_.size());
  const auto signal = gate_.look(s_);
  if (signal == Signal::alarm) {
    const auto& most = evidence_[loudest()];
    alarmed_ = {s_, most.steps(), most.change_point()};
    for (auto& evidence : evidence_) evidence.reset();
    s_ = 0;
    restart();
  } else {
    for (auto& own : strata_) {
      if (own.in_block > 0) begin_block(own);  // the q of the others stands as it is
    }
  }
  return signal;
}

std::vector<double> CategoryDrift::by_category() const {
  std::vector<double> out;
  for (const auto& evidence : evidence_) out.push_back(evidence.s());
  return out;
}

std::size_t CategoryDrift::loudest() const {
  std::size_t out = 0;
  double most = evidence_.front().s();
  for (std::size_t i = 1; i < evidence_.size(); ++i) {
    const double s = evidence_[i].s();
    if (s > most) {
      most = s;
      out = i;
    }
  }
  return out;
}

void CategoryDrift::reset() {
  for (auto& evidence : evidence_) evidence.reset();
  gate_.reset();
  weight_ = s_ = 0;
  restart();
}

void CategoryDrift::write(ByteWriter& out) const {
  out.u64(in_block_);
  out.f64(weight_);
  out.f64(s_);
  for (std::size_t i = 0; i < evidence_.size(); ++i) {
    for (const auto& own : strata_) {
      out.u64(own.categories[i].c - own.reference->counts[i]);
      out.f64(own.categories[i].q);
      out.u64(own.categories[i].hits);
    }
    evidence_[i].write(out);
  }
  if (strata_.size() > 1) {
    for (const auto& own : strata_) out.u64(own.in_block);
  }
  gate_.write(out);
  alarmed_.write(out);
}

void CategoryDrift::read(ByteReader& in) {
  in_block_ = static_cast<std::uint32_t>(in.u64());
  weight_ = in.f64();
  s_ = in.f64();
  for (auto& own : strata_) own.n = 0;
  for (std::size_t i = 0; i < evidence_.size(); ++i) {
    for (auto& own : strata_) {
      auto& category = own.categories[i];
      category.c = own.reference->counts[i] + in.u64();
      category.q = in.f64();
      category.hits = static_cast<std::uint32_t>(in.u64());
      own.n += category.c;
    }
    evidence_[i].read(in);
  }
  for (auto& own : strata_) {
    own.in_block = strata_.size() > 1 ? static_cast<std::uint32_t>(in.u64()) : in_block_;
    own.quiet_tie = 0;  // not stored: look at all of them until the next block begins
  }
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
