// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/reference.h"
#include "stats/sequential/category.h"
#include "stats/sequential/ranks.h"

namespace pilotwatch::judge {

/// One feature's frozen reference in the form that drift detectors need; shared by all detectors on it.
struct DriftBins {
  std::vector<double> edges;                  ///< numeric: bin j holds (e_{j-1}, e_j]
  std::vector<std::uint32_t> last_positions;  ///< numeric: the positions of these edges, the last of their bins
  std::vector<std::uint8_t> first_bins{0};    ///< numeric: of every 2^first_shift-th position its bin
  std::uint32_t first_shift = 0;
  stats::RankReference ranks;                 ///< numeric
  stats::CategoryReference categories;        ///< categorical: the most frequent, then other, then unseen (not listed)
  std::vector<std::uint32_t> category_of;     ///< by index in FrozenFeature::categories
  /// With strata: the usable ones, those with rows enough; the bins and categories are those of the whole.
  stats::StrataReference rank_strata;           ///< numeric
  stats::CategoryStrata category_strata;        ///< categorical
  std::vector<std::uint32_t> place_of_stratum;  ///< by engine::stratum_of(), in these; no_place = too few rows
  const engine::FrozenFeature* feature = nullptr;
  std::shared_ptr<const engine::Reference> reference;  ///< that holds `feature`, where it is shared
  std::uint64_t n = 0;  ///< values counted: all present, of categories those that did not choose the list

  static constexpr std::uint32_t no_place = ~std::uint32_t{0};
  static constexpr std::uint64_t min_stratum = 50;  ///< rows counted
  [[nodiscard]] bool stratified() const { return !place_of_stratum.empty(); }
  /// Rows that `drift` compares with: all counted, of usable strata.
  [[nodiscard]] std::uint64_t compared() const {
    return !stratified() ? n : numeric() ? rank_strata.n() : category_strata.n();
  }
  [[nodiscard]] bool numeric() const { return categories.counts.empty(); }
  /// The bin or category of a value that is present.
  [[nodiscard]] std::size_t index_of(const engine::FeatureValue& value) const {
    return index_of(feature->position(value));
  }
  /// The same by its FrozenFeature::position.
  [[nodiscard]] std::size_t index_of(std::uint32_t position) const;
  [[nodiscard]] std::string name_of(std::size_t category) const;
};

/// At most 64 bins of about equal reference mass, or the 20 most frequent categories of a quarter of the rows (by a
/// coin each) with the counts of the others. `strata`: how many the feature's rows were counted by; 1 = none.
/// `feature` must outlive it.
[[nodiscard]] DriftBins drift_bins(const engine::FrozenFeature& feature, bool numeric, std::uint32_t strata = 1);

}  // namespace pilotwatch::judge
