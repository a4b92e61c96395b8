// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stats/answer.h"
#include "stats/interval/two_sample.h"
#include "stats/performance/confusion.h"

namespace pilotwatch::stats {

/// One group of people: what the system said of all of them, and the outcomes where they are known. 48 bytes; merges
/// and takes back exactly.
struct GroupCounts {
  std::uint64_t total = 0;     ///< decisions
  std::uint64_t selected = 0;  ///< of them predicted positive: flagged, granted
  ConfusionCounts outcomes;    ///< of decisions whose outcome is known

  GroupCounts& operator+=(const GroupCounts& other);
  GroupCounts& operator-=(const GroupCounts& other);
  bool operator==(const GroupCounts&) const = default;

  void write(ByteWriter& out) const;
  /// CorruptBytes: more selected than decisions.
  void read(ByteReader& in);
};
/// A group all of whose outcomes are known.
[[nodiscard]] GroupCounts fully_known(const ConfusionCounts& outcomes);

/// Whose outcomes are known. It decides what can be computed: an outcome that exists only where the system said yes
/// tells nothing of those it passed over.
enum class KnownOutcomes : std::uint8_t {
  of_everyone,
  of_selected,   ///< only the selected were looked at: rates that need the others are `selective_labels`
  audit_sample,  ///< `outcomes` counts a random sample of everyone, drawn whatever the system said
};

/// A share of a group by the system's output and the outcome; k of n in the counts of the group.
enum class GroupRate : std::uint8_t {
  selection,            ///< selected / total: needs no outcome
  true_positive,        ///< tp / (tp + fn)
  false_negative,       ///< fn / (tp + fn)
  false_positive,       ///< fp / (fp + tn)
  true_negative,        ///< tn / (fp + tn)
  precision,            ///< tp / (tp + fp), PPV: needs outcomes of the selected only
  false_discovery,      ///< fp / (tp + fp), FDR: likewise
  false_omission,       ///< fn / (fn + tn), FOR
  negative_predictive,  ///< tn / (fn + tn), NPV
  accuracy,             ///< (tp + tn) / all
  prevalence,           ///< (tp + fn) / all: the base rate
};
inline constexpr const char* group_rate_names[] = {
    "selection-rate", "true-positive-rate",   "false-negative-rate", "false-positive-rate",       "true-negative-rate",
    "precision",      "false-discovery-rate", "false-omission-rate", "negative-predictive-value", "accuracy",
    "prevalence"};
[[nodiscard]] inline const char* name(GroupRate rate) { return group_rate_names[static_cast<std::size_t>(rate)]; }

/// The counts behind a rate.
/// Errors  selective_labels; no_data (no decisions, no outcomes); no_positives, no_negatives, none_predicted,
///         all_predicted: the denominator is 0.
[[nodiscard]] Answer<ShareCount> share_of(const GroupCounts& group, GroupRate rate,
                                          KnownOutcomes known = KnownOutcomes::of_everyone);
/// The rate itself, [0, 1]. Errors as share_of.
[[nodiscard]] Answer<double> rate_of(const GroupCounts& group, GroupRate rate,
                                     KnownOutcomes known = KnownOutcomes::of_everyone);

}  // namespace pilotwatch::stats
