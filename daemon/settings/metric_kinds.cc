// SPDX-License-Identifier: Apache-2.0
// What kinds of metrics there are, beside the rules that limits on them follow (limit.cc).
#include <algorithm>
#include <iterator>

#include "settings/settings.h"

namespace pilotwatch::settings {
namespace {

/// Of these, and of complaints by ratio only, there are comparisons between groups.
constexpr Metric compared[] = {Metric::selection_rate,      Metric::error_rate,           Metric::false_positive_rate,
                               Metric::false_negative_rate, Metric::false_discovery_rate, Metric::false_omission_rate,
                               Metric::failure_rate};

template <std::size_t N>
bool is_among(Metric metric, const Metric (&metrics)[N]) {
  return std::find(std::begin(metrics), std::end(metrics), metric) != std::end(metrics);
}

}  // namespace

bool of_feature(Metric metric) {
  constexpr Metric distances[] = {Metric::psi,       Metric::ks,   Metric::js_distance,
                                  Metric::hellinger, Metric::tvd,  Metric::wasserstein1,
                                  Metric::linf,      Metric::chi2, Metric::drift};
  return is_among(metric, distances);
}

bool is_estimated(Metric metric) {
  constexpr Metric estimates[] = {Metric::estimated_roc_auc, Metric::estimated_accuracy, Metric::estimated_precision,
                                  Metric::estimated_recall, Metric::estimated_f1};
  return is_among(metric, estimates);
}

bool needs_only_selected(Metric metric) {
  constexpr Metric of_everyone[] = {Metric::error_rate,
                                    Metric::false_positive_rate,
                                    Metric::false_negative_rate,
                                    Metric::false_omission_rate,
                                    Metric::accuracy,
                                    Metric::recall,
                                    Metric::specificity,
                                    Metric::f1,
                                    Metric::mcc,
                                    Metric::balanced_accuracy,
                                    Metric::cohen_kappa,
                                    Metric::roc_auc,
                                    Metric::brier,
                                    Metric::average_precision,
                                    Metric::log_loss,
                                    Metric::ece,
                                    Metric::max_calibration_error};
  return !is_among(metric, of_everyone);
}

bool is_compared(Metric metric, Compare compare) {
  if (metric == Metric::complaints_per_1000) return compare == Compare::ratio;
  return compare != Compare::none && is_among(metric, compared);
}

}  // namespace pilotwatch::settings
