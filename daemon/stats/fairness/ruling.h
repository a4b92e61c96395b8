// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "stats/fairness/comparison.h"

namespace pilotwatch::stats {

inline constexpr const char* ruling_formula = "interval-against-limit/v1";

/// What a comparison may be. Inclusive; an end that is not there is infinite.
struct ComparisonLimit {
  double lower = -std::numeric_limits<double>::infinity(), upper = std::numeric_limits<double>::infinity();
};

enum class Compliance : std::uint8_t {
  met,                  ///< the whole interval is within the limit
  not_met,              ///< the whole interval is beyond it
  not_enough_evidence,  ///< the interval holds both, or there are too few cases for one
  cannot_be_computed,   ///< more cases of this kind would not help: see `why`
};

struct Ruling {
  Compliance verdict = Compliance::cannot_be_computed;
  std::optional<Undefined> why{};  ///< cannot_be_computed, or too_few
  /// With not_enough_evidence: about how many further cases of the group, if the reference grows in proportion and the
  /// value stays. Empty: the value is on the limit, or no event was seen; no number can be given.
  std::optional<std::uint64_t> more_cases{};
};

/// The interval against the limit. No verdict from a value alone, ever.
///
/// more_cases  The distance d from an end of the interval to the value shrinks as 1/sqrt(n) (on the log scale for a
/// ratio).
///             It must shrink to the distance D from the value to the limit: n (d/D)^2 - n more. First order: good to
///             some ten per cent where a group has 20 events or more. With too_few: until the minimum only.
[[nodiscard]] Ruling judge(const Comparison& comparison, ComparisonLimit limit);

/// Where several comparisons are judged together: not_met stays only with a p-value that survives the adjustment (see
/// fairness/multiple.h), else it becomes not_enough_evidence without a number.
[[nodiscard]] Ruling confirmed(Ruling ruling, double adjusted_p, double q = 0.05);

/// What being selected means for a person.
enum class OutputKind : std::uint8_t {
  burden,   ///< a flag, a check, a debt
  benefit,  ///< a grant, priority
};

struct SelectionLimits {
  double burden_ratio = 1.25;  ///< at most
  double impact_ratio = 0.8;   ///< at least
};

/// The selection rates of two groups, with the figure that counts for this kind of output first.
///
///   burden   primary: ratio of the burden rates, at most `burden_ratio`. The four-fifths rule was made for favourable
///            selection: with 5 % and 10 % flagged the rates of those left alone are .95 and .90, ratio .947, a "pass"
///            for a system that flags one group twice as often. It is given for reference only.
///   benefit  primary: impact ratio, at least `impact_ratio`; it is the four-fifths figure itself.
struct SelectionFigures {
  Comparison primary;
  ComparisonLimit limit;
  Ruling ruling;
  Comparison per_1000;         ///< difference of the rates, per 1000 decisions, with its interval
  Answer<double> four_fifths;  ///< ratio of the rates of favourable decisions; zero_denominator: none in the reference
};
[[nodiscard]] SelectionFigures selection_figures(OutputKind kind, const GroupCounts& group,
                                                 const GroupCounts& reference, const CompareSettings& settings = {},
                                                 SelectionLimits limits = {});

}  // namespace pilotwatch::stats
