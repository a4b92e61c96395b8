// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

inline constexpr std::size_t max_groupings = settings::max_attributes + settings::max_pairs;
inline constexpr std::uint16_t no_group = 0xFFFF;
/// Value index by attribute, then by pair, as settings::Segments::groupings(). no_group: of one that is not configured
/// or, of complaints, was not given.
using Groups = std::array<std::uint16_t, max_groupings>;
inline constexpr Groups no_groups = [] {
  Groups out{};
  for (auto& group : out) group = no_group;
  return out;
}();
inline constexpr std::uint16_t no_category = 0xFFFF;
inline constexpr std::uint64_t no_rank = ~std::uint64_t{0};

/// One prediction and what became of it. Labels are class indexes, targets of regression numbers; of a quantile
/// forecast `predicted` is the median.
struct Decision {
  Id128 id;
  Instant time;
  double predicted = 0, actual = 0;
  double score = 0;  ///< of the positive class (binary), in [0, 1]; kept so that a corrected outcome can be taken back
  Instant outcome_time;                      ///< the newest at which it was given: counts against other outcomes
  Instant outcome_in_time = Instant::min();  ///< the newest not later than the horizon; min() = none: no evidence
  std::uint64_t outcome_content = 0;
  std::uint64_t rank = no_rank;  ///< cases before this one in decision order, once known (count windows)
  std::uint64_t weight = 1;
  std::uint32_t complaints = 0;              ///< that name it
  Instant first_complaint = Instant::max();  ///< the earliest of them
  std::uint16_t version = 0;
  bool has_predicted = false, has_outcome = false, failed = false, has_score = false;
  Groups groups{};
  /// Multi-class with `scores.by_class: keep`: a score a class; quantile: the value of each level; in the order of the
  /// settings. Else empty. Kept so that a corrected outcome can be taken back.
  std::vector<double> values;

  [[nodiscard]] bool labelled() const { return has_predicted && has_outcome; }
};

/// Whether the system was wrong about a labelled decision; false for one that is not labelled.
[[nodiscard]] bool is_error(const settings::Pilot& pilot, const Decision& d);
/// What is known of a complaint's merits.
enum class ComplaintFinding : std::uint8_t { open, for_person, not_for_person };

/// Where a complaint stands by all its updates so far.
struct ComplaintStanding {
  ComplaintFinding finding = ComplaintFinding::open;
  bool escalated = false, resolved = false, reopened = false;  ///< at some time
  Instant found = Instant::max();                              ///< the first finding for the person; max() = none
  Instant restored = Instant::max();  ///< what was done to the person was undone; max() = not yet
  bool operator==(const ComplaintStanding&) const = default;
};

struct ComplaintRow {
  Id128 id;
  Instant time;
  Id128 prediction_id;
  bool names_prediction = false;
  bool linked = false;           ///< the prediction is known: counts in its cohort
  std::uint32_t decision = 0;    ///< slot, when linked
  std::uint64_t rank = no_rank;  ///< unlinked: as of its own time, once known
  Id128 incident;                ///< where names_incident
  bool names_incident = false;
  bool leads = true;  ///< counts as an incident: it names none, or is the first of its incident
  bool finding_seen = false;  ///< as an observation: of each complaint at most one
  bool severe = false;
  std::uint16_t category = no_category;  ///< index into the pilot's table
  ComplaintStanding standing;
  Groups groups{};  ///< its own, used while unlinked

  void write(ByteWriter& out) const;
  void read(ByteReader& in);
};

/// An outcome of a known decision; the times as in Decision. Those that lost are kept.
struct OutcomeRow {
  Instant time;
  std::uint64_t content = 0;
  double actual = 0;
  Instant in_time = Instant::min();
  [[nodiscard]] auto order() const { return std::pair(time, content); }
  [[nodiscard]] auto order_in_time() const { return std::pair(in_time, content); }
};

/// An outcome that waits for its prediction. Without it the horizon is not known: of repeats the first and the newest
/// time are kept, however many come.
struct ParkedOutcome {
  OutcomeRow newest;
  Instant first;
};

}  // namespace pilotwatch::engine
