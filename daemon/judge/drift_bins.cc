// SPDX-License-Identifier: Apache-2.0
#include "judge/drift_bins.h"

#include <algorithm>
#include <numeric>

#include "base/id.h"
#include "stats/distance/ks.h"
#include "stats/sequential/bets.h"

namespace pilotwatch::judge {
namespace {

constexpr std::size_t most_categories = 20;
constexpr double choosing = .25;  // of the rows: enough to know the frequent ones, and most are left to count

/// How many of a category's `rows` from number `first` on choose. Each has a coin of its own, of the category's name
/// and its number among the category's rows: the same in every replay, and whatever other categories there are.
std::uint64_t choosers(const std::string& category, std::uint64_t first, std::uint64_t rows) {
  const auto key = content_hash(category).lo;
  std::uint64_t out = 0;
  for (std::uint64_t row = first; row < first + rows; ++row) out += stats::tie_breaker(key, row) < choosing ? 1U : 0U;
  return out;
}

/// Rows that choose the list are not counted, since the test needs categories that were fixed before its rows came.
/// Were they the same rows, "unseen" would have none of n by construction, while the next value is unseen about as
/// often as a row was the only one of its category: with a long tail of categories every healthy stream would breach.
/// A category that no row chose is unseen, with all its rows.
void categories(const engine::FrozenFeature& feature, DriftBins& out) {
  std::vector<std::uint64_t> chose(feature.categories.size());
  std::vector<std::size_t> by_count;
  for (std::size_t i = 0; i < chose.size(); ++i) {
    chose[i] = choosers(feature.categories[i], 0, feature.category_counts[i]);
    // The rarer ones together are as good as unseen: live values of no category that was chosen come there, too.
    if (chose[i] > 0 && !feature.is_other(i)) by_count.push_back(i);
  }
  std::stable_sort(by_count.begin(), by_count.end(), [&](auto a, auto b) { return chose[a] > chose[b]; });
  const std::size_t kept = std::min(most_categories, by_count.size());
  out.categories.counts.assign(kept + 2, 0);
  out.category_of.assign(chose.size(), static_cast<std::uint32_t>(kept + 1));
  for (std::size_t i = 0; i < by_count.size(); ++i) {
    out.category_of[by_count[i]] = static_cast<std::uint32_t>(std::min(i, kept));
  }
  for (std::size_t i = 0; i < chose.size(); ++i) {
    out.categories.counts[out.category_of[i]] += feature.category_counts[i] - chose[i];
  }
  out.n = out.categories.n();
}

/// Counts by stratum and bin (or category of the list).
using StrataCounts = std::vector<std::vector<std::uint64_t>>;

/// The same rows choose as without strata: a category's are numbered on from stratum to stratum.
StrataCounts counted_by_stratum(const engine::FrozenFeature& feature, std::uint32_t strata, const DriftBins& bins) {
  StrataCounts out(strata,
                   std::vector<std::uint64_t>(bins.numeric() ? bins.edges.size() + 1 : bins.categories.counts.size()));
  std::vector<std::uint64_t> numbered(feature.categories.size());
  for (const auto& count : feature.strata) {
    if (count.stratum >= strata) continue;  // of other settings: no such reference is loaded
    if (bins.numeric()) {
      out[count.stratum].at(count.bin) += count.rows;
      continue;
    }
    auto& first = numbered.at(count.bin);
    const auto chose = choosers(feature.categories[count.bin], first, count.rows);
    out[count.stratum][bins.category_of[count.bin]] += count.rows - chose;
    first += count.rows;
  }
  return out;
}

/// So that a bin is found in a step or two: its neighbours in a table that stays in the nearest cache.
void index(DriftBins& out, std::size_t positions) {
  constexpr std::size_t most = 1024;
  while (positions >> out.first_shift > most) ++out.first_shift;
  const auto& last = out.last_positions;
  out.first_bins.clear();
  for (std::size_t at = 0; at < positions; at += std::size_t{1} << out.first_shift) {
    const auto bin = std::lower_bound(last.begin(), last.end(), static_cast<std::uint32_t>(at)) - last.begin();
    out.first_bins.push_back(static_cast<std::uint8_t>(bin));
  }
}

void by_stratum(const engine::FrozenFeature& feature, std::uint32_t strata, DriftBins& out) {
  out.place_of_stratum.assign(strata, DriftBins::no_place);
  const auto counted = counted_by_stratum(feature, strata, out);
  std::uint32_t places = 0;
  for (std::uint32_t stratum = 0; stratum < strata; ++stratum) {
    const auto& counts = counted[stratum];
    if (std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) < DriftBins::min_stratum) continue;
    out.place_of_stratum[stratum] = places++;
    if (out.numeric()) {
      out.rank_strata.strata.push_back({{counts.begin(), counts.end()}});
    } else {
      out.category_strata.strata.push_back({counts});
    }
  }
}

}  // namespace

DriftBins drift_bins(const engine::FrozenFeature& feature, bool numeric, std::uint32_t strata) {
  DriftBins out;
  out.feature = &feature;
  out.n = feature.n;
  if (numeric) {
    out.edges = stats::quantile_edges(feature.sample, engine::drift_bin_count);
    for (const auto count : stats::reference_bin_counts(feature.sample, out.edges)) {
      out.ranks.counts.push_back(static_cast<std::uint32_t>(count));
    }
    for (const double edge : out.edges)
      out.last_positions.push_back(static_cast<std::uint32_t>(feature.sample.position(edge)));
    index(out, 2 * feature.sample.values.size() + 1);
  } else {
    categories(feature, out);
  }
  if (strata > 1) by_stratum(feature, strata, out);
  return out;
}

std::size_t DriftBins::index_of(std::uint32_t position) const {
  if (numeric()) {
    // Edges are points of the sample, so bins follow exactly from positions.
    std::size_t bin = first_bins[std::min<std::size_t>(position >> first_shift, first_bins.size() - 1)];
    while (bin < last_positions.size() && last_positions[bin] < position) ++bin;
    return bin;
  }
  return position == engine::unseen_category ? categories.counts.size() - 1 : category_of[position];
}

std::string DriftBins::name_of(std::size_t category) const {
  if (category + 1 == categories.counts.size()) return "values rare in the reference or not in it";
  if (category + 2 == categories.counts.size()) return "other categories";
  const auto found = std::find(category_of.begin(), category_of.end(), static_cast<std::uint32_t>(category));
  return feature->categories[static_cast<std::size_t>(found - category_of.begin())];
}

}  // namespace pilotwatch::judge
