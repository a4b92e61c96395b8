// SPDX-License-Identifier: Apache-2.0
#include "engine/drift_figures.h"

#include "stats/distance/binned.h"
#include "stats/distance/ks.h"

namespace pilotwatch::engine {
namespace {

using settings::Metric;

Figure drift_figure(const std::string& version, const std::string& feature, Metric metric, const char* formula) {
  Figure f;
  f.model_version = version;
  f.feature = feature;
  f.metric = metric;
  f.formula = formula;
  return f;
}

void finish_drift(Figure f, WindowResult& out) {
  f.state = f.value ? "ok" : "insufficient";
  if (!f.value) f.reason = f.n == 0 ? "no value in the window" : "no value in the reference";
  out.figures.push_back(std::move(f));
}

/// Numeric: PSI over the reference's quantile bins and KS against its sample.
void numeric_drift(const WindowInput& input, const std::string& version, const std::string& name,
                   const FrozenFeature& frozen, const Histogram& live, WindowResult& out) {
  auto psi = drift_figure(version, name, Metric::psi, stats::psi_jeffreys_formula);
  auto ks = drift_figure(version, name, Metric::ks,
                         frozen.sample.exact ? stats::ks_exact_formula : stats::ks_bracket_formula);
  psi.n = ks.n = live.positions.total();
  if (psi.n > 0 && frozen.n > 0) {
    const auto edges = stats::quantile_edges(frozen.sample, input.settings.reference.bins);
    const auto reference_bins = stats::reference_bin_counts(frozen.sample, edges);
    const auto live_bins = stats::bin_counts(frozen.sample, edges, live.positions.items());
    if (reference_bins.size() >= 2) psi.value = stats::optional(stats::psi_jeffreys(reference_bins, live_bins));
    if (const auto d = stats::ks(frozen.sample, live.positions.items())) {
      ks.value = d->d;
      if (!frozen.sample.exact) {
        ks.lower = d->lower;
        ks.upper = d->upper;
      }
    }
  }
  finish_drift(std::move(psi), out);
  finish_drift(std::move(ks), out);
}

/// Categorical: PSI over the reference's categories and one bin for all others.
void categorical_drift(const std::string& version, const std::string& name, const FrozenFeature& frozen,
                       const Histogram& live, WindowResult& out) {
  auto psi = drift_figure(version, name, Metric::psi, stats::psi_jeffreys_formula);
  psi.n = live.positions.total();
  if (psi.n > 0 && frozen.n > 0) {
    std::vector<std::uint64_t> reference = frozen.category_counts, current(frozen.categories.size(), 0);
    reference.push_back(0);
    current.push_back(live.positions.at(unseen_category));
    for (std::uint32_t i = 0; i < frozen.categories.size(); ++i) current[i] = live.positions.at(i);
    psi.value = stats::optional(stats::psi_jeffreys(reference, current));
  }
  finish_drift(std::move(psi), out);
}

}  // namespace

void drift_figures(const WindowInput& input, const std::string& version, const std::vector<Histogram>& live,
                   WindowResult& out) {
  if (input.reference == nullptr) return;
  const auto columns = feature_list(input.settings);
  const Histogram none;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& frozen = input.reference->features[i];
    if (columns[i].name == score_feature && i + 1 == columns.size() && frozen.n == 0)
      continue;  // this pilot has no score
    const auto& histogram = i < live.size() ? live[i] : none;
    if (columns[i].kind == settings::FeatureKind::numeric) {
      numeric_drift(input, version, columns[i].name, frozen, histogram, out);
    } else {
      categorical_drift(version, columns[i].name, frozen, histogram, out);
    }
  }
}

}  // namespace pilotwatch::engine
