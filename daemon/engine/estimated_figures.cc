// SPDX-License-Identifier: Apache-2.0
#include "engine/estimated_figures.h"

#include <algorithm>

#include "engine/figure_state.h"
#include "engine/reference.h"
#include "stats/estimate/cbpe.h"
#include "stats/special.h"

namespace pilotwatch::engine {
namespace {

using settings::Metric;

struct Estimate {
  Metric metric;
  const char* formula;
  stats::Answer<stats::Estimated> (*of)(const stats::Calibrator&, const stats::ScoreTable&);
};
constexpr Estimate estimates[] = {
    {Metric::estimated_roc_auc, stats::cbpe_roc_auc_formula, stats::cbpe_roc_auc},
    {Metric::estimated_accuracy, stats::cbpe_accuracy_formula, stats::cbpe_accuracy},
    {Metric::estimated_precision, stats::cbpe_precision_formula, stats::cbpe_precision},
    {Metric::estimated_recall, stats::cbpe_recall_formula, stats::cbpe_recall},
    {Metric::estimated_f1, stats::cbpe_f1_formula, stats::cbpe_f1},
};

}  // namespace

void estimated_figures(const WindowInput& input, const Reference* reference, const std::string& version,
                       const std::optional<stats::ScoreState>& live, WindowResult& out) {
  if (reference == nullptr || !reference->calibrator) return;
  const auto& calibrator = *reference->calibrator;
  const auto table = live ? live->table() : stats::ScoreTable{};
  const double z = stats::normal_upper_quantile((1 - confidence) / 2);
  for (const auto& estimate : estimates) {
    const auto answer =
        calibrator ? estimate.of(*calibrator, table) : stats::Answer<stats::Estimated>(calibrator.error());
    Figure f;
    f.model_version = version;
    f.metric = estimate.metric;
    f.formula = estimate.formula;
    f.n = static_cast<std::uint64_t>(table.positives + table.negatives);
    if (answer) {
      f.value = answer->estimate();
      f.lower = std::max(0.0, answer->estimate() - z * answer->standard_error());
      f.upper = std::min(1.0, answer->estimate() + z * answer->standard_error());
    }
    settle(f, input, {false, false, "no decision with a score", answer ? std::nullopt : std::optional(answer.error())});
    out.figures.push_back(std::move(f));
  }
}

}  // namespace pilotwatch::engine
