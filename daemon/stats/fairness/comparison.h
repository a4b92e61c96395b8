// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/fairness/group.h"

namespace pilotwatch::stats {

inline constexpr const char* rate_difference_formula = "group-difference-newcombe/v1";
inline constexpr const char* rate_ratio_of_groups_formula = "group-ratio-katz/v1";
inline constexpr const char* average_odds_formula = "average-odds-difference/v1";
inline constexpr const char* equalised_odds_formula = "equalised-odds-difference/v1";
inline constexpr const char* min_max_ratio_formula = "min-max-ratio-bonferroni/v1";
inline constexpr const char* event_rate_ratio_formula = "event-rate-ratio-conditional/v1";

/// Below it a figure has no interval (`too_few`), whatever the formula could say.
struct Minimum {
  std::uint64_t cases = 30;  ///< in the denominator of the rate, in each group
  std::uint64_t events = 5;  ///< in its numerator, in each group
};

struct CompareSettings {
  double confidence = 0.95;  ///< (0, 1), else a bug
  Minimum minimum{};
  KnownOutcomes known = KnownOutcomes::of_everyone;
};

enum class Scale : std::uint8_t {
  difference,  ///< equal groups: 0
  ratio,       ///< equal groups: 1
};

/// A group beside a reference group. The value is there as soon as it can be computed; the interval only from the
/// minimum on, so a value without an interval is never evidence.
struct Comparison {
  Scale scale = Scale::difference;
  const char* formula = "";
  Answer<double> value = Undefined::no_data;
  Answer<Interval> interval = Undefined::no_data;
  std::uint64_t group_n = 0, reference_n = 0;  ///< cases in the denominators; the smaller one where there are two
  /// Further cases of the group, or of the reference, until the minimum is met at the rates seen. Only with `too_few`.
  std::optional<std::uint64_t> until_minimum{};
};

// All: `group` against `reference`, two disjoint sets of people (else the intervals are wrong). Intervals are for one
// look at one figure (several figures: fairness/multiple.h; every look: the detectors of sequential/). Errors of value
// and interval: those of share_of for either group; of the interval besides: too_few. Pure, O(1), no allocation.

/// Difference of a rate, group minus reference, with Newcombe's interval. [-1, 1].
///   selection: statistical parity difference (SPD); true_positive: equal opportunity difference; false_positive: FPR
///   balance; precision or false_discovery: predictive parity, all there is with selective labels; accuracy: accuracy
///   gap.
[[nodiscard]] Comparison rate_difference(const GroupCounts& group, const GroupCounts& reference, GroupRate rate,
                                         const CompareSettings& settings = {});

/// Ratio of a rate, group over reference, with Katz' interval. [0, inf). selection: impact ratio, disparate impact.
/// Further errors: zero_denominator, the reference rate is 0.
[[nodiscard]] Comparison rate_ratio_of_groups(const GroupCounts& group, const GroupCounts& reference, GroupRate rate,
                                              const CompareSettings& settings = {});

/// Difference and ratio of any share: as above, of k among n of either side.
[[nodiscard]] Comparison share_difference(ShareCount group, ShareCount reference, const CompareSettings& settings = {});
[[nodiscard]] Comparison share_ratio(ShareCount group, ShareCount reference, const CompareSettings& settings = {});

/// Mean of the differences in true and false positive rate. [-1, 1]; opposite differences cancel. Interval:
/// square_and_add over its four independent shares. Source: Bellamy et al. 2019 (AI Fairness 360).
[[nodiscard]] Comparison average_odds_difference(const GroupCounts& group, const GroupCounts& reference,
                                                 const CompareSettings& settings = {});

/// The larger of |difference in true positive rate| and |difference in false positive rate|. [0, 1]. Interval: from
/// both Newcombe intervals at (1 + confidence)/2 (Bonferroni), so it holds at least as often as it says. Source  Hardt,
/// Price, Srebro 2016, NeurIPS.
[[nodiscard]] Comparison equalised_odds_difference(const GroupCounts& group, const GroupCounts& reference,
                                                   const CompareSettings& settings = {});

/// Smallest over largest rate among two or more groups. [0, 1]. Interval: the smallest lower and the smallest upper end
/// of the Katz intervals of all pairs in both directions, Bonferroni over the pairs: picking the extremes is paid for.
/// group_n, reference_n: cases of the groups with the smallest and the largest rate.
///
/// Errors  as rate_ratio_of_groups for any group; no_data: fewer than two groups. Cost O(groups^2).
[[nodiscard]] Comparison min_max_ratio(std::span<const GroupCounts> groups, GroupRate rate,
                                       const CompareSettings& settings = {});

/// Ratio of the rates of events (complaints, appeals, harm-days) per case, exact conditional interval. [0, inf]. Look
/// at both ends: few complaints can mean that people cannot complain.
///
/// exposure = cases of the group. The minimum of cases is for each group, that of events for both together, as the
/// interval is exact: a group without any complaint is a finding.
/// Errors  no_data, zero_exposure, out_of_domain as rate_ratio; zero_denominator (value only): no event in the
/// reference.
[[nodiscard]] Comparison event_rate_ratio(EventRate group, EventRate reference, const CompareSettings& settings = {});

}  // namespace pilotwatch::stats
