// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential/ranks.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "base/result.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

constexpr double g = static_cast<double>(rank_cells);
constexpr std::size_t tail_cells = 20;

/// z with Phi(z) = cell/G, from the nearer side so that no digits are lost; infinite at the ends.
double boundary(std::size_t cell) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (cell == 0) return -inf;
  if (cell == rank_cells) return inf;
  if (2 * cell == rank_cells) return 0;
  const double p = static_cast<double>(cell) / g;
  return 2 * cell < rank_cells ? -normal_upper_quantile(p) : normal_upper_quantile(1 - p);
}

/// P(a < Z <= b), from the tail in which both lie.
double mass(double a, double b) { return a + b > 0 ? normal_cdf(-a) - normal_cdf(-b) : normal_cdf(b) - normal_cdf(a); }

template <std::size_t K, std::size_t D, std::size_t S, std::size_t E>
RankTable<K> make_table(const std::array<double, D>& shifts, const std::array<double, S>& scales,
                        const std::array<double, E>& epsilons) {
  static_assert(K == 2 * D + S + 3 * E);
  RankTable<K> out;
  out.by_cell.resize(rank_cells);
  std::size_t k = 0;
  const auto fill = [&](double weight, auto bet) {
    for (std::size_t cell = 0; cell < rank_cells; ++cell) {
      const double value = bet(cell);
      auto rounded = static_cast<float>(value);
      if (static_cast<double>(rounded) > value) rounded = std::nextafter(rounded, 0.0F);
      out.by_cell[cell][k] = rounded;
    }
    out.weights[k++] = weight;
  };
  for (const double d : shifts) {
    for (const double sign : {1.0, -1.0}) {
      fill(.5 / static_cast<double>(2 * D), [&](std::size_t cell) { return location_bet(cell, sign * d); });
    }
  }
  for (const double s : scales) {
    fill(.3 / static_cast<double>(S), [&](std::size_t cell) { return scale_bet(cell, s); });
  }
  for (const double epsilon : epsilons) {
    for (const auto tail : {Tail::high, Tail::low, Tail::both}) {
      fill(.2 / static_cast<double>(3 * E), [&](std::size_t cell) { return tail_bet(cell, tail, epsilon); });
    }
  }
  return out;
}

}  // namespace

double location_bet(std::size_t cell, double d) {
  PW_ASSERT(cell < rank_cells);
  return g * mass(boundary(cell) - d, boundary(cell + 1) - d);
}

double scale_bet(std::size_t cell, double s) {
  PW_ASSERT(cell < rank_cells && s > 0);
  return g * mass(boundary(cell) / s, boundary(cell + 1) / s);
}

double tail_bet(std::size_t cell, Tail tail, double epsilon) {
  PW_ASSERT(cell < rank_cells && epsilon >= 0 && epsilon <= 1);
  const bool low = cell < tail_cells, high = cell >= rank_cells - tail_cells;
  const bool in = tail == Tail::low ? low : tail == Tail::high ? high : low || high;
  const double probability = (tail == Tail::both ? 2.0 : 1.0) * static_cast<double>(tail_cells) / g;
  return (1 - epsilon) + (in ? epsilon / probability : 0.0);
}

const RankTable<23>& event_rank_table() {
  static const auto table =
      make_table<23>(std::array{.1, .2, .4, .8, 1.5}, std::array{.5, .7, .85, 1.15, 1.3, 1.6, 2.2}, std::array{.1, .3});
  return table;
}

const RankTable<20>& block_rank_table() {
  static const auto table =
      make_table<20>(std::array{.5, 1., 1.5, 2.}, std::array{.3, .5, .7, 1.4, 1.8, 2.5}, std::array{.3, .8});
  return table;
}

double ConformalRanks::rank(std::size_t bin, double tie) {
  PW_ASSERT(bin < reference_->counts.size());
  const std::uint64_t less = before_[bin / group] + within_[bin];
  count(bin, 1);
  ++n_;
  return (static_cast<double>(less) + tie * static_cast<double>(counts_[bin])) / static_cast<double>(n_);
}

/// Loops of fixed length over all that may lie above, instead of loops that end where the value is.
void ConformalRanks::count(std::size_t bin, std::uint32_t times) {
  counts_[bin] += times;
  const auto own = static_cast<std::uint32_t>(bin / group), place = static_cast<std::uint32_t>(bin % group);
  std::uint32_t* within = within_.data() + own * group;
  for (std::uint32_t i = 0; i < group; ++i) within[i] += i > place ? times : 0;
  for (std::uint32_t i = 0; i < before_.size(); ++i) before_[i] += i > own ? times : 0;
}

void ConformalRanks::restart() {
  PW_ASSERT(!reference_->counts.empty() && reference_->counts.size() <= max_rank_bins);
  counts_.fill(0);
  within_.fill(0);
  before_.fill(0);
  n_ = 0;
  for (std::size_t i = 0; i < reference_->counts.size(); ++i) {
    count(i, reference_->counts[i]);
    n_ += reference_->counts[i];
  }
  PW_ASSERT(n_ > 0 && n_ < std::numeric_limits<std::uint32_t>::max());
  reference_n_ = n_;
}

void ConformalRanks::write(ByteWriter& out) const {
  for (std::size_t i = 0; i < reference_->counts.size(); ++i) out.u64(counts_[i] - reference_->counts[i]);
}

void ConformalRanks::read(ByteReader& in) {
  restart();
  for (std::size_t i = 0; i < reference_->counts.size(); ++i) {
    const auto seen = static_cast<std::uint32_t>(in.u64());
    count(i, seen);
    n_ += seen;
  }
}

std::uint64_t StrataReference::n() const {
  std::uint64_t out = 0;
  for (const auto& stratum : strata) {
    out = std::accumulate(stratum.counts.begin(), stratum.counts.end(), out);
  }
  return out;
}

StrataRanks::StrataRanks(const StrataReference& reference) {
  PW_ASSERT(!reference.strata.empty());
  for (const auto& stratum : reference.strata) ranks_.emplace_back(stratum);
}

void StrataRanks::restart() {
  for (auto& ranks : ranks_) ranks.restart();
}

void StrataRanks::write(ByteWriter& out) const {
  for (const auto& ranks : ranks_) ranks.write(out);
}

void StrataRanks::read(ByteReader& in) {
  for (auto& ranks : ranks_) ranks.read(in);
}

}  // namespace pilotwatch::stats
