// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "stats/detector.h"

// How good is a detector of changes? Two ways of keeping the score, for tests and benches:
//
//   Tally         many streams, each without a change or with one: the columns of a comparison table
//   match & co.   one stream with any number of changes, each with a window in which an alarm counts as its detection:
//   the
//                 definitions of River's drift.evaluate, so that published scores can be compared
//
// Indices are 0-based and ascending: a change at c means that observation c is the first of the new kind; an alarm at a
// was raised by the step that looked at observation a. A figure that cannot be computed is nullopt.
namespace pilotwatch::testing {

using Indices = std::vector<std::uint64_t>;

/// The observations at which `detector` alarms.
template <stats::Detector D>
[[nodiscard]] Indices alarms_of(D detector, std::span<const double> stream) {
  Indices out;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (detector.step(stream[i]) == stats::Signal::alarm) out.push_back(i);
  }
  return out;
}

/// Score over streams. Stable streams give false alarms, streams with a change give delays; an alarm before the change
/// in a stream of the second kind counts for neither.
class Tally {
 public:
  /// A stream in which nothing changes.
  void add_stable(std::span<const std::uint64_t> alarms, std::uint64_t observations) {
    ++stable_;
    stable_observations_ += observations;
    false_alarms_ += alarms.size();
    if (!alarms.empty()) ++stable_with_alarm_;
  }
  /// A stream that changes at `change`; only the first alarm from there on counts.
  void add_changed(std::span<const std::uint64_t> alarms, std::uint64_t change) {
    const auto first = std::lower_bound(alarms.begin(), alarms.end(), change);
    ++changed_;
    if (first != alarms.end()) delays_.push_back(*first - change + 1);
  }
  Tally& operator+=(const Tally& other) {
    stable_ += other.stable_;
    stable_observations_ += other.stable_observations_;
    false_alarms_ += other.false_alarms_;
    stable_with_alarm_ += other.stable_with_alarm_;
    changed_ += other.changed_;
    delays_.insert(delays_.end(), other.delays_.begin(), other.delays_.end());
    return *this;
  }

