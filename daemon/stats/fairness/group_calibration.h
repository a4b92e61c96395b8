// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/fixed_sum.h"
#include "stats/answer.h"

namespace pilotwatch::stats {

inline constexpr const char* group_ece_formula = "group-ece/v1";
inline constexpr const char* group_ece_gap_formula = "group-ece-gap/v1";
inline constexpr const char* ece_noise_floor_formula = "ece-noise-floor/v1";

/// One score bin of one group: cases, the sum of their scores (probabilities), and how many came true. The bins of two
/// groups are aligned: same edges, same order.
struct ScoreBin {
  std::uint64_t n = 0;
  FixedSum scores;  ///< of values in [0, 1]
  std::uint64_t positives = 0;

  void add(double score, bool positive, std::int64_t times = 1) {
    n += static_cast<std::uint64_t>(times);
    scores.add(score, times);
    if (positive) positives += static_cast<std::uint64_t>(times);
  }
};
using ScoreBins = std::span<const ScoreBin>;

/// Expected calibration error of a group: sum over bins of n_b / n |mean score - share positive|. [0, 1].
///
/// Errors  no_data: no case.
/// Bias    above 0 for a calibrated score too: see ece_noise_floor. For small groups it is mostly that.
[[nodiscard]] Answer<double> group_ece(ScoreBins bins);

/// What group_ece shows on average when the score is calibrated: sum over bins of n_b / n sqrt(2 m (1 - m) / (pi n_b)),
/// m the mean score of the bin. Normal approximation: good where a bin expects 5 positives and 5 negatives or more.
/// Errors  no_data; out_of_domain: a mean score outside [0, 1].
[[nodiscard]] Answer<double> ece_noise_floor(ScoreBins bins);

/// group_ece(group) - group_ece(reference). [-1, 1]. Has no interval: the bias of both parts depends on their sizes, so
/// groups of different size differ by construction; read it beside both noise floors.
/// Errors  no_data: a group without cases. Different numbers of bins are a bug (PW_ASSERT).
[[nodiscard]] Answer<double> group_ece_gap(ScoreBins group, ScoreBins reference);

}  // namespace pilotwatch::stats
