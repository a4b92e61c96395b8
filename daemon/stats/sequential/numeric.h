// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "stats/sequential/evidence.h"
#include "stats/sequential/ranks.h"

namespace pilotwatch::stats {

// Drift of a number, on at most 64 fixed bins whose edges are quantiles of the reference (distance/binning.h). Two
// questions, two detectors: "has it changed at all?" (RankDrift, EventRankDrift: for warnings) and "has it changed
// enough to matter?" (CdfDrift of sequential/tolerance.h: for breaches). Values beyond the reference's range fall in
// the outer bins; missing values are no observation here (watch their share with BlockMean).

/// Has the feature changed at all, against a finite reference? Bets on the means over blocks of conformal ranks.
///
/// Null        reference and stream are exchangeable. Exact for every reference size. Against autocorrelation inside a
///             block it is safe, beyond that approximate (AR(.6) features: 1.3 false alarms per 100,000 at a budget of
///             1, the per-event form 1,281). Known seasons: ranks by stratum (StrataRanks), one evidence.
/// Reference   at least 200 rows (a bug below: PW_ASSERT), 5,000 recommended: what the stream looks like after a change
///             joins the past, so a small early shift in front of a small reference is never found.
/// After an alarm the evidence and the past start anew from the reference.
/// State       about 1.2 KB. Cost: about 15 ns an observation.
/// Measured    ten features, one budget N = 1e5, reference 5,000: .63 false alarms per 100,000; a shift of .1/.2/.5 sd
/// after
///             50,000 seen after 2,810/1,090/350 observations in the median, scale 1.3 after 400.
class RankDrift {
 public:
  static constexpr const char* formula = "e-sr-conformal-block/v1";
  static constexpr std::uint64_t min_reference = 200, recommended_reference = 5000;
  /// `reference` must outlive the detector.
  RankDrift(const RankReference& reference, std::uint32_t block, Thresholds at);
  /// By stratum; min_reference holds for all strata together. A change that shows in one stratum only is found later:
  /// its bets are averaged with those of the others in its block.
  RankDrift(const StrataReference& reference, std::uint32_t block, Thresholds at);

  /// bin: of the value; tie: uniform in (0, 1), from tie_breaker(monitor, event); w: start weight; stratum: index into
  /// the reference's.
  Signal step(std::size_t bin, double tie, double w, std::size_t stratum = 0);

  [[nodiscard]] const Watch<20>& watch() const { return watch_; }  ///< counts in blocks
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  using Sums = std::array<float, 20>;
  /// `sums` plus the bets of the waiting cells.
  [[nodiscard]] Sums added() const;

  const RankTable<20>* table_;
  StrataRanks ranks_;
  std::uint32_t block_, in_block_ = 0, waiting_ = 0;
  std::array<std::uint16_t, 32> cells_{};  ///< of the last `waiting_` values: their bets are added up many at once
  Sums sums_{};                            ///< of the bets of the open block before them
  double weight_ = 0;
  Watch<20> watch_;
};

/// The same, one observation at a time: sooner (110 instead of 350 at .5 sd), and only for independent observations.
/// State about 1.2 KB. Cost: about 40 ns an observation.
class EventRankDrift {
 public:
  static constexpr const char* formula = "e-sr-conformal-event/v1";
  EventRankDrift(const RankReference& reference, Thresholds at);
  Signal step(std::size_t bin, double tie, double w);
  [[nodiscard]] const Watch<23>& watch() const { return watch_; }
  void reset();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  const RankTable<23>* table_;
  ConformalRanks ranks_;
  Watch<23> watch_;
};

}  // namespace pilotwatch::stats
