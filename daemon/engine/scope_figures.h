// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/figures.h"
#include "engine/side_figures.h"
#include "engine/suppression.h"
#include "engine/tally.h"
#include "engine/window.h"
#include "stats/answer.h"
#include "stats/interval/one_sample.h"
#include "stats/performance/confusion.h"
#include "stats/performance/scores.h"

namespace pilotwatch::engine {

/// Binary confusion with `positive` against the rest; `counts` are the confusion of a Tally.
[[nodiscard]] stats::ConfusionCounts one_against_rest(const SparseCounts& counts, std::uint32_t classes,
                                                      std::uint32_t positive);

/// Writes the figures of one scope (whole pilot, version, or group) in a fixed order: those that every task has, those
/// of its task, complaints, counts. Private to engine/.
class ScopeFigures {
 public:
  struct Scope {
    std::string model_version, attribute, group;  ///< "" = all versions; no attribute: the whole pilot
  };
  ScopeFigures(const WindowInput& input, const Tally& tally, Scope scope, WindowResult& out);

  /// What of a group may not be shown. To be called before write().
  void hide(const GroupScope& scope);
  void write();

 private:
  using Metric = settings::Metric;
  enum class Of : std::uint8_t { decisions, outcomes };

  [[nodiscard]] Figure figure(Metric metric, const char* formula) const;
  /// Gives it its state: hidden, without a value (`why`: the reason where there are cases), immature or ok.
  void push(Figure f, bool hidden, Of of, std::optional<stats::Undefined> why = std::nullopt);
  void share(Metric metric, const char* formula, std::uint64_t part, std::uint64_t whole, bool hidden, Of of,
             std::optional<stats::Undefined> why = std::nullopt, const std::string& feature = "");
  /// A figure of outcomes without an interval.
  void value(Metric metric, const char* formula, const stats::Answer<double>& answer, std::uint64_t n, bool hidden);
  /// One whose [lower, upper] is certain where not every value is known; under `exact` where all are.
  void bracketed(Metric metric, const char* exact, const char* bracket, bool is_exact,
                 const stats::Answer<stats::Bracketed>& answer, std::uint64_t n, bool hidden);

  void binary();
  void binary_scores();
  void auc(const stats::ScoreTable& table, std::uint64_t n, bool hidden);
  void multiclass();
  void multiclass_scores();
  void regression();
  void verdicts();
  void forecasts();
  void interval_coverage(Metric metric, double share_inside);
  void complaints();
  void counts();
  void confusion(std::uint32_t positive);
  [[nodiscard]] std::uint32_t positive_index() const;

  const WindowInput& input_;
  const settings::Pilot& pilot_;
  const Tally& tally_;
  Scope scope_;
  WindowResult& out_;
  std::optional<double> coverage_;
  bool hide_all_ = false, hide_outcomes_ = false, hide_confusion_ = false, hide_failures_ = false,
       hide_predicted_ = false, hide_scored_ = false, hide_complaints_ = false;
  SideHidden side_hidden_;
};

}  // namespace pilotwatch::engine
