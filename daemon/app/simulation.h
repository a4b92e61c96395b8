// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "base/time.h"

/// Invented pilots for the demo and for tests; a pure generator: no clock, no I/O, and the same bytes on every machine
/// from the same options (integers and exactly rounded arithmetic only: no std::*_distribution, no exp or log of a
/// libm).
///
/// What each pilot writes (`config/demo.yml` uses these names); a prediction has `model_version`, an outcome is joined
/// by `id`:
///
///   routing     multiclass: permits, taxes, waste, housing, other; `score` a map class -> probability; `latency_ms`
///               features    length (numeric: characters), channel (web, mail, phone, counter), language (en, es, fr,
///               other) segments    region (north, south, east, west) outcomes    for 90 % of the letters, after a day
///               (median); about 8 % are wrong complaints  misrouted, slow, unclear
///   fraud       binary: 0, 1 (positive, about 2 % of cases); `score` a number, prediction = score >= 0.5
///               features    amount, account_age (days), hour (all numeric), channel (online, branch, agent)
///               segments    region (as above), age_band (18-34, 35-64, 65+)
///               outcomes    for all but late (median 9 days); about 0.7 % are wrong
///               versions    two side by side: 1.8.0 (90 %), 1.9.0-rc1 (10 %)
///               complaints  wrongly_flagged, slow, rude
///   demand      regression: prediction = point forecast of visitors
///               features    temperature, lag_demand (numeric), weekday (mon .. sun)
///               segments    site (harbour, station, market, airport)
///               outcomes    for all on the next day; about 8 % are off by more than 15 %
///               complaints  understaffed, queue
///   allocation  binary: 0, 1 (positive); `score` a number, prediction = score >= 0.5
///               features    need_index (0 .. 100), household_size (numeric), district (centre, harbour, hills, fields)
///               segments    district (as above), sex (f, m, x)
///               outcomes    for 70 %, after 3 days (median); about 8 % are wrong
///               complaints  refused, unexplained, slow
///   chatbot     generative: no `prediction`; features prompt_tokens (numeric), topic (hours, fees, forms,
///   appointments, other)
///               segments    none; `latency_ms`; some answers `failed`
///               outcomes    graded ok or bad for 25 % of answers, after some hours; about 6 % are bad
///               complaints  wrong_answer, rude, slow
///
/// The two model versions of `fraud` run side by side and are announced by a `change` each at the start.
///
/// From `drift_at_day` on, in the pilots of `drift_pilots`: inputs shift and the error rate rises (routing at --drift
/// 1: to about 20 %). In the week from `complaint_surge_at_day` on, in the pilots of `complaint_surge_pilots`: so many
/// times as many complaints, most of them of one incident a day. Outcomes and complaints that would fall after the last
/// day are not written: they are not known yet.
namespace pilotwatch::app {

/// Instead of the five: one pilot of the scenario's name, a failure that was, told with invented records
/// (`config/scenarios/` has what is known of it and a configuration that finds it), or one in which nothing is wrong.
/// The course is the scenario's own; options of drift and of surges have no effect.
///
///   midas      findings of fraud: 92 % of the decided appeals are found for the person, five times as many as expected
///   dwp        flagged claims: 37 % of those reviewed were wrong; the promise was 64 %
///   robodebt   letters of debt: 20 % end in no debt
///   toeslagen  4,000 decisions: 12 complaints about 800 of one group, 10 about 3,200 of the other, whatever the seed
///   mycity     chatbot: from day 42 on six times as many complaints `information_wrong`, the others as before
///   healthy    a binary pilot in which nothing is wrong
///   season     the same, but inputs and error rate differ between day and night, working days and weekends
inline constexpr std::string_view simulated_scenarios[] = {"midas",  "dwp",     "robodebt", "toeslagen",
                                                           "mycity", "healthy", "season"};

inline constexpr std::string_view simulated_pilots[] = {"routing", "fraud", "demand", "allocation", "chatbot"};

struct SimulatedLine {
  Instant time;
  std::string json;  ///< one record in the wire format, without newline
};

/// The options with which a scenario is played as described: its own length and volume. Throws std::invalid_argument on
/// an unknown name.
[[nodiscard]] SimulateOptions scenario_options(std::string_view scenario);

/// All pilots' records, merged in the order of time.
class Simulation {
 public:
  /// Throws std::invalid_argument, with a sentence for the user, on an unknown pilot, a bad start or a number out of
  /// range.
  explicit Simulation(const SimulateOptions& options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// nullopt after the last. Memory: what has been decided and waits for its outcome.
  std::optional<SimulatedLine> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pilotwatch::app
