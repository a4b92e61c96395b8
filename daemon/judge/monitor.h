// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/observation.h"
#include "judge/course.h"
#include "judge/drift_bins.h"
#include "judge/status.h"
#include "judge/watcher.h"
#include "settings/settings.h"

namespace pilotwatch::judge {

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

/// The evidence for one limit on decisions and one group: a watcher (watcher.h), what it has counted, and since when.
///
///   step(seen): what the limit asks of the decision (question.h) -> watcher -> none, warning, alarm
///               after an alarm also -> the search for its end -> recovered
class Monitor {
 public:
  /// `group`: "" unless the limit names a segment. `bins`: of the limit's feature, where its form compares with the
  /// reference; may be null (then it only collects). limit and pilot must outlive the monitor.
  Monitor(const settings::Pilot& pilot, const settings::Limit& limit, Allotment allotment,
          std::shared_ptr<const DriftBins> bins);

  struct Said {
    bool aggregated = false;  ///< a record with a weight above 1: it is no observation, and nothing else is said
    bool looked = false;      ///< a block was complete: S is new
    stats::Signal signal = stats::Signal::none;
    bool recovering = false, recovered = false;  ///< while `breached`
  };
  /// nullopt: not its business (another stage, no label, no value). `member`: comparisons only, whether the decision is
  /// of the group. `spoiled`: blocks that are periods only, a part of its period is left out, so all of it is.
  std::optional<Said> step(const engine::Observation& seen, bool breached, bool member = true, bool spoiled = false);
  /// Evidence starts anew: another version, another epoch.
  void reset();
  /// The search for the end of a breach starts now.
  void begin_breach();

  /// Why it can say nothing, whatever comes; "" = it can.
  [[nodiscard]] const std::string& mute() const { return mute_; }
  /// The reference that its limit compares with; null where it compares with none.
  [[nodiscard]] const engine::Reference* compared_with() const { return bins_ ? bins_->reference.get() : nullptr; }
  /// Keeps what there is to say now: of the last look (a group's single decisions are nobody's business); at an alarm
  /// what it took. Not for long: reset() forgets it.
  void note();
  /// What there was to say at the last note().
  [[nodiscard]] BudgetEvidence noted() const;
  /// Its evidence at past looks, by time; none of a group that few people could be counted from.
  [[nodiscard]] std::vector<CoursePoint> course() const { return course_.points(); }

  void write(ByteWriter& out) const;
  void read(ByteReader& in);

 private:
  void make();
  [[nodiscard]] std::optional<Sight> sight(const engine::Observation& seen) const;
  [[nodiscard]] const engine::Value* value(const engine::Observation& seen) const;
  [[nodiscard]] double start_weight(Instant time);
  /// What evidence is described by, taken when it stands so.
  struct Note {
    double s = 0;
    bool change = false;                ///< it has a change point
    std::optional<Trail::Mark> before;  ///< the mark before it
    Trail::Mark last_look;
    std::uint64_t left_out = 0;
    bool alarm = false;  ///< what the alarm took
  };
  [[nodiscard]] Note note_of(const Watcher::Standing& now) const;
  [[nodiscard]] BudgetEvidence describe(const Note& note) const;
  void interval_since(const Trail::Mark& last_look, BudgetEvidence& out) const;
  [[nodiscard]] bool of_few() const;
  [[nodiscard]] BudgetEvidence coarse(BudgetEvidence out) const;
  void remember_alarm(Instant time);

  const settings::Pilot* pilot_;
  const settings::Limit* limit_;
  Allotment allotment_;
  std::shared_ptr<const DriftBins> bins_;
  Form form_;
  engine::Stage stage_;
  std::size_t column_ = 0;  ///< of the feature
  std::uint64_t key_ = 0;   ///< of the tie breakers
  std::uint16_t positive_ = 0;
  std::unique_ptr<Watcher> watcher_;
  std::string mute_;

  // The state beside the watcher's own.
  std::optional<Instant> last_;      ///< of its last observation
  std::uint64_t n_ = 0, steps_ = 0;  ///< since the evidence began: cases, and looks
  std::uint64_t left_out_ = 0;       ///< since then: of a stratum with too few rows in the reference
  double sum_ = 0;
  Trail::Mark last_look_;
  Trail trail_;
  BudgetEvidence at_alarm_;  ///< what the last alarm took
  bool alarm_is_last_ = false;
  bool end_proven_ = false;  ///< of a breach; not told yet
  Course course_;
  bool looked_ = false;  ///< by the last step(); no state
  Note noted_;           ///< no state
};

}  // namespace pilotwatch::judge
