// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "engine/position_counts.h"
#include "engine/scored.h"
#include "engine/side.h"
#include "engine/sparse_counts.h"
#include "stats/performance/scores.h"

namespace pilotwatch::engine {

/// Mergeable integer counts of one scope (whole pilot or one group) over one bucket, in cases (weights), not records.
/// Every member can be added and taken back in any order; so the same records in any order give the same bytes.
struct Tally {
  std::uint64_t decisions = 0;  ///< predictions
  std::uint64_t failures = 0;   ///< of them failed
  std::uint64_t positives = 0;  ///< of them predicted positive (binary)
  std::uint64_t predicted = 0;  ///< of them with a label or number
  std::uint64_t labelled = 0;   ///< outcome known and comparable
  std::uint64_t errors = 0;     ///< of them wrong
  std::uint64_t complaints = 0;
  SparseCounts confusion;     ///< position = predicted class (generative: 0) * number of classes + actual
  Scored scored;              ///< scores (binary) or numbers (regression) of the labelled
  SideCounts side;            ///< findings on complaints, reviews, feedback
  SparseCounts categories;    ///< complaints by category (index into the pilot's table); those without one in none
  SparseCounts restore_days;  ///< Side::restored by whole days

  Tally& operator+=(const Tally& other);
  [[nodiscard]] bool empty() const { return decisions == 0 && complaints == 0 && side.empty(); }
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};
/// The counts alone, without what the scores add up to.
[[nodiscard]] Tally counts_of(const Tally& tally);
/// Takes the counts of a part away from a whole; not the scores.
void take_away(Tally& whole, const Tally& part);

/// One feature over one bucket against the frozen reference.
struct Histogram {
  PositionCounts positions;  ///< numeric: stats::FrozenSample positions; categorical: index of the category, or `unseen`
  std::uint64_t missing = 0;

  Histogram& operator+=(const Histogram& other);
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};
/// Position of categories that the reference never saw.
inline constexpr std::uint32_t unseen_category = 0xFFFF'FFFF;

/// All counts of one bucket and one model version.
struct Cell {
  Tally overall;
  std::map<std::pair<std::uint16_t, std::uint16_t>, Tally> groups;  ///< (attribute, value)
  std::vector<Histogram> features;  ///< configured features, then the score; empty until a reference is frozen
  /// Decisions with a score by score and whether they were predicted positive, outcome or not: what estimates without
  /// outcomes need. Only where the reference has outcomes. 24 bytes a distinct score.
  std::optional<stats::ScoreState> live;

  Cell& operator+=(const Cell& other);
  /// True when nothing is left of it.
  [[nodiscard]] bool empty() const { return overall.empty(); }
  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// By model version (index into the pilot's table).
using VersionCells = std::map<std::uint16_t, Cell>;

}  // namespace pilotwatch::engine
