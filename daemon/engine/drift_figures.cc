// SPDX-License-Identifier: Apache-2.0
#include "engine/drift_figures.h"

#include <algorithm>

#include "engine/feature_shift.h"
#include "stats/distance/binned.h"
#include "stats/distance/chi_squared.h"
#include "stats/distance/ks.h"
#include "stats/distance/noise_floor.h"
#include "stats/distance/psi.h"
#include "stats/distance/wasserstein.h"

namespace pilotwatch::engine {
namespace {

using settings::Metric;
using Counted = std::vector<std::uint64_t>;

/// Reference and live side by side, without the bins that hold nothing on either side: those say nothing, and would
/// only take part in smoothing.
struct Columns {
  Counted reference, live;
  std::uint64_t n = 0, m = 0;  ///< totals

  void add(std::uint64_t of_reference, std::uint64_t of_live) {
    if (of_reference == 0 && of_live == 0) return;
    reference.push_back(of_reference);
    live.push_back(of_live);
    n += of_reference;
    m += of_live;
  }
  [[nodiscard]] std::uint64_t bins() const { return reference.size(); }
};

/// One feature of one model version.
class FeatureFigures {
 public:
  FeatureFigures(const std::string& version, const std::string& feature, const FrozenFeature& frozen,
                 const Histogram& live, WindowResult& out)
      : version_(version), feature_(feature), frozen_(frozen), live_(live), out_(out) {}

  /// The positions of `live` are of several references: they mean nothing together but their number.
  void do_not_compare() {
    together_ = live_.positions.total();
    missing_ = live_.missing;
    live_ = {};
  }

  /// From now on also where values have moved to; no part of that has fewer than `least` decisions.
  void tell_shift(std::uint64_t least) { least_ = least; }

  /// PSI and its kin over the quantile bins of the reference, with bins for what lies below, above, or is missing; KS
  /// and Wasserstein of the values that are there.
  void numeric() {
    Counted live;
    Columns columns;
    if (frozen_.bins) {
      live = frozen_.bins->counts(frozen_.sample, live_.positions.items());
      for (std::size_t i = 0; i < live.size(); ++i) columns.add(frozen_.bins->reference[i], live[i]);
    }
    columns.add(frozen_.missing, live_.missing);
    if (least_) out_.shifts.push_back(numeric_shift(feature_, frozen_, live, live_.missing, *least_));
    psi(columns);
    ks();
    js(columns);
    push(Metric::hellinger, stats::hellinger_formula, stats::hellinger(columns.reference, columns.live), columns.m,
         stats::hellinger_noise_floor(columns.bins(), columns.n, columns.m));
    tvd(columns);
    wasserstein(live);
  }

  /// Over the reference's categories, with bins for those it never saw and for missing values.
  void categorical() {
    Columns columns;
    for (std::uint32_t i = 0; i < frozen_.categories.size(); ++i)
      columns.add(frozen_.category_counts[i], live_.positions.at(i));
    columns.add(0, live_.positions.at(unseen_category));
    columns.add(frozen_.missing, live_.missing);
    if (least_) out_.shifts.push_back(category_shift(feature_, frozen_, live_, *least_));
    psi(columns);
    js(columns);
    tvd(columns);
    push(Metric::linf, stats::linf_formula, stats::linf(columns.reference, columns.live), columns.m,
         stats::linf_noise_floor(columns.reference, columns.m));
    const auto chi2 = stats::chi2(columns.reference, columns.live);
    push(Metric::chi2, stats::chi2_formula, chi2 ? stats::Answer<double>(chi2->statistic) : chi2.error(), columns.m,
         stats::chi2_noise_floor(columns.bins()));
  }

 private:
  void psi(const Columns& c) {
    push(Metric::psi, stats::psi_jeffreys_formula, stats::psi_jeffreys(c.reference, c.live), c.m,
         stats::psi_noise_floor(c.bins(), c.n, c.m));
  }
  void js(const Columns& c) {
    push(Metric::js_distance, stats::js_distance_2_formula, stats::js_distance(c.reference, c.live), c.m,
         stats::js_distance_noise_floor(c.bins(), c.n, c.m));
  }
  void tvd(const Columns& c) {
    push(Metric::tvd, stats::tvd_formula, stats::tvd(c.reference, c.live), c.m,
         stats::tvd_noise_floor(c.reference, c.m));
  }

