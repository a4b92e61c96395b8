// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/tally.h"
#include "engine/window.h"
#include "settings/settings.h"
#include "stats/distance/frozen_bins.h"
#include "stats/distance/ks.h"
#include "stats/estimate/isotonic.h"

namespace pilotwatch::engine {

/// A feature value as it stands in one record; monostate-like: neither = missing.
struct FeatureValue {
  std::optional<double> number;
  std::optional<std::string> category;
};
/// One value a feature, in the order of `feature_list`.
using FeatureRow = std::vector<FeatureValue>;

/// One decision's values, as a reference is made of them.
struct ReferenceRow {
  Instant time;
  FeatureRow values;
};

/// The features that are compared with the reference: the configured ones, then the score.
struct FeatureColumn {
  std::string name;
  settings::FeatureKind kind;
};
[[nodiscard]] std::vector<FeatureColumn> feature_list(const settings::Pilot& pilot);
inline constexpr const char* score_feature = "score";
/// What further values of a label or feature count as.
inline constexpr const char* other_value = "__other__";

/// Rows of one stratum in one bin.
struct StratumCount {
  std::uint32_t stratum = 0;  ///< stratum_of()
  std::uint32_t bin = 0;  ///< numeric: (e_{bin-1}, e_bin] of the sample's drift_bin_count quantile edges; else category
  std::uint32_t rows = 0;  ///< > 0
};
inline constexpr std::size_t drift_bin_count = 64;

/// What the live distribution of one feature is compared with. Frozen: edges and positions never move.
struct FrozenFeature {
  stats::FrozenSample sample;           ///< numeric
  std::vector<std::string> categories;  ///< categorical, sorted
  std::vector<std::uint64_t> category_counts;
  std::uint64_t n = 0, missing = 0;  ///< values present, values absent
  /// Categories beyond `reference.max_categories`: together `__other__`, as are live ones that are not in the list.
  std::uint64_t others = 0;
  std::vector<StratumCount> strata;  ///< with `reference.strata`: by stratum, then bin; sums to n. 12 bytes each
  /// Numeric: bins of `sample`. Derived, not stored; nothing without a value.
  std::optional<stats::FrozenBins> bins;

  [[nodiscard]] std::uint32_t position(const FeatureValue& value) const;  ///< value present
  [[nodiscard]] std::uint32_t position_of(const std::string& category) const;
  [[nodiscard]] bool is_other(std::size_t category) const;  ///< of its list: the rarer ones together
};

/// Those that decisions are compared with are shared (References).
struct Reference : std::enable_shared_from_this<Reference> {
  std::string id;       ///< content hash, hex
  std::uint64_t n = 0;  ///< rows
  Instant frozen_at;    ///< pilot's clock: of a file its newest decision, else when the last row was in order
  std::vector<FrozenFeature> features;
  /// What is known of the outcomes of its rows (counts, scores with outcomes, errors): of a file that holds outcomes
  /// beside its predictions. Else, and where no outcome finds its prediction, `labelled` is 0.
  Tally outcomes;

  /// From scores to probabilities, by `outcomes`; why not, where they are too few. Derived, not stored; null without
  /// outcomes of scored decisions (binary). Shared, so that a copy of a reference does not fit it again.
  std::shared_ptr<const stats::Answer<stats::Calibrator>> calibrator;

  void write(ByteWriter& out) const;
  /// `bins`: the pilot's reference.bins.
  void read(ByteReader& in, std::size_t bins);
};

/// Freezes rows of one pilot, and what is known of their outcomes; row order does not matter. A feature that has no
/// value in any row stays without reference.
[[nodiscard]] Reference freeze(const settings::Pilot& pilot, const std::vector<ReferenceRow>& rows, Instant now,
                               Tally outcomes = {});

/// What readers see of a reference. `versions` is left empty.
[[nodiscard]] ReferenceInfo describe(const settings::Pilot& pilot, const Reference& reference);

}  // namespace pilotwatch::engine
