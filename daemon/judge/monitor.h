// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "engine/observation.h"
#include "judge/drift_bins.h"
#include "judge/status.h"
#include "settings/settings.h"
#include "stats/sequential/category.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/numeric.h"
#include "stats/sequential/tolerance.h"

namespace pilotwatch::judge {

/// A limit's part of its pilot's budget.
struct Allotment {
  double n = 0;      ///< budget N of the whole pilot, days or decisions
  double share = 0;  ///< of it
  bool days = true;
};

/// When evidence was gathered: (step, time, cases, sum of losses), thinned to at most 128 entries, so that a step
/// number can be turned into a time and an estimate since then.
class Trail {
 public:
  struct Mark {
    std::uint64_t step = 0;
    Instant time;
    std::uint64_t n = 0;
    double sum = 0;
  };
  void add(const Mark& mark);
  /// The last mark at or before `step`; nullopt where there is none.
  [[nodiscard]] std::optional<Mark> at(std::uint64_t step) const;
  void clear();
  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  std::vector<Mark> marks_;
  std::uint64_t every_ = 1;
};

/// The evidence for one limit with a budget and one group: a detector of stats/sequential/, and after a breach the one
/// that looks for its end.
///
///   step(seen): the decision's loss, or the bin of its feature -> detector -> none, warning, alarm
///               after an alarm also -> recovery detector -> recovered
///
/// Assumes what its detector assumes; `assumptions()` says it in words.
class Monitor {
 public:
  /// `bins`: of the limit's feature, for drift and ks; must outlive the monitor, may be null (then it only collects).
  /// limit and pilot must outlive it too.
  Monitor(const settings::Pilot& pilot, const settings::Limit& limit, Allotment allotment, const DriftBins* bins);

  struct Said {
    bool aggregated = false;  ///< a record with a weight above 1: it is no observation, and nothing else is said
    bool looked = false;      ///< a block was complete: S is new
    stats::Signal signal = stats::Signal::none;
    bool recovering = false, recovered = false;  ///< while `breached`
  };
  /// nullopt: not its business (another stage, no label, no value).
  std::optional<Said> step(const engine::Observation& seen, bool breached);
  /// Evidence starts anew: another version, another epoch.
  void reset();
  /// The search for the end of a breach starts now.
  void begin_breach();

  /// Why it can say nothing, whatever comes; "" = it can. Drift and ks only.
  [[nodiscard]] const std::string& mute() const { return mute_; }
  /// As of the last look (a group's single decisions are nobody's business); at an alarm what it took.
  [[nodiscard]] BudgetEvidence evidence() const;

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  using Detector = std::variant<std::monostate, stats::BlockMean, stats::RankDrift, stats::CdfDrift,
                                stats::CategoryDrift, stats::CategoryTolerance>;
  using End = std::variant<std::monostate, stats::Recovery, stats::CdfRecovery>;

  void make();
  void of_a_group();
  [[nodiscard]] std::optional<double> loss(const engine::Observation& seen) const;
  [[nodiscard]] const engine::FeatureValue* value(const engine::Observation& seen) const;
  stats::Signal step_detector(const engine::Observation& seen, double x, std::size_t bin, double w);
  [[nodiscard]] double start_weight(Instant time);
  struct Standing {
    double s;
    std::optional<std::uint64_t> change;  ///< in blocks
    const char* formula;
  };
  [[nodiscard]] Standing standing(bool at_alarm) const;
  [[nodiscard]] BudgetEvidence describe(const Standing& now) const;
  void remember_alarm(std::string moved);
  [[nodiscard]] std::string moved() const;

  const settings::Pilot* pilot_;
  const settings::Limit* limit_;
  Allotment allotment_;
  const DriftBins* bins_;
  std::size_t column_ = 0;  ///< of the feature
  std::unique_ptr<stats::CdfReference> check_points_;
  std::unique_ptr<stats::ToleranceLimits> category_limits_;
  std::uint32_t block_ = 1;
  std::uint64_t key_ = 0;  ///< of the tie breakers
  Detector detector_;
  End end_;
  std::string mute_;

  // The state beside the detectors' own.
  std::optional<Instant> last_;      ///< of its last observation
  std::uint64_t n_ = 0, steps_ = 0;  ///< since the evidence began: cases, and blocks looked at
  double sum_ = 0;
  Trail::Mark last_look_;
  Trail trail_;
  BudgetEvidence at_alarm_;  ///< what the last alarm took
  bool alarm_is_last_ = false;
};

/// Whether a metric's evidence is of matured observations (or of ordered ones).
[[nodiscard]] bool of_matured(settings::Metric metric);

}  // namespace pilotwatch::judge
