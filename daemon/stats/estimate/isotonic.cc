// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate/isotonic.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/result.h"
#include "stats/performance/calibration.h"

namespace pilotwatch::stats {
namespace {

__extension__ using Int128 = __int128;
constexpr std::int64_t folds = 10;

/// Neighbouring groups first .. last with one mean p / m.
struct Block {
  std::int64_t p, m;
  std::size_t first, last;
};

bool at_least(const Block& a, const Block& b) {
  return static_cast<Int128>(a.p) * b.m >= static_cast<Int128>(b.p) * a.m;
}

using Dealt = std::array<std::int64_t, static_cast<std::size_t>(folds)>;

/// SplitMix64's mixing function.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9U;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebU;
  return x ^ (x >> 31);
}

/// The cases of one score and class among the folds, as good as at random, but the same for the same counts. Dealing
/// them in turn would give every fold the rates of the whole, and the test would never see what the fit owes to chance.
Dealt deal(double score, bool positive, std::int64_t count) {
  constexpr std::int64_t one_by_one = 4096;  // beyond that chance moves no rate that matters: evenly
  Dealt out;
  const std::int64_t rest = std::max<std::int64_t>(0, count - one_by_one);
  for (std::size_t fold = 0; fold < out.size(); ++fold) {
    out[fold] = rest / folds + (static_cast<std::int64_t>(fold) < rest % folds ? 1 : 0);
  }
  std::uint64_t seed = mixed(std::bit_cast<std::uint64_t>(score) ^ (positive ? 0x9e37'79b9'7f4a'7c15U : 0));
  for (std::int64_t i = 0; i < count - rest; ++i) ++out[mixed(seed += 0x9e37'79b9'7f4a'7c15U) % out.size()];
  return out;
}

void append(ScoreTable& table, const ScoreGroup& like, std::int64_t p, std::int64_t n) {
  if (p + n == 0) return;
  auto group = like;
  group.p = p;
  group.n = n;
  table.groups.push_back(group);
  table.positives += p;
  table.negatives += n;
}

struct Split {
  ScoreTable train, test;
};

std::vector<Split> split(const ScoreTable& all) {
  std::vector<Split> out(static_cast<std::size_t>(folds));
  for (const auto& g : all.groups) {
    const auto p = deal(g.low, true, g.p), n = deal(g.low, false, g.n);
    for (std::size_t fold = 0; fold < out.size(); ++fold) {
      append(out[fold].test, g, p[fold], n[fold]);
      append(out[fold].train, g, g.p - p[fold], g.n - n[fold]);
    }
  }
  return out;
}

/// The same groups at their calibrated scores. Scores that become one stay apart, so that the bins before and after
/// hold the same cases: ties would be shared out among the bins, and a map with flats would win by smoothing the
/// outcomes.
ScoreTable mapped(ScoreTable scores, const IsotonicMap& map) {
  for (auto& g : scores.groups) g.low = g.high = g.score = map(g.score);
  return scores;
}

}  // namespace

double IsotonicMap::operator()(double score) const {
  PW_ASSERT(!x_.empty() && !std::isnan(score));
  const auto above = static_cast<std::size_t>(std::upper_bound(x_.begin(), x_.end(), score) - x_.begin());
  if (above == 0) return y_.front();
  if (above == x_.size() || x_[above - 1] == score) return y_[above - 1];
  const double t = (score - x_[above - 1]) / (x_[above] - x_[above - 1]);
  return std::lerp(y_[above - 1], y_[above], t);
}

Answer<IsotonicMap> fit_isotonic(const ScoreTable& reference) {
  if (reference.groups.empty()) return Undefined::no_data;
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < reference.groups.size(); ++i) {
    const auto& g = reference.groups[i];
    Block block{g.p, g.p + g.n, i, i};
    while (!blocks.empty() && at_least(blocks.back(), block)) {
      block = {blocks.back().p + block.p, blocks.back().m + block.m, blocks.back().first, i};
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  IsotonicMap out;
  for (const auto& block : blocks) {  // inside a block the map is flat: its ends say all
    const double mean = static_cast<double>(block.p) / static_cast<double>(block.m);
    const auto point = [&](std::size_t i) {
      out.x_.push_back(reference.groups[i].score);
      out.y_.push_back(mean);
    };
    point(block.first);
    if (block.last != block.first) point(block.last);
  }
  return out;
}

Answer<Calibrator> Calibrator::fit(const ScoreTable& reference) {
  const auto auc = roc_auc(reference);
  if (!auc) return auc.error();
  if (reference.groups.front().high < 0 || reference.groups.back().low > 1) return Undefined::out_of_domain;
  if (reference.positives < folds || reference.negatives < folds) return Undefined::too_few;
  Calibrator out;
  out.map_ = *fit_isotonic(reference);
  if (auc->estimate > 0.999) return out;
  double used = 0;
  for (const auto& [train, test] : split(reference)) {
    const auto map = fit_isotonic(train);
    const auto before = equal_mass_error(test);
    if (!map || !before) continue;  // chance left a fold empty
    out.ece_before_ += before->ece;
    out.ece_after_ += equal_mass_error(mapped(test, *map))->ece;
    used += 1;
  }
  out.ece_before_ /= used;
  out.ece_after_ /= used;
  out.isotonic_ = out.ece_after_ < out.ece_before_;
  return out;
}

}  // namespace pilotwatch::stats
