// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/steady.h"
#include "runtime/log.h"
#include "sinks/alertmanager.h"

namespace pilotwatch::sinks {

/// Something that lasts: to be told when it begins, again at most every ten minutes, and when it is over.
class Lasting {
 public:
  /// It is so; whether that is to be told.
  [[nodiscard]] bool goes_on(SteadyTime now);
  /// It is not so; whether that is to be told: what has begun was.
  [[nodiscard]] bool ends();

 private:
  std::optional<SteadyTime> told_;
  bool open_ = false;  ///< its begin was told, its end was not
};

/// The last alerts that an Alertmanager refused, each label set once: 1,000 are remembered, so that each is told once
/// in ten minutes however many are refused by turns, and 20 are shown. Not thread-safe.
class RefusedAlerts {
 public:
  /// The newest from now on. Whether it is to be told.
  [[nodiscard]] bool note(const Alert& alert, const PostResult& result, Instant now, SteadyTime steady);
  /// The last 20, newest first.
  [[nodiscard]] std::vector<RefusedAlert> newest() const;

 private:
  struct One {
    RefusedAlert alert;
    Lasting lasting{};
  };
  std::list<One> newest_first_;
  std::map<std::map<std::string, std::string>, std::list<One>::iterator> by_labels_;
};

/// What is said in the log about one Alertmanager. Of who calls its target's step().
class AlertTargetLog {
 public:
  /// `log`: null = nothing is.
  AlertTargetLog(const runtime::Log* log, std::string target, const SteadyClock& steady);

  /// By so much its clock is ahead of ours; more than 30 s either way is told. `seconds` >= 0 or < 0.
  void clock_differs(double seconds);
  /// What became of a round: nothing has to be sent again, or so many alerts wait, and why.
  void works();
  void fails(const std::string& error, std::uint64_t waiting);
  void refused(const Alert& alert, const PostResult& result);

 private:
  std::optional<runtime::Log> log_;
  const std::string target_;
  const SteadyClock& steady_;
  Lasting skew_, failing_;
};

/// The beginning of an answer's text, on one line of valid UTF-8.
[[nodiscard]] std::string beginning_of(const std::string& body);
/// {alertname="PilotErrorRateHigh", pilot="loans"}
[[nodiscard]] std::string labels_text(const std::map<std::string, std::string>& labels);

}  // namespace pilotwatch::sinks
