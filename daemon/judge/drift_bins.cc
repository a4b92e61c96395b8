// SPDX-License-Identifier: Apache-2.0
#include "judge/drift_bins.h"

#include <algorithm>
#include <numeric>

#include "stats/distance/ks.h"

namespace pilotwatch::judge {
namespace {

constexpr std::size_t bins = 64, most_categories = 20;

void categories(const engine::FrozenFeature& feature, DriftBins& out) {
  std::vector<std::size_t> by_count(feature.categories.size());
  std::iota(by_count.begin(), by_count.end(), std::size_t{0});
  std::stable_sort(by_count.begin(), by_count.end(),
                   [&](auto a, auto b) { return feature.category_counts[a] > feature.category_counts[b]; });
  const std::size_t kept = std::min(most_categories, by_count.size());
  out.categories.counts.assign(kept + 2, 0);
  out.category_of.assign(feature.categories.size(), static_cast<std::uint32_t>(kept));
  for (std::size_t i = 0; i < by_count.size(); ++i) {
    const std::size_t place = std::min(i, kept);
    out.category_of[by_count[i]] = static_cast<std::uint32_t>(place);
    out.categories.counts[place] += feature.category_counts[by_count[i]];
  }
}

}  // namespace

DriftBins drift_bins(const engine::FrozenFeature& feature, bool numeric) {
  DriftBins out;
  out.feature = &feature;
  out.n = feature.n;
  if (!numeric) {
    categories(feature, out);
    return out;
  }
  out.edges = stats::quantile_edges(feature.sample, bins);
  for (const auto count : stats::reference_bin_counts(feature.sample, out.edges)) {
    out.ranks.counts.push_back(static_cast<std::uint32_t>(count));
  }
  return out;
}

std::size_t DriftBins::index_of(const engine::FeatureValue& value) const {
  if (numeric()) {
    return static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), value.number.value_or(0)) -
                                    edges.begin());
  }
  const auto position = feature->position(value);
  return position == engine::unseen_category ? categories.counts.size() - 1 : category_of[position];
}

std::string DriftBins::name_of(std::size_t category) const {
  if (category + 1 == categories.counts.size()) return "values the reference has not";
  if (category + 2 == categories.counts.size()) return "other categories";
  const auto found = std::find(category_of.begin(), category_of.end(), static_cast<std::uint32_t>(category));
  return feature->categories[static_cast<std::size_t>(found - category_of.begin())];
}

}  // namespace pilotwatch::judge
