// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "engine/observation.h"
#include "settings/settings.h"
#include "stats/sequential/mean.h"

namespace pilotwatch::judge {

/// What a limit on decisions asks of the stream, and so which watcher it has (watcher.h).
enum class Form : std::uint8_t {
  mean,          ///< is the mean of a loss in [0, 1] beyond m?
  comparison,    ///< is it further from that of other people than allowed?
  ranking,       ///< is ROC AUC too low? (pairs of cases, then a mean)
  calibration,   ///< are scores off by more than allowed, in any of ten bins?
  changed,       ///< drift: does a feature look different from the reference at all?
  distribution,  ///< ks: by more than allowed? (numbers)
  shares,        ///< linf: by more than allowed? (categories)
};
[[nodiscard]] Form form_of(const settings::Limit& limit);
/// Forms that compare a feature with the reference.
[[nodiscard]] constexpr bool of_reference(Form form) { return form >= Form::changed; }

/// At which stage a decision is an observation of the limit.
[[nodiscard]] engine::Stage stage_of(const settings::Limit& limit);

/// Form::mean (and the loss that a comparison compares): the limit as the mean of a loss, and the wrong side of it.
struct MeanQuestion {
  double m;
  stats::Side wrong;
};
[[nodiscard]] MeanQuestion mean_question(const settings::Limit& limit);

/// The loss of one decision, in [0, 1]; nullopt where the metric does not look at it (no label, another class, ...).
/// Of rates the event itself: selected, failed, wrong.
[[nodiscard]] std::optional<double> loss_of(const settings::Pilot& pilot, const settings::Limit& limit,
                                            const engine::Observation& seen);

/// What a mean loss says in the metric's own unit: 1 - loss of accuracy, per 1,000 of complaints. Monotone.
[[nodiscard]] double metric_of_mean(const settings::Limit& limit, double mean);

/// Index of the pilot's positive class.
[[nodiscard]] std::uint16_t positive_index(const settings::Pilot& pilot);

}  // namespace pilotwatch::judge
