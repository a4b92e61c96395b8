// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "judge/drift_bins.h"
#include "judge/question.h"
#include "stats/detector.h"
#include "stats/sequential/evidence.h"

namespace pilotwatch::judge {

/// One observation, as a watcher takes it; which members matter depends on the limit's form.
struct Sight {
  double x = 0;             ///< the loss, in [0, 1]; ranking and calibration: the score
  bool positive = false;    ///< ranking, calibration: what turned out
  bool member = false;      ///< comparison: of the group, else of those it is compared with
  std::size_t bin = 0;      ///< of the feature's value, against the reference
  std::size_t stratum = 0;  ///< of the decision's time, among those of the reference
  double tie = 0;           ///< uniform in (0, 1), the decision's own
  double weight = 1;        ///< cases it stands for
  double start = 0;         ///< start weight: days since the last one, or 1
  std::int64_t period = 0;  ///< civil day or week, for blocks that are one
  Instant time;             ///< pilot's clock
  bool spoiled = false;     ///< nothing of its period counts
};

/// A detector of stats/sequential/ with what a limit needs besides: what it counted, and how a breach ends.
///
///   step(sight)      evidence that something is wrong
///   step_end(sight)  during a breach: evidence that it is over
///
/// Exact state: one that was read goes on as the one that was written would have.
class Watcher {
 public:
  virtual ~Watcher() = default;

  /// What one step did.
  struct Look {
    stats::Signal signal = stats::Signal::none;
    bool looked = false;      ///< S is new: a block was complete
    std::uint64_t cases = 1;  ///< cases that became an observation
    double sum = 0;           ///< of their losses
    Instant time;             ///< of the last of them
  };
  virtual Look step(const Sight& seen) = 0;

  struct Standing {
    double s = 0;
    std::optional<std::uint64_t> change;  ///< looks before the estimated change
  };
  [[nodiscard]] virtual Standing now() const = 0;
  /// What the last alarm took with it.
  [[nodiscard]] virtual Standing at_alarm() const = 0;
  [[nodiscard]] virtual const char* formula() const = 0;
  /// Decisions looked at together; 0 = a period.
  [[nodiscard]] virtual std::uint64_t block() const = 0;
  /// Keeps what moved() rests on as it is now. Cheap: at every look somebody could ask for words, and few do.
  virtual void note() {}
  /// Where the evidence came from at the last note(), in words; "" = from everywhere. No state.
  [[nodiscard]] virtual std::string moved() const { return {}; }
  /// The same at the alarm that the last step() gave, which has forgotten it.
  [[nodiscard]] const std::string& moved_at_alarm() const { return moved_at_alarm_; }
  /// Whether records that stand for several cases are observations.
  [[nodiscard]] virtual bool takes_weights() const { return false; }

  struct End {
    bool recovering = false, recovered = false;
  };
  /// The search for the end of a breach starts now.
  virtual void begin_end() {}
  /// After step() of the same sight.
  virtual End step_end(const Sight& /*seen*/) { return {}; }
  /// A new epoch: this one is fresh and takes over only what the end of the running breach is asked of.
  virtual void inherit_end(const Watcher& /*before*/) {}

  virtual void write(ByteWriter& out) const = 0;
  virtual void read(ByteReader& in) = 0;

 protected:
  std::string moved_at_alarm_;
};

/// A limit's part of its pilot's budget.
struct Allotment {
  double n = 0;      ///< budget N of the whole pilot, days or decisions
  double share = 0;  ///< of it
  bool days = true;

  [[nodiscard]] stats::Thresholds thresholds() const;
  /// Evidence for the end of a breach: N/100 of the monitor.
  [[nodiscard]] double recovered_at() const;
  /// And what is shown as `recovering`: a tenth of it.
  [[nodiscard]] double recovering_at() const;
  /// The start weight of the search for an end: never so much that silence could end a breach, however long it was. A
  /// smaller weight is always safe.
  [[nodiscard]] double end_start(double start) const;
};

struct WatcherNeeds {
  const settings::Pilot& pilot;
  const settings::Limit& limit;
  Allotment allotment;
  const DriftBins* bins;  ///< of the limit's feature, where its form compares; must outlive the watcher
};
/// The watcher of a limit; or why nothing can be said whatever comes (`mute`), and no watcher.
struct MadeWatcher {
  std::unique_ptr<Watcher> watcher;
  std::string mute;
};
[[nodiscard]] MadeWatcher make_watcher(const WatcherNeeds& needs);

// The forms, one file each (watch_*.cc).
[[nodiscard]] std::unique_ptr<Watcher> watch_mean(const WatcherNeeds& needs);
[[nodiscard]] std::unique_ptr<Watcher> watch_comparison(const WatcherNeeds& needs);
[[nodiscard]] std::unique_ptr<Watcher> watch_calibration(const WatcherNeeds& needs);
[[nodiscard]] std::unique_ptr<Watcher> watch_sequence(const WatcherNeeds& needs);
[[nodiscard]] MadeWatcher watch_reference(const WatcherNeeds& needs);

/// Decisions of a block: as configured, else from the null mean and the design effect; of a group at least
/// `segments.min_n`, since what is told of a group is told of so many of its decisions.
[[nodiscard]] std::uint32_t block_of(const WatcherNeeds& needs, std::uint32_t otherwise);

}  // namespace pilotwatch::judge