  void ks() {
    const auto d = stats::ks(frozen_.sample, live_.positions.items());
    const bool exact = frozen_.sample.exact;
    auto f = figure(Metric::ks, exact ? stats::ks_exact_formula : stats::ks_bracket_formula);
    f.n = live_.positions.total();
    f.noise_floor = stats::optional(stats::ks_noise_floor(frozen_.n, f.n));
    if (d && !exact) {
      f.lower = d->lower;
      f.upper = d->upper;
    }
    finish(std::move(f), d ? stats::Answer<double>(d->d) : d.error());
  }

  /// In standard deviations of the reference.
  void wasserstein(const Counted& live) {
    const auto m = live_.positions.total();
    stats::Answer<double> distance = stats::Undefined::no_reference, floor = stats::Undefined::no_reference;
    if (frozen_.bins) {
      const auto scaled = [&](const stats::Answer<double>& w1) {
        return w1 ? stats::wasserstein1_scaled(*w1, frozen_.bins->sd) : w1;
      };
      const auto& at = frozen_.bins->representatives;
      distance = scaled(stats::wasserstein1_binned(frozen_.bins->reference, live, at));
      floor = scaled(stats::wasserstein1_noise_floor(frozen_.bins->reference, at, m));
    }
    push(Metric::wasserstein1, stats::wasserstein1_binned_scaled_formula, distance, m, floor);
  }

  [[nodiscard]] Figure figure(Metric metric, const char* formula) const {
    Figure f;
    f.model_version = version_;
    f.feature = feature_;
    f.metric = metric;
    f.formula = formula;
    return f;
  }

  void push(Metric metric, const char* formula, const stats::Answer<double>& distance, std::uint64_t n,
            const stats::Answer<double>& noise_floor) {
    auto f = figure(metric, formula);
    f.n = n;
    f.noise_floor = stats::optional(noise_floor);
    finish(std::move(f), distance);
  }

  void finish(Figure f, const stats::Answer<double>& distance) {
    if (together_) {
      const bool of_present = f.metric == Metric::ks || f.metric == Metric::wasserstein1;
      f.n = *together_ + (of_present ? 0 : missing_);
      f.state = "undefined";
      f.reason = references_differ;
      f.lower.reset();
      f.upper.reset();
    } else if (frozen_.n == 0) {
      f.state = "insufficient";
      f.reason = "no value in the reference";
    } else if (f.n == 0) {
      f.state = "insufficient";
      f.reason = "no value in the window";
    } else if (!distance) {
      f.state = "undefined";
      f.reason = stats::name(distance.error());
    } else {
      f.state = "ok";
      f.value = *distance;
    }
    if (!f.value) f.noise_floor.reset();
    out_.figures.push_back(std::move(f));
  }

  const std::string& version_;
  const std::string& feature_;
  const FrozenFeature& frozen_;
  Histogram live_;
  std::optional<std::uint64_t> together_;  ///< values present, where they cannot be compared
  std::uint64_t missing_ = 0;              ///< and missing
  std::optional<std::uint64_t> least_;     ///< segments.min_n, where the shift is told
  WindowResult& out_;
};

/// Whether somebody will ask what has moved.
bool has_limit(const settings::Pilot& pilot, const std::string& feature) {
  return std::ranges::any_of(pilot.limits, [&](const settings::Limit& limit) {
    return limit.feature == feature && settings::of_feature(limit.metric);
  });
}

}  // namespace

void drift_figures(const settings::Pilot& pilot, const Compared& compared, const std::string& version,
                   const std::vector<Histogram>& live, WindowResult& out) {
  if (compared.reference == nullptr) return;
  const auto columns = feature_list(pilot);
  const Histogram none;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& frozen = compared.reference->features[i];
    if (columns[i].name == score_feature && i + 1 == columns.size() && frozen.n == 0)
      continue;  // this pilot has no score
    FeatureFigures figures(version, columns[i].name, frozen, i < live.size() ? live[i] : none, out);
    if (compared.differ) {
      figures.do_not_compare();
    } else if (version.empty() && has_limit(pilot, columns[i].name)) {
      figures.tell_shift(pilot.segments.min_n);
    }
    if (columns[i].kind == settings::FeatureKind::numeric) {
      figures.numeric();
    } else {
      figures.categorical();
    }
  }
}

}  // namespace pilotwatch::engine