  /// Alarms per 100,000 observations without change.
  [[nodiscard]] std::optional<double> false_alarms_per_100k() const {
    return ratio(1e5 * static_cast<double>(false_alarms_), stable_observations_);
  }
  /// Share of the stable streams with at least one alarm: P(any) for their length.
  [[nodiscard]] std::optional<double> any() const { return ratio(static_cast<double>(stable_with_alarm_), stable_); }
  /// Stable observations per false alarm (the ends of streams count, so one that never alarms makes it longer);
  /// nullopt: no false alarm.
  [[nodiscard]] std::optional<double> time_per_false_alarm() const {
    return ratio(static_cast<double>(stable_observations_), false_alarms_);
  }
  /// Observations from the change to the alarm, both included (1: at once): the ceil(q n)-th smallest of all n changed
  /// streams, a miss being longer than any delay. q in (0, 1]; nullopt: that one is a miss (or there are no streams).
  [[nodiscard]] std::optional<std::uint64_t> delay_quantile(double q) const {
    PW_ASSERT(q > 0 && q <= 1);
    std::uint64_t rank = static_cast<std::uint64_t>(q * static_cast<double>(changed_));
    if (static_cast<double>(rank) < q * static_cast<double>(changed_)) ++rank;
    if (rank == 0 || rank > delays_.size()) return std::nullopt;
    auto sorted = delays_;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
  [[nodiscard]] std::optional<std::uint64_t> median_delay() const { return delay_quantile(0.5); }
  /// Share of the changed streams without an alarm from the change to the end.
  [[nodiscard]] std::optional<double> missed() const {
    return ratio(static_cast<double>(changed_ - delays_.size()), changed_);
  }

 private:
  static std::optional<double> ratio(double above, std::uint64_t below) {
    return below == 0 ? std::nullopt : std::optional<double>(above / static_cast<double>(below));
  }
  std::uint64_t stable_ = 0, stable_observations_ = 0, false_alarms_ = 0, stable_with_alarm_ = 0, changed_ = 0;
  Indices delays_;
};

/// A change that begins at `first` and is complete at `last` (the same for an abrupt one).
struct Change {
  std::uint64_t first, last;
};

/// Detection windows [first - early, last + late], both ends included.
struct Tolerance {
  std::uint64_t late, early = 0;
};

struct Matching {
  std::vector<Indices> hits;  ///< of each change, in their order
  Indices false_alarms;       ///< in no window
};

/// Each alarm belongs to the first window that it lies in.
[[nodiscard]] inline Matching match(std::span<const std::uint64_t> alarms, std::span<const Change> changes,
                                    Tolerance within) {
  PW_ASSERT(within.late > 0);
  Matching out;
  out.hits.resize(changes.size());
  for (const std::uint64_t alarm : alarms) {
    const auto window = std::find_if(changes.begin(), changes.end(), [&](const Change& change) {
      PW_ASSERT(change.first <= change.last);
      return alarm + within.early >= change.first && alarm <= change.last + within.late;
    });
    (window == changes.end() ? out.false_alarms : out.hits[static_cast<std::size_t>(window - changes.begin())])
        .push_back(alarm);
  }
  return out;
}

/// One stream with several changes.
struct StreamScore {
  std::uint64_t alarms = 0, hits = 0;       ///< hits: alarms inside of a window, each counted
  std::uint64_t changes = 0, detected = 0;  ///< detected: changes with at least one hit
  std::optional<double> precision;          ///< hits / alarms
  std::optional<double> recall;             ///< hits / (hits + missed changes): rewards many alarms in one window
  std::optional<double> episode_recall;     ///< detected / changes
  std::optional<double> missed;             ///< 1 - episode_recall
  std::optional<double> f1;                 ///< harmonic mean of precision and episode_recall; 0 where both are 0
  /// Mean over detected changes of (first hit - first observation of the change): 0 is at once, one less than Tally's,
  /// and negative for an early hit. Missed changes are left out: read it beside `missed`.
  std::optional<double> delay;
  std::optional<double> delay_share;                ///< delay / Tolerance::late
  std::optional<double> false_alarms_per_100k;      ///< over all observations of the stream
  std::optional<double> time_between_false_alarms;  ///< mean gap of neighbouring ones; nullopt below two (MTFA)
  /// MTR = time_between_false_alarms / delay * (1 - missed): larger is better; infinite where the delay is 0. Neither a
  /// detector that never errs nor one that never detects has one.
  std::optional<double> mean_time_ratio;
};

/// Alarms [110, 400, 700], changes [100, 900], late 50: hit 110; false 400, 700; MTFA 300, delay 10, missed 1/2; MTR
/// = 15.
[[nodiscard]] inline StreamScore score(std::span<const std::uint64_t> alarms, std::span<const Change> changes,
                                       std::uint64_t observations, Tolerance within) {
  const auto share = [](double above, double below) {
    return below == 0 ? std::nullopt : std::optional<double>(above / below);
  };
  const Matching matching = match(alarms, changes, within);
  StreamScore out;
  out.alarms = alarms.size();
  out.changes = changes.size();
  double delays = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (matching.hits[i].empty()) continue;
    ++out.detected;
    out.hits += matching.hits[i].size();
    delays += static_cast<double>(matching.hits[i].front()) - static_cast<double>(changes[i].first);
  }
  const auto hits = static_cast<double>(out.hits), detected = static_cast<double>(out.detected),
             all = static_cast<double>(out.changes), wrong = static_cast<double>(matching.false_alarms.size());
  out.precision = share(hits, static_cast<double>(out.alarms));
  out.recall = share(hits, hits + all - detected);
  out.episode_recall = share(detected, all);
  out.missed = share(all - detected, all);
  if (out.precision && out.episode_recall) {
    out.f1 = 2 * *out.precision * *out.episode_recall / std::max(*out.precision + *out.episode_recall, 1e-300);
  }
  out.delay = share(delays, detected);
  out.delay_share = share(delays, detected * static_cast<double>(within.late));
  out.false_alarms_per_100k = share(1e5 * wrong, static_cast<double>(observations));
  if (wrong >= 2) {
    const double gap = static_cast<double>(matching.false_alarms.back() - matching.false_alarms.front()) / (wrong - 1);
    out.time_between_false_alarms = gap;
    if (out.delay) {
      out.mean_time_ratio =
          *out.delay == 0 ? std::numeric_limits<double>::infinity() : gap / *out.delay * (1 - *out.missed);
    }
  }
  return out;
}

}  // namespace pilotwatch::testing
